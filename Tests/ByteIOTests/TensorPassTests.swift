import Synchronization
import Tensors
import TestSupport
import Testing

@testable import ByteIO

@Suite("TensorPass")
struct TensorPassTests {
  /// A source that counts how often it is read and can fail.
  private final class Probe: TensorSource {
    let reads = Mutex(0)
    let fails: Bool
    init(fails: Bool = false) { self.fails = fails }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
      reads.withLock { $0 += 1 }
      if fails { throw StateError(.inputOutput, "the disk is gone") }
      for index in buffer.indices {
        unsafe buffer[index] = UInt8(truncatingIfNeeded: (offset + index) &* 31)
      }
    }
  }

  private static func probed(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  }

  private static let sizes = [0, 1, 1 << 20, 3, (1 << 20) + 1, 0, 2_500_000, 7]

  private func tensors(_ sizes: [Int]) throws -> [NamedTensor] {
    try sizes.enumerated().map {
      NamedTensor("t\($0)", try Tensor(.uint8, .vector($1), source: Probe()))
    }
  }

  @Test
  func sumsAreThoseOfTheWholeBytes() throws {
    let sums = try TensorPass.sums(try tensors(Self.sizes))
    #expect(sums == Self.sizes.map { CRC32C.of(Self.probed($0)) })
    #expect(try TensorPass.sums([]).isEmpty)
  }

  @Test
  func piecesArriveInOrderAndOnWholeElements() throws {
    let results = try unsafe TensorPass.map(try tensors(Self.sizes)) { tensor, offset, bytes in
      unsafe (tensor: tensor, range: offset..<offset + bytes.count, first: bytes.first)
    }
    for (index, size) in Self.sizes.enumerated() {
      var end = 0
      for piece in results[index].pieces {
        #expect(piece.tensor == index)
        #expect(piece.range.lowerBound == end && end % 16 == 0)
        #expect(piece.first == (size == 0 ? nil : UInt8(truncatingIfNeeded: end &* 31)))
        end = piece.range.upperBound
      }
      #expect(end == size)
    }
  }

  @Test
  func progressEndsWithEverything() throws {
    let total = Self.sizes.reduce(0, +)
    let largest = Mutex(0)
    _ = try TensorPass.sums(try tensors(Self.sizes)) { done, all in
      #expect(all == total)
      largest.withLock { $0 = max($0, done) }
    }
    #expect(largest.withLock { $0 } == total)
  }

  @Test(arguments: [0, 100])
  func copyPutsEveryTensorInItsPlace(_ gap: Int) throws {
    let directory = try TemporaryDirectory()
    let files = [
      try PositionalFile.create(directory("a")), try PositionalFile.create(directory("b")),
    ]
    var ends = [5, 0]
    var placements: [TensorPass.Placement] = []
    for (index, tensor) in try tensors(Self.sizes).enumerated() {
      placements.append(.init(tensor, file: files[index % 2], offset: ends[index % 2]))
      ends[index % 2] += tensor.tensor.byteCount + gap
    }
    let sums = try TensorPass.copy(placements)
    for (index, place) in placements.enumerated() {
      let expected = Self.probed(Self.sizes[index])
      #expect(sums[index] == CRC32C.of(expected))
      #expect(try place.file.bytes(at: place.offset, count: expected.count) == expected)
    }
  }

  @Test
  func copyRefusesDamageAndNamesTheTensor() throws {
    let directory = try TemporaryDirectory()
    let file = try PositionalFile.create(directory("a"))
    let good = try floats([1, 2])
    let bad = try Tensor(.float32, good.shape, checksum: 0x1234, source: good.source)
    let error = try stateError {
      _ = try TensorPass.copy([
        .init(NamedTensor("good", good), file: file, offset: 0),
        .init(NamedTensor("bad", bad), file: file, offset: 8),
      ])
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.tensor == "bad")
    #expect(error?.expected == "0x00001234")
  }

  @Test
  func copyVerifiesWhatAViewDrawsFrom() throws {
    let directory = try TemporaryDirectory()
    let file = try PositionalFile.create(directory("a"))
    let base = try floats([1, 2, 3, 4], [2, 2])
    for checksum in [CRC32C.of(try base.bytes()).value, 7] {
      let named = try Tensor(.float32, base.shape, checksum: checksum, source: base.source)
      let view = NamedTensor("view", try named.transposed().cast(to: .float64))
      let code = try errorCode {
        _ = try TensorPass.copy([.init(view, file: file, offset: 0)])
      }
      #expect(code == (checksum == 7 ? .checksumMismatch : nil))
    }
  }

  @Test
  func failureOfASourceCarriesTheTensorsName() throws {
    let tensor = try Tensor(.uint8, .vector(10), source: Probe(fails: true))
    let error = try stateError { _ = try TensorPass.sums([NamedTensor("broken", tensor)]) }
    #expect(error?.code == .inputOutput)
    #expect(error?.tensor == "broken")
  }

  @Test
  func verifiedBytesAreBoundedAndChecked() throws {
    let good = try floats([1, 2])
    let sum = CRC32C.of(try good.bytes()).value
    let kept = NamedTensor(
      "t",
      try Tensor(.float32, good.shape, checksum: sum, source: good.source)
    )
    #expect(try TensorPass.verifiedBytes(of: kept) == (try good.bytes()))
    #expect(
      try errorCode { _ = try TensorPass.verifiedBytes(of: kept, limit: 7) } == .limitExceeded
    )
    let bad = NamedTensor(
      "t",
      try Tensor(.float32, good.shape, checksum: ~sum, source: good.source)
    )
    let error = try stateError { _ = try TensorPass.verifiedBytes(of: bad) }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.tensor == "t")
  }

  @Test
  func everyItemIsTreatedOnceAndTheFirstErrorIsThrown() throws {
    let seen = Mutex<[Int]>([])
    try Workers.forEach(count: 1000, makeState: {}) { _, item in seen.withLock { $0.append(item) } }
    #expect(seen.withLock { $0.sorted() } == Array(0..<1000))
    try Workers.forEach(count: 0, makeState: {}) { _, _ in Issue.record("there is nothing to do") }
    let code = try errorCode {
      try Workers.forEach(count: 1000, makeState: {}) { _, item in
        if item >= 10 { throw StateError(.truncated, "\(item)") }
      }
    }
    #expect(code == .truncated)
  }
}
