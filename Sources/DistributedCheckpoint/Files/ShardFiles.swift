internal import ByteIO
internal import Tensors
internal import TorchContainer

/// The files of a distributed checkpoint, of which a bounded number is open at once.
struct ShardFiles {
  private let files: [ExactName: PositionalFile]

  /// Looks at the files that items lie in.
  ///
  /// - Parameters:
  ///   - directory: The checkpoint.
  ///   - items: What its metadata say.
  /// - Throws: `StateError` with code `notFound` when a file is missing and `truncated` when one ends too
  ///   early, both with what it should hold; `malformed` when two items overlap.
  init(_ directory: String, _ items: [ShardedItem]) throws {
    var ranges: [ExactName: [(range: Range<Int>, item: String)]] = [:]
    func note(_ place: ShardedItem.Place, _ item: String) {
      ranges[ExactName(place.file), default: []].append((place.range, item))
    }
    for item in items {
      switch item.content {
      case .tensor(_, _, let chunks): for chunk in chunks { note(chunk.place, item.name) }
      case .object(let place): note(place, item.name)
      }
    }
    let present = Set(try FileSystem.files(below: directory).map(ExactName.init))
    var files: [ExactName: PositionalFile] = [:]
    for (name, own) in ranges.sorted(by: { $0.key < $1.key }) {
      let path = FileSystem.path(directory, name.text)
      guard present.contains(name) else {
        throw StateError(
          .notFound,
          "\(Self.title(of: name.text)) is missing: it holds parts of \(NameList.text(own.map(\.item)))",
          file: path,
          remedy: "bring the file of that rank, from the same save, into the directory"
        )
      }
      let file = try PositionalFile.reopening(path)
      let size = try file.size()
      let sorted = own.sorted {
        ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
      }
      let cut = sorted.filter { $0.range.upperBound > size }
      if let first = cut.first {
        throw StateError(
          .truncated,
          "\(Self.title(of: name.text)) ends too early: it lacks parts of \(NameList.text(cut.map(\.item)))",
          file: path,
          tensor: first.item,
          offset: size,
          expected: "at least \(sorted.last?.range.upperBound ?? 0) bytes",
          found: "\(size)",
          remedy: "copy the file of that rank again"
        )
      }
      for (one, next) in zip(sorted, sorted.dropFirst())
      where next.range.lowerBound < one.range.upperBound {
        throw StateError(
          .malformed,
          "two items overlap in the file",
          file: path,
          tensor: next.item,
          offset: next.range.lowerBound
        )
      }
      files[name] = file
    }
    self.files = files
  }

  /// What messages call a file: torch names it by the rank that wrote it.
  private static func title(of name: String) -> String {
    let parts = name.split(separator: "_")
    guard name.hasPrefix("__"), let rank = parts.first.flatMap({ Int($0) }) else {
      return "a file of the checkpoint"
    }
    return "the file of rank \(rank)"
  }

  /// The archive that an item, or a chunk of one, is.
  func archive(at place: ShardedItem.Place) throws -> ZipArchive {
    guard let file = files[ExactName(place.file)] else {
      throw StateError(.malformed, "the checkpoint has no such file", file: place.file)
    }
    do {
      return try ZipArchive(try file.section(place.range), sumsMayLack: true)
    } catch var error as StateError where error.code != .inputOutput {
      // What reads an archive counts from its start.
      error.offset = error.offset.map { $0 + place.range.lowerBound }
      throw error
    }
  }
}
