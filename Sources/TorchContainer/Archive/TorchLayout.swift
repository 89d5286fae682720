internal import ByteIO

/// How an archive's records are named and ordered.
package enum TorchLayout {
  /// Records of a new file in PyTorch's order.
  package static let standard: [(name: String, content: String)] = [
    ("data.pkl", ""), (".format_version", "1"), (".storage_alignment", "64"),
    ("byteorder", "little"), (TorchRecord.storages, ""), ("version", "3\n"),
  ]

  /// The folder that PyTorch makes of a file's name: without its last extension.
  package static func stem(of path: String) -> String {
    let name = FileSystem.name(of: path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else {
      return name
    }
    return String(name[..<dot])
  }
}
