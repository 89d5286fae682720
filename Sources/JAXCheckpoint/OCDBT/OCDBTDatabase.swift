internal import ByteIO
internal import Tensors

/// The keys and values of a database's newest version.
///
/// Large values stay in their files, of which a bounded number is open at once.
struct OCDBTDatabase {
  private let directory: String
  private let nodeLimit: Int
  private var texts = OCDBTTexts()
  private var files: [ExactName: (file: PositionalFile, size: Int)] = [:]
  private var ranges: [ExactName: [(range: Range<Int>, key: String)]] = [:]
  private var nodeBytes = 0
  private var visited: Set<[UInt8]> = []
  private var last: [UInt8]?

  /// The values.
  private(set) var values: [ExactName: StoredBytes] = [:]

  /// Reads a database.
  ///
  /// - Parameter directory: The directory with the manifest.
  /// - Throws: `StateError` when the database breaks its format's rules, with code `notFound` when a file is missing.
  /// - Complexity: O(number of keys).
  init(_ directory: String) throws {
    self.directory = directory
    let path = FileSystem.path(directory, OCDBTManifest.name)
    let manifest: OCDBTManifest
    do {
      let bytes = try PositionalFile.contents(of: path, within: .headerBytes, "the manifest")
      var texts = OCDBTTexts()
      manifest = try OCDBTManifest(bytes, &texts)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
    nodeLimit = manifest.nodeLimit
    guard let root = manifest.root else { return }
    try read(root, height: manifest.height, prefix: [], first: nil, keyCount: manifest.keyCount)
    try checkOverlaps()
  }

  private mutating func read(
    _ place: OCDBTPlace,
    height: Int,
    prefix: [UInt8],
    first: [UInt8]?,
    keyCount: Int
  ) throws {
    let stored = try stored(place, of: "a node")
    do {
      try readNode(stored, place, height: height, prefix: prefix, first: first, keyCount: keyCount)
    } catch let error as StateError {
      throw stored.path.map { error.inContext(file: $0) } ?? error
    }
  }

  private mutating func readNode(
    _ stored: StoredBytes,
    _ place: OCDBTPlace,
    height: Int,
    prefix: [UInt8],
    first: [UInt8]?,
    keyCount: Int
  ) throws {
    // Where a node lies is its identity. Each has one above it: visited twice, a small file would stand for much.
    let identity = place.file.path + [0] + "\(place.offset)".utf8
    guard visited.insert(identity).inserted else {
      throw StateError(.malformed, "a node lies below two others", offset: place.offset)
    }
    let bytes = try stored.bytes(within: .headerBytes, "a node")
    nodeBytes += bytes.count
    guard nodeBytes <= Limits[.indexBytes] else {
      throw StateError.exceeded(
        .indexBytes,
        "the database's nodes are too large together",
        offset: place.offset
      )
    }
    let limit = nodeLimit
    let node = try OCDBTFrame.read(
      bytes,
      at: place.offset,
      magic: OCDBTFrame.node,
      limit: limit
    ) { [base = place.file.base] cursor in
      try OCDBTNode(&cursor, height: height, base: base, &texts)
    }
    let before = values.count
    switch node.content {
    case .leaf(let entries):
      for (index, entry) in entries.enumerated() {
        let key = prefix + entry.key
        if index == 0, let first, key.lexicographicallyPrecedes(first) {
          throw StateError(
            .malformed,
            "a node has keys before the first that the one above it says",
            offset: place.offset
          )
        }
        try add(entry.value, key, place)
      }
    case .inner(let children):
      for child in children {
        try read(
          child.place,
          height: height - 1,
          prefix: prefix + child.key[..<child.sharedCount],
          first: prefix + child.key,
          keyCount: child.keyCount
        )
      }
    }
    guard values.count - before == keyCount else {
      throw StateError(
        .malformed,
        "a node has another number of keys than the one above it says",
        offset: place.offset,
        expected: "\(keyCount)",
        found: "\(values.count - before)"
      )
    }
  }

  private mutating func add(_ value: OCDBTNode.Value, _ key: [UInt8], _ node: OCDBTPlace) throws {
    if let last, !last.lexicographicallyPrecedes(key) {
      throw StateError(.malformed, "keys of the database are out of order", offset: node.offset)
    }
    last = key
    guard let text = String(validating: key, as: UTF8.self) else {
      throw StateError(.malformed, "a key is no UTF-8", offset: node.offset)
    }
    guard values.count < Limits[.tensors] else {
      throw StateError.exceeded(.tensors, "the database has too many keys", offset: node.offset)
    }
    switch value {
    case .inline(let bytes): values[ExactName(text)] = .memory(bytes)
    case .place(let place):
      values[ExactName(text)] = try stored(place, of: text)
      let path = String(decoding: place.file.path, as: UTF8.self)
      let range = place.offset..<place.offset + place.count
      ranges[ExactName(path), default: []].append((range, text))
    }
  }

  // MARK: Files

  /// The bytes at a place.
  private mutating func stored(_ place: OCDBTPlace, of subject: String) throws -> StoredBytes {
    guard let path = String(validating: place.file.path, as: UTF8.self), Self.isInside(path) else {
      throw StateError(
        .malformed,
        "a part of the database lies in no file of its directory",
        file: FileSystem.path(directory, OCDBTManifest.name),
        tensor: subject
      )
    }
    let (file, size) = try file(path)
    let (end, overflow) = place.offset.addingReportingOverflow(place.count)
    guard !overflow, end <= size else {
      throw StateError(
        .truncated,
        "a file of the database ends too early",
        file: file.path,
        tensor: subject,
        offset: size,
        expected: overflow ? nil : "at least \(end) bytes",
        found: "\(size)"
      )
    }
    return .file(try file.section(place.offset..<end), count: place.count)
  }

  private mutating func file(_ path: String) throws -> (file: PositionalFile, size: Int) {
    if let known = files[ExactName(path)] { return known }
    guard files.count < Limits[.files] else {
      throw StateError.exceeded(.files, "the database lies in too many files")
    }
    let file = try PositionalFile.reopening(FileSystem.path(directory, path))
    let opened = (file, try file.size())
    files[ExactName(path)] = opened
    return opened
  }

  /// Whether a path leads to a file below the directory that it is relative to.
  private static func isInside(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        && !part.contains(0)
    }
  }

  /// Refuses values that share bytes: a small file could stand for much.
  private func checkOverlaps() throws {
    for (path, own) in ranges {
      let sorted = own.sorted { $0.range.lowerBound < $1.range.lowerBound }
      for (one, next) in zip(sorted, sorted.dropFirst())
      where next.range.lowerBound < one.range.upperBound {
        throw StateError(
          .malformed,
          "two values of the database overlap",
          file: FileSystem.path(directory, path.text),
          tensor: next.key,
          offset: next.range.lowerBound
        )
      }
    }
  }
}
