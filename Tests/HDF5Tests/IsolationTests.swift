import ByteIO
import Foundation
import Tensors
import TestSupport
import Testing

@testable import HDF5

@Suite("HDF5Isolation")
struct IsolationTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  /// Runs a script by a shell that is there already: a file that this process has just written cannot be
  /// executed while a child that another test has begun still holds it open.
  private func run(_ text: String, limit: Int = 1 << 20) throws -> ([UInt8], status: Int32) {
    try ChildProcess.run("/bin/bash", ["-c", text, "script", "argument"], limit: limit)
  }

  @Test
  func outputAndStatusOfAChildAreCollected() throws {
    let (output, status) = try run("echo \"$1\"; exit 3")
    #expect(output == Array("argument\n".utf8))
    #expect(status == 3)
  }

  @Test
  func outputBeyondThePipeIsReadWhole() throws {
    let (output, status) = try run("head -c 500000 /dev/zero")
    #expect(output.count == 500_000)
    #expect(status == 0)
  }

  @Test(arguments: [("KILL", Int32(9)), ("SEGV", 11), ("TERM", 15)])
  func deathOfAChildIsToldFromItsEnd(_ name: String, _ number: Int32) throws {
    #expect(try run("kill -\(name) $$").status == -number)
  }

  @Test
  func childThatNeverStopsTalkingIsEnded() throws {
    let (output, status) = try run("cat /dev/zero", limit: 100_000)
    #expect(output.count > 100_000)
    #expect(output.count < 1_000_000)
    #expect(status == -SIGKILL || status == -SIGPIPE)
  }

  @Test
  func programThatDoesNotExistIsReported() throws {
    let error = try stateError { _ = try ChildProcess.run(folder("no"), [], limit: 1) }
    #expect(error?.code == .inputOutput)
    #expect(error?.message.contains("No such file or directory") == true)
  }

  @Test
  func signalsThatTheParentIgnoresEndTheChild() throws {
    let old = signal(SIGTERM, SIG_IGN)
    defer { signal(SIGTERM, old) }
    #expect(try run("kill -TERM $$; sleep 5").status == -SIGTERM)
  }

  @Test
  func childKeepsNoDescriptorOfItsParent() throws {
    let kept = try PositionalFile.create(folder("kept"))
    try withExtendedLifetime(kept) {
      let (output, _) = try run("ls -l /proc/self/fd")
      #expect(!String(decoding: output, as: UTF8.self).contains("kept"))
    }
  }

  @Test
  func catalogSurvivesItsCoding() throws {
    for name in ["old.h5", "new.h5"] {
      let path = "\(Fixtures.root)/reference/hdf5/3.14.0/\(name)"
      let catalog = try HDF5Catalog.readInProcess(path)
      let decoded = try CatalogCoding.decodeCatalog(CatalogCoding.encode(catalog))
      #expect(decoded == catalog)
      try CatalogCheck(fileSize: try PositionalFile.open(path).size()).check(decoded)
    }
  }

  @Test
  func errorSurvivesItsCoding() throws {
    let error = StateError(
      .limitExceeded,
      "too much",
      tensor: "t",
      offset: 7,
      expected: "less",
      found: "more",
      remedy: "take less"
    )
    let decoded = try CatalogCoding.decodeError(CatalogCoding.encode(error))
    #expect(decoded.code == error.code)
    #expect(decoded.description == error.description)
  }

  @Test
  func everyCutAndEveryBitOfAnAnswerIsSurvived() throws {
    let path = "\(Fixtures.root)/hostile/native/control.h5"
    let answer = CatalogCoding.encode(try HDF5Catalog.readInProcess(path))
    for count in 0..<answer.count {
      #expect(
        try errorCode { _ = try CatalogCoding.decodeCatalog(Array(answer[..<count])) } != nil
      )
    }
    let check = CatalogCheck(fileSize: try PositionalFile.open(path).size())
    for place in answer.indices {
      for bit in 0..<8 {
        var damaged = answer
        damaged[place] ^= 1 << bit
        _ = try stateError { try check.check(try CatalogCoding.decodeCatalog(damaged)) }
      }
    }
  }

  @Test(arguments: [-1, Int.min, Int.max, 1 << 40])
  func countThatIsOnlyClaimedIsRefused(_ count: Int) throws {
    let bytes = littleEndian([count]) + [UInt8](repeating: 0, count: 64)
    #expect(try errorCode { _ = try CatalogCoding.decodeCatalog(bytes) } == .malformed)
  }

  private static let impossible: [HDF5DatasetInfo.Storage] = [
    .contiguous(offset: -1), .contiguous(offset: 993), .contiguous(offset: .max),
    .compact([0]), .absent,
    .chunked(dimensions: [0], filters: [], chunks: []),
    .chunked(dimensions: [1, 1], filters: [], chunks: []),
    .chunked(dimensions: [2], filters: [], chunks: []),
    .chunked(dimensions: [-1], filters: [], chunks: []),
    .chunked(
      dimensions: [2],
      filters: [],
      chunks: [.init(position: [0], offset: .max, byteCount: 8, skippedFilters: 0)]
    ),
    .chunked(
      dimensions: [2],
      filters: [],
      chunks: [.init(position: [-2], offset: 0, byteCount: 8, skippedFilters: 0)]
    ),
    .chunked(
      dimensions: [2],
      filters: [],
      chunks: [.init(position: [], offset: 0, byteCount: 8, skippedFilters: 0)]
    ),
    .chunked(dimensions: [1 << 40], filters: [], chunks: []),
  ]

  @Test(arguments: impossible)
  func catalogOfATakenOverHelperIsRefused(_ storage: HDF5DatasetInfo.Storage) throws {
    let dataset = HDF5DatasetInfo(elementType: .float32, shape: .vector(2), storage: storage)
    let catalog = HDF5Catalog([HDF5Object(path: ["d"], attributes: [:], dataset: dataset)])
    let error = try stateError { try CatalogCheck(fileSize: 1000).check(catalog) }
    #expect(error?.code == .malformed || error?.code == .limitExceeded)
    #expect(error?.tensor == "/d")
  }

  @Test
  func datasetsThatShareBytesAreRefused() throws {
    func catalog(_ offsets: [Int]) -> HDF5Catalog {
      HDF5Catalog(
        offsets.map { offset in
          let info = HDF5DatasetInfo(
            elementType: .float32,
            shape: .vector(2),
            storage: .contiguous(offset: offset)
          )
          return HDF5Object(path: ["\(offset)"], attributes: [:], dataset: info)
        }
      )
    }
    let check = CatalogCheck(fileSize: 1000)
    try check.check(catalog([16, 0, 8]))
    #expect(try errorCode { try check.check(catalog([16, 0, 7])) } == .malformed)
  }
}
