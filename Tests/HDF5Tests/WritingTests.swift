import ByteIO
import Tensors
import TestSupport
import Testing

@testable import HDF5

@Suite("HDF5File")
struct WritingTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private func written(_ body: (HDF5Group) throws -> Void) throws -> HDF5Catalog {
    try closesEverything {
      do {
        let file = try HDF5File(creating: folder("s.h5"))
        try body(file.root)
        try file.flush()
      }
      return try HDF5Catalog.readInProcess(folder("s.h5"))
    }
  }

  private static let values: [HDF5Value] = [
    .integer(.min), .integer(.max), .integer(0), .unsigned(0), .unsigned(.max), .real(0.1),
    .real(-.infinity), .real(.leastNonzeroMagnitude), .real(-0.0), .bool(true), .bool(false),
    .text(""), .text("a"), .text("e\u{301}\u{E9} \u{1F600}"),
    .text(String(repeating: "long ", count: 30_000)), .integers([]), .integers([1, .min]),
    .reals([]), .reals([1, -.infinity]), .texts([""]), .texts(["a", "", "b/c"]),
  ]

  @Test(arguments: values)
  func attributeComesBackAsItWas(_ value: HDF5Value) throws {
    let catalog = try written { root in
      try root.setAttribute("a", value)
      try root.createGroup("g").setAttribute("\u{E9} ", value)
      try root.createDataset("d", .float32, [2]).setAttribute("a", value)
    }
    #expect(catalog.object("")?.attributes["a"] == value)
    #expect(catalog.object("g")?.attributes["\u{E9} "] == value)
    #expect(catalog.object("d")?.attributes["a"] == value)
  }

  @Test
  func bitsOfANumberAreKept() throws {
    let number = Double(bitPattern: 0x7FF8_0000_0000_1234)
    let catalog = try written { try $0.setAttribute("nan", .real(number)) }
    guard case .real(let found) = catalog.object("")?.attributes["nan"] else {
      Issue.record("the attribute is gone")
      return
    }
    #expect(found.bitPattern == number.bitPattern)
  }

  @Test
  func emptyListOfTextsIsReadAsAListOfTexts() throws {
    let catalog = try written { try $0.setAttribute("none", .texts([])) }
    #expect(catalog.object("")?.attributes["none"] == .texts([]))
  }

  @Test
  func textWithANULIsRefused() throws {
    try closesEverything {
      let file = try HDF5File(creating: folder("s.h5"))
      #expect(try errorCode { try file.root.setAttribute("a", .text("a\0b")) } == .unsupported)
    }
  }

  @Test(arguments: ElementType.allCases)
  func everyElementTypeHasAPlaceAndAName(_ type: ElementType) throws {
    let catalog = try written { root in
      let dataset = try root.createDataset("d", type, [3])
      #expect(try dataset.offset() != nil)
    }
    let object = try #require(catalog.object("d"))
    if object.attributes["dtype"] == nil {
      #expect(object.dataset?.elementType == type)
    } else {
      #expect(object.attributes["dtype"] == .text(type.rawValue))
      #expect(object.dataset?.elementType?.byteWidth == type.byteWidth ?? 1)
    }
  }

  @Test
  func sameContentsMakeTheSameBytes() throws {
    for name in ["a.h5", "b.h5"] {
      let file = try HDF5File(creating: folder(name))
      let group = try file.root.createGroup("g")
      try group.setAttribute("text", .text("x"))
      _ = try group.createDataset("d", .float32, [0])
      try file.flush()
    }
    #expect(try readFile(folder("a.h5")) == readFile(folder("b.h5")))
  }

  @Test
  func existingFileIsNotTouched() throws {
    try writeFile(folder("s.h5"), "mine")
    let code = try closesEverything {
      try errorCode { _ = try HDF5File(creating: folder("s.h5")) }
    }
    #expect(code == .cannotCreate)
    #expect(try readFile(folder("s.h5")) == Array("mine".utf8))
  }

  @Test
  func nameThatIsTakenIsRefused() throws {
    try closesEverything {
      let file = try HDF5File(creating: folder("s.h5"))
      _ = try file.root.createGroup("g")
      #expect(try errorCode { _ = try file.root.createGroup("g") } == .cannotCreate)
      #expect(try errorCode { _ = try file.root.createDataset("g", .int8, [1]) } == .cannotCreate)
      try file.root.setAttribute("a", .integer(1))
      #expect(try errorCode { try file.root.setAttribute("a", .integer(1)) } == .cannotCreate)
    }
  }

  @Test
  func failureSaysWhatTheLibrarySays() throws {
    let error = try stateError { _ = try HDF5File(creating: folder("no/such/folder.h5")) }
    #expect(error?.code == .cannotCreate)
    #expect(error?.message.contains("No such file or directory") == true)
  }

  @Test(arguments: [[7], [1000, 3], [3, 1000, 2], [1, 1 << 19], [1 << 21], [2, 1, 600_000]])
  func chunksCoverADatasetOnce(_ dimensions: [Int]) throws {
    let layout = ChunkLayout(dimensions, width: 4)
    let total = dimensions.reduce(4, *)
    var end = 0
    for chunk in layout.chunks {
      #expect(chunk.bytes.lowerBound == end)
      #expect(chunk.bytes.count <= layout.chunkBytes)
      end = chunk.bytes.upperBound
    }
    #expect(end == total)
    #expect(layout.chunkBytes <= 1 << 20)
  }
}
