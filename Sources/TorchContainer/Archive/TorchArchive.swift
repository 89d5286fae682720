package import ByteIO
internal import Tensors

/// The zip container, which PyTorch writes since 1.6.
package enum TorchArchive {
  /// Bytes of each other record that holds no storage.
  package static let recordLimit = 1 << 20

  /// Whether the first member of an archive is a pickle in a folder, by its local header alone.
  package static func beginsWithPickle(_ file: PositionalFile) throws -> Bool {
    let size = try file.size()
    guard size > 30 else { return false }
    let header = try file.bytes(at: 0, count: 30)
    let length = Int(header[26]) | Int(header[27]) << 8
    guard header[..<4] == [0x50, 0x4B, 3, 4], length <= size - 30 else { return false }
    let name = try file.bytes(at: 30, count: length)
    let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && parts[1].elementsEqual("data.pkl".utf8)
  }

  /// The folder of an archive's records, `nil` where there is no pickle in it.
  package static func root(of archive: ZipArchive) -> String? {
    guard let first = archive.members.first?.name,
      let slash = first.utf8.firstIndex(of: UInt8(ascii: "/"))
    else { return nil }
    let root = String(first[..<slash])
    return archive["\(root)/data.pkl"] == nil ? nil : root
  }

  package static func read(
    _ archive: ZipArchive,
    allowing globals: PickleGlobals
  ) throws -> TorchFile {
    guard let root = root(of: archive), let pickled = archive["\(root)/data.pkl"] else {
      throw StateError(.malformed, "the archive has no record 'data.pkl' in a folder")
    }
    guard archive["\(root)/constants.pkl"] == nil else {
      throw StateError(
        .unsupported,
        "the archive is a TorchScript program",
        remedy: "save state_dict() with torch.save"
      )
    }
    let (storages, records) = try contents(archive, root)
    try check(records, archive.file.path)
    let pickle = try archive.bytes(of: pickled, within: .pickleBytes)
    var reader = PickleReader(
      BlockCursor(pickle, base: pickled.isDeflated ? 0 : pickled.offset),
      allowing: globals
    )
    let tree: PickleValue
    do {
      tree = try reader.read().value
    } catch let error as StateError {
      throw error.inContext(tensor: pickled.name)
    }
    return TorchFile(
      path: archive.file.path,
      pickle: pickle,
      tree: tree,
      storages: storages,
      records: records,
      root: root,
      contents: sums(archive, root).map(contentsSum)
    )
  }

  /// The storages with their sums, `nil` where the archive keeps none.
  private static func sums(_ archive: ZipArchive, _ root: String) -> [(name: String, sum: CRC32)]? {
    let storages = archive.members.filter { $0.name.utf8.starts(with: "\(root)/data/".utf8) }
    let sums = storages.compactMap { member in
      member.checksum.map { (String(member.name.dropFirst(root.count + 1)), CRC32($0)) }
    }
    return sums.count == storages.count ? sums : nil
  }

  /// A sum over names and sums of storages, in the order of the names.
  package static func contentsSum(_ storages: [(name: String, sum: CRC32)]) -> String {
    let lines = storages.sorted { ExactName($0.name) < ExactName($1.name) }
      .map { "\($0.name) \($0.sum.value)\n" }
    return String(CRC32.of(Array(lines.joined().utf8)).value, radix: 16)
  }

  /// Tells storages from the few small records beside them.
  private static func contents(
    _ archive: ZipArchive,
    _ root: String
  ) throws -> (storages: [ExactName: Tensor], records: [TorchRecord]) {
    var storages: [ExactName: Tensor] = [:]
    var records: [TorchRecord] = []
    var recordBytes = 0
    for member in archive.members {
      guard member.name.utf8.starts(with: "\(root)/".utf8) else {
        throw StateError(
          .malformed,
          "the archive's records lie in more than one folder",
          tensor: member.name,
          offset: member.offset,
          expected: "\(root)/"
        )
      }
      let name = String(member.name.dropFirst(root.count + 1))
      if name.utf8.starts(with: "data/".utf8) {
        let key = ExactName(String(name.dropFirst("data/".count)))
        storages[key] = try Tensor(
          .uint8,
          .vector(member.byteCount),
          source: archive.source(of: member)
        )
        if records.last?.name != TorchRecord.storages {
          records.append(TorchRecord(name: TorchRecord.storages, content: []))
        }
      } else if name == "data.pkl" {
        records.append(TorchRecord(name: name, content: []))
      } else {
        let content = try archive.bytes(of: member, limit: recordLimit)
        recordBytes += content.count
        guard recordBytes <= Limits[.textBytes] else {
          throw StateError.exceeded(
            .textBytes,
            "the archive's records are too long together",
            tensor: name
          )
        }
        records.append(TorchRecord(name: name, content: content))
      }
    }
    return (storages, records)
  }

  private static func check(_ records: [TorchRecord], _ path: String) throws {
    func text(_ name: String) -> String? {
      records.first { $0.name == name }.map { String(decoding: $0.content, as: UTF8.self) }
    }
    if let order = text("byteorder"), order != "little" {
      throw StateError(
        .unsupported,
        "the storages are in byte order '\(order)'",
        expected: "little",
        remedy: "load and save the file with PyTorch on a little-endian machine"
      )
    }
    let version = text("version").map { $0.hasSuffix("\n") ? String($0.dropLast()) : $0 }
    guard let version, let number = Int(version), (1...10).contains(number) else {
      throw StateError(
        .unsupported,
        "the archive has no version that is known",
        expected: "1 to 10",
        found: version ?? "none"
      )
    }
  }
}
