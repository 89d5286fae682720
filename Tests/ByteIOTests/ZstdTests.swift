import ByteIO
import Tensors
import TestSupport
import Testing

@Suite
struct ZstdTests {
  /// A frame without a compressor: blocks as they are, or of one byte over and over; their size where it says one.
  private func frame(_ blocks: [(content: [UInt8], repeats: Int?)], size: Int?) -> [UInt8] {
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    // The window of a frame without a size has 8 MiB.
    bytes += size.map { [0xA0] + littleEndian([UInt32($0)]) } ?? [0, 13 << 3]
    for (place, block) in blocks.enumerated() {
      let kind = block.repeats == nil ? 0 : 1
      let head = (place == blocks.count - 1 ? 1 : 0) | kind << 1
      bytes += littleEndian([UInt32(head | (block.repeats ?? block.content.count) << 3)]).prefix(3)
      bytes += block.content
    }
    return bytes
  }

  /// A frame of several MiB and what is in it.
  private func large() -> (frame: [UInt8], content: [UInt8]) {
    var generator = SeededGenerator(seed: 1)
    var blocks: [(content: [UInt8], repeats: Int?)] = []
    var content: [UInt8] = []
    for place in 0..<90 {
      if place.isMultiple(of: 3) {
        blocks.append(([UInt8(place)], 131_072))
        content += [UInt8](repeating: UInt8(place), count: 131_072)
      } else {
        blocks.append((generator.bytes(120_001), nil))
        content += blocks[place].content
      }
    }
    return (frame(blocks, size: nil), content)
  }

  private func tensor(_ frame: [UInt8], _ count: Int) throws -> Tensor {
    let source = ZstdSource(.memory(frame), byteCount: count, spool: InflationSpool())
    return try Tensor(.uint8, .vector(count), source: source)
  }

  private func read(_ tensor: Tensor, _ offset: Int, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try unsafe bytes.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: offset) }
    return bytes
  }

  @Test
  func anyOrderOfReadingGivesTheSameBytes() throws {
    let (frame, content) = large()
    let tensor = try tensor(frame, content.count)
    // In order, with steps back as workers make them; then from the start; then anywhere.
    for start in [0, 2, 1, 3, 5, 4, 6, 0, 1, 7, 3, 0] {
      let offset = start << 20
      let found = try read(tensor, offset, 1 << 20)
      #expect(found == Array(content[offset..<offset + 1 << 20]), "\(start) MiB")
    }
    #expect(try tensor.bytes() == content)
    #expect(try CRC32C.of(content) == TensorPass.sums([NamedTensor("a", tensor)])[0])
  }

  @Test
  func smallChunksAreReadInParts() throws {
    let content = [UInt8](0..<200)
    let tensor = try tensor(frame([(content, nil)], size: 200), 200)
    #expect(try read(tensor, 150, 20) == Array(content[150..<170]))
    #expect(try read(tensor, 0, 20) == Array(content[..<20]))
    #expect(try tensor.bytes() == content)
  }

  @Test(arguments: [100, 3 << 20])
  func framesOfAnotherSizeAreRefused(_ count: Int) throws {
    let block: (content: [UInt8], repeats: Int?) = ([7], 100)
    let blocks = count == 100 ? [block] : Array(repeating: ([7], 131_072), count: 24)
    let intact = frame(blocks, size: count)
    #expect(try tensor(intact, count).bytes().allSatisfy { $0 == 7 })
    for other in [count - 1, count + 1] {
      #expect(try errorCode { _ = try tensor(intact, other).bytes() } == .malformed)
      let silent = frame(blocks, size: nil)
      #expect(try errorCode { _ = try tensor(silent, other).bytes() } == .malformed)
    }
    #expect(try errorCode { _ = try tensor(intact + [0], count).bytes() } == .malformed)
    #expect(try errorCode { _ = try tensor(intact.dropLast(), count).bytes() } == .malformed)
  }

  @Test
  func everyPrefixIsRefused() throws {
    let intact = frame([([1, 2, 3], nil), ([4], 9)], size: 12)
    for count in intact.indices {
      #expect(try errorCode { _ = try tensor(Array(intact[..<count]), 12).bytes() } == .malformed)
      #expect(
        try errorCode { _ = try Zstd.decompress(Array(intact[..<count]), at: 0, limit: 99) }
          == .malformed
      )
    }
    #expect(try Zstd.decompress(intact, at: 0, limit: 12).count == 12)
  }

  @Test
  func whatInflatesTooFarIsRefused() throws {
    let bomb = frame(Array(repeating: ([0], 131_072), count: 100), size: nil)
    let error = try stateError { _ = try Zstd.decompress(bomb, at: 5, limit: 1 << 20) }
    #expect(error?.code == .limitExceeded && error?.offset == 5)
    // A window of 16 MiB.
    var wide = bomb
    wide[5] = 14 << 3
    #expect(try errorCode { _ = try tensor(wide, 13_107_200).bytes() } == .limitExceeded)
  }

  @Test
  func framesOfEarlierVersionsAreRefused() throws {
    for version in UInt8(0x22)...0x27 {
      let error = try stateError {
        _ = try Zstd.decompress([version, 0xB5, 0x2F, 0xFD] + [0, 0, 0, 0], at: 0, limit: 99)
      }
      #expect(error?.code == .malformed && error?.message.contains("no frame") == true)
    }
  }
}
