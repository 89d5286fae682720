import Tensors
import TestSupport
import Testing

@testable import ByteIO

@Suite("ZipArchive")
struct ZipArchiveTests {
  private static let contents: [(name: String, bytes: [UInt8])] = [
    ("r/data.pkl", Array("pickle".utf8)), ("r/empty", []),
    ("r/data/0", (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }),
    ("r/größe", [1, 2, 3]),
  ]

  private func write(_ layout: ZipLayout, to path: String) throws {
    let file = try PositionalFile.create(path)
    let writer = ZipWriter(file, layout: layout)
    for (name, bytes) in Self.contents {
      // In two parts, the second of which begins anywhere.
      let cut = bytes.count / 3
      let parts = try [Array(bytes[..<cut]), Array(bytes[cut...])].map {
        NamedTensor(name, try Tensor(.uint8, .vector($0.count), bytes: $0))
      }
      try writer.add(name, parts: parts)
    }
    try writer.finish()
  }

  @Test(arguments: [ZipLayout.pytorch, .plain, .numpy])
  func whatIsWrittenIsRead(_ layout: ZipLayout) throws {
    let directory = try TemporaryDirectory()
    try write(layout, to: directory("a"))
    let archive = try ZipArchive(try PositionalFile.open(directory("a")))
    #expect(archive.members.map(\.name) == Self.contents.map(\.name))
    for (name, bytes) in Self.contents {
      let member = try #require(archive[name])
      #expect(try archive.bytes(of: member, limit: bytes.count) == bytes)
      #expect(member.checksum == CRC32.of(bytes).value)
      if layout == .pytorch { #expect(member.offset % 64 == 0) }
    }
    #expect(archive["r/data"] == nil)
  }

  @Test
  func everyCutIsRefused() throws {
    let directory = try TemporaryDirectory()
    try write(.plain, to: directory("a"))
    let bytes = try readFile(directory("a"))
    for length in [0, 1, 21, 22, 100, bytes.count - 100, bytes.count - 22, bytes.count - 1] {
      try writeFile(directory("cut"), Array(bytes[..<length]))
      let code = try errorCode {
        _ = try ZipArchive(try PositionalFile.open(directory("cut")))
      }
      #expect(code?.concernsData == true, "\(length) bytes")
    }
  }

  /// Sets the sums of an archive's members to zero, where its writer keeps them.
  private func clearSums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for (signature, place) in [
      ([0x50, 0x4B, 3, 4], 14), ([0x50, 0x4B, 1, 2], 16), ([0x50, 0x4B, 7, 8], 4),
    ] {
      for start in bytes.indices.dropLast(20)
      where bytes[start..<start + 4].elementsEqual(signature.map { UInt8($0) }) {
        for byte in 0..<4 { bytes[start + place + byte] = 0 }
      }
    }
    return bytes
  }

