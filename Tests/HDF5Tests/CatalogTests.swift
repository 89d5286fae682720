import ByteIO
import Foundation
import Tensors
import TestSupport
import Testing

@testable import HDF5

/// Files that h5py wrote: `old.h5` and `new.h5` hold the same in libhdf5's oldest and newest structures.
@Suite("HDF5Catalog")
struct CatalogTests {
  static let files = ["old.h5", "new.h5"]

  private func path(_ name: String) -> String { "\(Fixtures.root)/reference/hdf5/3.14.0/\(name)" }

  private func catalog(_ name: String) throws -> HDF5Catalog {
    try closesEverything { try HDF5Catalog.readInProcess(path(name)) }
  }

  /// Element number n as the generator chose it.
  private func numbers(_ count: Int) -> [Int] { (0..<count).map { $0 % 251 % 100 } }

  private func bytes(_ name: String, _ dataset: String) throws -> [UInt8] {
    let info = try #require(try catalog(name).object(dataset)?.dataset)
    let file = try PositionalFile.open(path(name))
    return try info.tensor(in: file, cache: ChunkCache()).bytes()
  }

  @Test(arguments: files)
  func everyGroupAndDatasetIsListedAfterItsParent(_ name: String) throws {
    let catalog = try catalog(name)
    #expect(catalog.objects.first?.path == [])
    var seen: Set<[String]> = []
    for object in catalog.objects {
      #expect(object.path.isEmpty || seen.contains(Array(object.path.dropLast())))
      seen.insert(object.path)
    }
    let groups = catalog.objects.filter { $0.dataset == nil && $0.path.count == 1 }
    #expect(groups.map { $0.path[0] } == ["attributes", "filters", "layouts", "names", "types"])
    #expect(catalog.object("layouts/contiguous")?.dataset?.shape.dimensions == [5, 7])
    #expect(catalog.object("layouts/nothing") == nil)
  }

  @Test(arguments: files)
  func namesAreToldApartByTheirBytes(_ name: String) throws {
    let catalog = try catalog(name)
    for text in ["e\u{301}", "\u{E9}", " ", "a b", String(repeating: "x", count: 200)] {
      let object = try #require(catalog.object("names/" + text))
      guard case .text(let stated) = object.attributes["name"] else {
        Issue.record("\(text) has no name")
        continue
      }
      #expect(ExactName(stated) == ExactName(text))
    }
  }

  @Test(arguments: files)
  func layoutIsTheOneThatWasChosen(_ name: String) throws {
    func storage(_ dataset: String) throws -> HDF5DatasetInfo.Storage? {
      try catalog(name).object("layouts/" + dataset)?.dataset?.storage
    }
    guard case .contiguous = try storage("contiguous"), case .contiguous = try storage("scalar"),
      case .compact = try storage("compact"), case .absent = try storage("empty"),
      case .absent = try storage("null")
    else {
      Issue.record("a layout is another")
      return
    }
    for (dataset, shape, count) in [
      ("chunked", [2, 3], 9), ("growing", [2, 3], 9), ("one-chunk", [5, 7], 1),
      ("cube", [2, 3, 2], 12),
    ] {
      guard case .chunked(let dimensions, let filters, let chunks) = try storage(dataset) else {
        Issue.record("\(dataset) is not chunked")
        continue
      }
      #expect(dimensions == shape)
      #expect(filters.isEmpty)
      #expect(chunks.count == count)
    }
  }

  @Test(arguments: files)
  func everyLayoutAndFilterDeliversTheSameNumbers(_ name: String) throws {
    let floats = numbers(35).map { Float($0).bitPattern }
    for dataset in ["contiguous", "chunked", "growing", "one-chunk"] {
      #expect(try bytes(name, "layouts/" + dataset) == littleEndian(floats), "\(dataset)")
    }
    for dataset in ["deflate", "shuffle", "both"] {
      #expect(try bytes(name, "filters/" + dataset) == littleEndian(floats), "\(dataset)")
    }
    #expect(try bytes(name, "layouts/compact") == littleEndian(Array(floats[..<12])))
    #expect(try bytes(name, "layouts/scalar") == littleEndian([Float(7).bitPattern]))
    #expect(try bytes(name, "layouts/empty").isEmpty)
    #expect(try bytes(name, "layouts/cube") == littleEndian(numbers(60).map(Int16.init)))
  }

  @Test(arguments: files)
  func filterMaskOfEachChunkIsObeyed(_ name: String) throws {
    let floats = numbers(8).map { Float($0).bitPattern }
    #expect(try bytes(name, "filters/masks") == littleEndian(floats))
    guard
      case .chunked(_, let filters, let chunks) = try catalog(name).object("filters/masks")?
        .dataset?.storage
    else {
      Issue.record("the dataset is not chunked")
      return
    }
    #expect(filters == [.shuffle, .deflate])
    #expect(chunks.map(\.skippedFilters) == [0, 1, 2, 3])
  }

