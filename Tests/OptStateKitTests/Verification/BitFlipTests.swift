import ByteIO
import Foundation
import HDF5
import OptStateKit
import TestSupport
import Testing

/// A single wrong bit of tensor data, anywhere, in every format that keeps sums.
@Suite("Verification of single bits")
struct BitFlipTests {
  /// 10,000 of each format where there is time, else enough to show that the test can fail.
  private static let flips = isAskedForSlowTests ? 10_000 : 150

  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  init() throws {
    folder = try TemporaryDirectory()
  }

  /// Flips bits, one at a time, in ranges of a file, and counts those that nobody finds.
  private func undetected(_ state: String, in file: String, _ ranges: [Range<Int>]) throws -> Int {
    #expect(try Verification(state).isSound)
    let whole = try data(of: state)
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let places = ranges.flatMap { $0 }
    let handle = try #require(FileHandle(forUpdatingAtPath: file))
    let bytes = try readFile(file)
    func put(_ byte: UInt8, at place: Int) throws {
      try handle.seek(toOffset: UInt64(place))
      try handle.write(contentsOf: [byte])
    }
    var missed = 0
    for _ in 0..<Self.flips {
      let place = places[Int.random(in: places.indices, using: &random)]
      try put(bytes[place] ^ 1 << UInt8.random(in: 0..<8, using: &random), at: place)
      let isFound: Bool
      do {
        isFound = try !Verification(state).isSound
      } catch let error as StateError {
        isFound = error.code.concernsData
      }
      // Between the end of a deflated stream and its next whole byte lie bits that mean nothing.
      if !isFound, try data(of: state) != whole {
        missed += 1
        Issue.record("byte \(place) with seed \(seed)")
      }
      try put(bytes[place], at: place)
    }
    #expect(try Verification(state).isSound)
    return missed
  }

  private func data(of state: String) throws -> [[UInt8]] {
    try StateFormats.open(state).state.allTensors.map { try $0.tensor.bytes() }
  }

  @Test
  func everyFlippedBitOfTensorFlowsDataIsFound() throws {
    let copy = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    let data = copy + ".data-00000-of-00001"
    let count = try readFile(data).count
    #expect(try undetected(copy, in: data, [0..<count]) == 0)
  }

  @Test
  func everyFlippedBitOfTensorFlowsIndexIsFound() throws {
    let copy = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    let index = copy + ".index"
    // The blocks before the first that the footer names; that one is empty, and nobody reads it.
    let bytes = try readFile(index)
    var footer = BlockCursor(bytes.suffix(48), base: 0)
    let blocks = try footer.length("offset of the block of properties")
    #expect(blocks > 4000)
    #expect(try undetected(copy, in: index, [0..<blocks, bytes.count - 8..<bytes.count]) == 0)
  }

  /// Where the bytes of datasets lie.
  ///
  /// Structure is left alone: libhdf5, which is in this process here, does not survive every wrong bit of it.
  private func dataRanges(of catalog: HDF5Catalog) -> [Range<Int>] {
    catalog.objects.flatMap { object -> [Range<Int>] in
      switch object.dataset?.storage {
      case .contiguous(let offset):
        let bytes = object.dataset.flatMap { try? $0.shape.byteCount(of: $0.elementType ?? .int8) }
        return [offset..<offset + (bytes ?? 0)]
      case .chunked(_, _, let chunks): return chunks.map { $0.offset..<$0.offset + $0.byteCount }
      default: return []
      }
    }
  }

  @Test(arguments: [nil, 4])
  func everyFlippedBitOfAStoresDataIsFound(_ deflateLevel: Int?) throws {
    let path = folder("s.h5")
    try Conversion.run(from: bert, to: path, options: WriteOptions(deflateLevel: deflateLevel))
    let ranges = dataRanges(of: try HDF5Catalog.readInProcess(path))
    #expect(ranges.count >= 139)
    #expect(try undetected(path, in: path, ranges) == 0)
  }

  /// The contents of an archive's members.
  private func contents(of path: String) throws -> [Range<Int>] {
    try ZipArchive(try PositionalFile.open(path)).members.map {
      $0.offset..<$0.offset + $0.storedByteCount
    }
  }

  @Test
  func everyFlippedBitOfAPyTorchFileIsFound() throws {
    let path = folder("t.pt")
    try writeFile(path, try readFile(Fixtures.root + "/reference/pytorch/2.13.0/adam.pt"))
    #expect(try undetected(path, in: path, try contents(of: path)) == 0)
  }

  @Test(arguments: [nil, 6])
  func everyFlippedBitOfANumPyArchiveIsFound(_ deflateLevel: Int?) throws {
    let path = folder("s.npz")
    try Conversion.run(from: bert, to: path, options: WriteOptions(deflateLevel: deflateLevel))
    #expect(try undetected(path, in: path, try contents(of: path)) == 0)
  }

  @Test
  func everyFlippedBitOfAKerasArchiveIsFound() throws {
    let path = folder("k.keras")
    try writeFile(path, try readFile(Fixtures.root + "/reference/keras/3-adam.keras"))
    let archive = try ZipArchive(try PositionalFile.open(path))
    let ranges = try archive.members.flatMap { member in
      let range = member.offset..<member.offset + member.storedByteCount
      guard member.name.hasSuffix(".h5") else { return [range] }
      return dataRanges(of: try HDF5Catalog.readInProcess(path, in: range))
    }
    #expect(ranges.count > 20)
    #expect(try undetected(path, in: path, ranges) == 0)
  }

  @Test
  func everyFlippedBitOfAVersion1CheckpointIsFound() throws {
    let path = folder("v1.ckpt-7")
    try writeFile(path, try readFile(Fixtures.tensorFlow("2.21.0/bundle/version-1/v1.ckpt-7")))
    let bytes = try readFile(path)
    var footer = BlockCursor(bytes.suffix(48), base: 0)
    let blocks = try footer.length("offset of the block of properties")
    #expect(blocks > 500)
    #expect(try undetected(path, in: path, [0..<blocks, bytes.count - 8..<bytes.count]) == 0)
  }
}