  @Test(arguments: [ZipLayout.pytorch, .plain])
  func anArchiveWithoutSumsIsNotVouchedFor(_ layout: ZipLayout) throws {
    let directory = try TemporaryDirectory()
    try write(layout, to: directory("a"))
    try writeFile(directory("b"), clearSums(try readFile(directory("a"))))
    let archive = try ZipArchive(try PositionalFile.open(directory("b")), sumsMayLack: true)
    for (name, bytes) in Self.contents {
      let member = try #require(archive[name])
      #expect(member.checksum == nil)
      #expect(try archive.bytes(of: member, limit: bytes.count) == bytes)
      #expect(!(archive.source(of: member) is any VerifiableSource))
    }
    // Other tools refuse it.
    let strict = try ZipArchive(try PositionalFile.open(directory("b")))
    let code = try errorCode {
      _ = try strict.bytes(of: try #require(strict["r/data.pkl"]), limit: 100)
    }
    #expect(code == .checksumMismatch)
    // One sum that is there makes zeros of the others wrong.
    let whole = try ZipArchive(try PositionalFile.open(directory("a")), sumsMayLack: true)
    #expect(whole.members.allSatisfy { $0.checksum != nil })
  }

  @Test
  func damagedContentDoesNotMatchItsSum() throws {
    let directory = try TemporaryDirectory()
    try write(.pytorch, to: directory("a"))
    var bytes = try readFile(directory("a"))
    let place = try #require(
      try ZipArchive(try PositionalFile.open(directory("a")))["r/data.pkl"]
    ).offset
    bytes[place] ^= 1
    try writeFile(directory("b"), bytes)
    let archive = try ZipArchive(try PositionalFile.open(directory("b")))
    let error = try stateError {
      _ = try archive.bytes(of: try #require(archive["r/data.pkl"]), limit: 100)
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.tensor == "r/data.pkl")
    #expect(error?.offset == place)
  }

  /// An archive of one member with a deflated content.
  private func deflated(_ content: [UInt8], claiming size: Int? = nil) throws -> [UInt8] {
    let data = try unsafe content.withUnsafeBytes {
      try unsafe Zlib.deflate($0, level: 9)
    }
    var archive = LittleEndianBytes()
    let name = Array("m".utf8)
    let sum = CRC32.of(content).value
    let sizes = [UInt32(data.count), UInt32(size ?? content.count)]
    archive.add(ZipSignature.local)
    archive.add(UInt16(20), 0, 8, 0, 0)
    archive.add(sum, sizes[0], sizes[1])
    archive.add(UInt16(1), 0)
    archive.add(name + data)
    let start = archive.bytes.count
    archive.add(ZipSignature.central)
    archive.add(UInt16(20), 20, 0, 8, 0, 0)
    archive.add(sum, sizes[0], sizes[1])
    archive.add(UInt16(1), 0, 0, 0, 0)
    archive.add(UInt32(0), 0)
    archive.add(name)
    let end = archive.bytes.count
    archive.add(ZipSignature.end)
    archive.add(UInt16(0), 0, 1, 1)
    archive.add(UInt32(end - start), UInt32(start))
    archive.add(UInt16(0))
    return archive.bytes
  }

  @Test(arguments: [0, 1, 100_000, 3_000_000])
  func deflatedContentIsReadAtAnyPlace(_ count: Int) throws {
    let directory = try TemporaryDirectory()
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 100) }
    try writeFile(directory("z"), try deflated(content))
    let archive = try ZipArchive(try PositionalFile.open(directory("z")))
    let member = try #require(archive["m"])
    #expect(try archive.bytes(of: member, limit: count) == content)
    let tensor = try Tensor(.uint8, .vector(count), source: archive.source(of: member))
    if count > 10 {
      var part = [UInt8](repeating: 0, count: 5)
      try unsafe part.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: count - 7) }
      #expect(part == Array(content[count - 7..<count - 2]))
    }
  }

  @Test
  func inflationStopsAtTheDeclaredSize() throws {
    let directory = try TemporaryDirectory()
    let content = [UInt8](repeating: 0, count: 4_000_000)
    for size in [1, 100, 2_000_000, 3_999_999, 4_000_001] {
      try writeFile(directory("z\(size)"), try deflated(content, claiming: size))
      let archive = try ZipArchive(try PositionalFile.open(directory("z\(size)")))
      let error = try stateError {
        _ = try archive.bytes(of: try #require(archive["m"]), limit: 5_000_000)
      }
      #expect(error?.code == .malformed, "\(size)")
      #expect(error?.tensor == "m")
    }
    // More than deflate can ever yield is refused before anything is inflated.
    try writeFile(directory("bomb"), try deflated(content, claiming: 4_000_000_000))
    let code = try errorCode { _ = try ZipArchive(try PositionalFile.open(directory("bomb"))) }
    #expect(code == .malformed)
  }

  @Test(arguments: ["/x", "../x", "a/../b", "a//b", "a\\b", "./a", "a\0b"])
  func namesThatLeadElsewhereAreRefused(_ name: String) throws {
    #expect(try errorCode { _ = try ZipName.check(Array(name.utf8), at: 0) } == .malformed)
    let directory = try TemporaryDirectory()
    let writer = ZipWriter(try PositionalFile.create(directory("a")), layout: .plain)
    #expect(try errorCode { try writer.add(name, bytes: []) } == .malformed)
  }

  @Test
  func aNameIsUsedOnce() throws {
    let directory = try TemporaryDirectory()
    let writer = ZipWriter(try PositionalFile.create(directory("a")), layout: .plain)
    try writer.add("a", bytes: [1])
    #expect(try errorCode { try writer.add("a", bytes: [2]) } == .unsupported)
  }

  @Test
  func contradictionsBetweenTheTwoHeadersAreRefused() throws {
    let directory = try TemporaryDirectory()
    let good = try deflated([UInt8](repeating: 5, count: 1000))
    // Method, CRC-32, stored size, size and name of the local header; the flag of encryption.
    for place in [8, 14, 18, 22, 30, 6] {
      var bytes = good
      bytes[place] ^= 1
      try writeFile(directory("f\(place)"), bytes)
      let error = try stateError {
        _ = try ZipArchive(try PositionalFile.open(directory("f\(place)")))
      }
      #expect(error?.code.concernsData == true, "byte \(place)")
      #expect(error?.offset != nil && error?.file == directory("f\(place)"))
    }
  }
}
