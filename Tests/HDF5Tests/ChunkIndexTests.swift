import ByteIO
import Tensors
import TestSupport
import Testing

@testable import HDF5

/// Indexes of chunks that h5py wrote, in libhdf5's oldest and newest structures, walked through without libhdf5.
@Suite("ChunkIndex")
struct ChunkIndexTests {
  /// A dataset, where its header is, and its chunks as the catalog has them.
  private struct Subject {
    let name: String
    let header: Int
    let dataset: HDF5Parsers.Chunked
    let chunks: Set<HDF5DatasetInfo.Chunk>
  }

  private static func path(_ name: String) -> String {
    "\(Fixtures.root)/reference/hdf5/3.14.0/\(name)"
  }

  /// The chunked datasets of a file; their headers are looked for at every address.
  private static func subjects(_ name: String) throws -> [Subject] {
    let catalog = try closesEverything { try HDF5Catalog.readInProcess(path(name)) }
    let size = try PositionalFile.open(path(name)).size()
    let file = try IndexedFile(path(name), in: 0..<size)
    let headers = (0..<size).filter { address in
      var copy = file
      return (try? copy.layout(ofHeader: address)) != nil
    }
    return catalog.objects.compactMap { object in
      guard let info = object.dataset,
        case .chunked(let chunk, let filters, let chunks) = info.storage,
        let type = info.elementType, let elementBytes = try? Shape.scalar.byteCount(of: type)
      else { return nil }
      let shape = info.shape.dimensions
      let free: [Int?] = shape.map { _ in nil }
      let first: [Int?] = [nil] + shape.dropFirst().map { $0 }
      for header in headers {
        for maximum in [shape.map { $0 }, first, free] {
          let dataset = HDF5Parsers.Chunked(
            shape: shape,
            maximum: maximum,
            chunk: chunk,
            elementBytes: elementBytes,
            isFiltered: !filters.isEmpty
          )
          let found = try? HDF5Parsers.chunks(path(name), header: header, of: dataset)
          guard let found, !found.isEmpty, Set(found) == Set(chunks) else { continue }
          return Subject(
            name: object.path.joined(separator: "/"),
            header: header,
            dataset: dataset,
            chunks: Set(chunks)
          )
        }
      }
      return nil
    }
  }

  @Test(arguments: CatalogTests.files)
  func everyIndexHasTheChunksThatTheCatalogHas(_ name: String) throws {
    let names = try Set(Self.subjects(name).map(\.name))
    for dataset in ["chunked", "growing", "one-chunk", "cube"] {
      #expect(names.contains("layouts/" + dataset), "\(dataset)")
    }
    for dataset in ["deflate", "shuffle", "both"] {
      #expect(names.contains("filters/" + dataset), "\(dataset)")
    }
  }

  @Test(arguments: CatalogTests.files)
  func whatIsCutOffIsNeverMadeUp(_ name: String) throws {
    let folder = try TemporaryDirectory()
    let subjects = try Self.subjects(name)
    let whole = try PositionalFile.open(Self.path(name))
    let bytes = try whole.bytes(at: 0, count: try whole.size())
    for count in stride(from: 0, to: bytes.count, by: 211) {
      let cut = folder("\(count).h5")
      try PositionalFile.create(cut).write(Array(bytes[..<count]), at: 0)
      for subject in subjects {
        let found = try? HDF5Parsers.chunks(cut, header: subject.header, of: subject.dataset)
        if let found { #expect(Set(found) == subject.chunks, "\(subject.name), \(count) bytes") }
      }
    }
  }

  /// A damaged index is listed wrongly or left to libhdf5; the walk ends either way.
  @Test(arguments: CatalogTests.files)
  func damageEndsTheWalk(_ name: String) throws {
    let folder = try TemporaryDirectory()
    let subjects = try Self.subjects(name)
    let whole = try PositionalFile.open(Self.path(name))
    let bytes = try whole.bytes(at: 0, count: try whole.size())
    let copy = folder("c.h5")
    let file = try PositionalFile.create(copy)
    try file.write(bytes, at: 0)
    var answers = 0
    for place in stride(from: 0, to: bytes.count, by: 101) {
      for value in [0xFF, bytes[place] ^ 1, bytes[place] &+ 8] as [UInt8] {
        try file.write([value], at: place)
        for subject in subjects {
          let found = try? HDF5Parsers.chunks(copy, header: subject.header, of: subject.dataset)
          answers += found.map { $0.count <= bytes.count ? 1 : 0 } ?? 1
        }
      }
      try file.write([bytes[place]], at: place)
    }
    #expect(answers == subjects.count * 3 * ((bytes.count + 100) / 101))
  }
}