  @Test(arguments: files)
  func everyRangeOfAChunkedDatasetIsDelivered(_ name: String) throws {
    let info = try #require(try catalog(name).object("filters/both")?.dataset)
    let tensor = try info.tensor(
      in: PositionalFile.open(path(name)),
      cache: ChunkCache(capacity: 2)
    )
    let whole = try tensor.bytes()
    for start in stride(from: 0, to: 140, by: 3) {
      for end in stride(from: start + 1, through: 140, by: 7) {
        var part = [UInt8](repeating: 0xAA, count: end - start)
        try unsafe part.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: start) }
        #expect(part == Array(whole[start..<end]))
      }
    }
  }

  @Test(arguments: files)
  func everyElementTypeIsRecognized(_ name: String) throws {
    let catalog = try catalog(name)
    for type in ElementType.allCases {
      guard let dataset = catalog.object("types/\(type.rawValue)")?.dataset else { continue }
      #expect(dataset.elementType == type)
      // A number of one byte has no order; any other that is not little-endian would be misread.
      let big = catalog.object("types/\(type.rawValue)-big")?.dataset?.elementType
      #expect(big == (type.byteWidth == 1 && type != .bool ? type : nil))
    }
    let found = catalog.objects.filter { $0.path.first == "types" }
      .compactMap { $0.dataset?.elementType }
    #expect(Set(found).count == 14)
    #expect(catalog.object("types/text")?.dataset?.elementType == nil)
    #expect(catalog.object("types/bytes")?.dataset?.elementType == nil)
    #expect(try bytes(name, "types/bool") == [0, 1, 0, 1, 0, 1])
    #expect(try bytes(name, "types/int64") == littleEndian(numbers(6).map(Int64.init)))
    #expect(try errorCode { _ = try bytes(name, "types/float32-big") } == .unsupported)
  }

  @Test(arguments: files)
  func everyKindOfAttributeIsRead(_ name: String) throws {
    let catalog = try catalog(name)
    let attributes = try #require(catalog.object("attributes")?.attributes)
    #expect(attributes["int"] == .integer(-7))
    for type in ["int8", "int16", "int32", "uint8", "uint16"] {
      #expect(attributes[type] == .integer(9), "\(type)")
    }
    #expect(attributes["uint32"] == .unsigned(9))
    #expect(attributes["uint64"] == .integer(1 << 40))
    for type in ["float16", "float32", "float64"] {
      #expect(attributes[type] == .real(9), "\(type)")
    }
    #expect(attributes["bool"] == .bool(true))
    #expect(attributes["text"] == .text("gr\u{FC}\u{DF} \u{540D}"))
    #expect(attributes["empty-text"] == .text(""))
    #expect(attributes["fixed"] == .text("fixed"))
    #expect(attributes["ints"] == .integers([1, -2, 3]))
    #expect(attributes["reals"] == .reals([0.5, -0.25]))
    #expect(attributes["texts"] == .texts(["a", "", "\u{E9}"]))
    #expect(attributes["fixed-texts"] == .texts(["a", "bc"]))
    #expect(attributes["no-ints"] == .integers([]))
    #expect(attributes["no-texts"] == .texts([]))
    #expect(attributes["grid"] == .integers([0, 1, 2, 3, 4, 5]))
    #expect(attributes["complex"] == nil)
    #expect(attributes["null"] == nil)
    for number in 0..<20 { #expect(attributes["many-\(number)"] == .integer(Int64(number))) }
    #expect(catalog.object("with-attribute")?.attributes["unit"] == .text("m"))
  }

  @Test
  func otherFiltersAreNamed() throws {
    let error = try stateError { _ = try catalog("sum.h5") }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("filter number 3") == true)
    #expect(error?.tensor == "/sum")
  }

  @Test
  func forgedFilesLeaveNothingOpen() throws {
    let folder = Fixtures.root + "/hostile/native"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    where name.hasSuffix(".h5") {
      try closesEverything {
        _ = try stateError { _ = try HDF5Catalog.readInProcess("\(folder)/\(name)") }
      }
    }
  }

  @Test
  func everyCutOfAFileIsRefusedOrReadAlike() throws {
    let folder = try TemporaryDirectory()
    let whole = try readFile(path("new.h5"))
    for count in stride(from: 0, to: whole.count, by: 997) {
      try writeFile(folder("cut.h5"), Array(whole[..<count]))
      let error = try stateError { _ = try HDF5Catalog.readInProcess(folder("cut.h5")) }
      #expect(error?.code.concernsData == true, "\(count)")
      #expect(error?.file == folder("cut.h5"))
    }
  }
}
