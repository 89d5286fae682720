internal import ByteIO
internal import Tensors

/// Takes texts of which each may begin as the one before it, within a bound on all of them together.
///
/// What is shared is repeated in memory: a small file could ask for much.
struct OCDBTTexts {
  /// Bytes that texts may still have.
  private var room = Limits[.headerBytes]

  /// Takes texts.
  ///
  /// - Parameters:
  ///   - cursor: Where their bytes lie, one text after another.
  ///   - shared: Bytes that each but the first shares with the one before it.
  ///   - own: Bytes of its own that each has.
  ///   - field: What they are.
  /// - Returns: The texts.
  /// - Throws: `StateError` with code `malformed`, `truncated` or `limitExceeded`.
  mutating func take(
    from cursor: inout BlockCursor,
    shared: [Int],
    own: [Int],
    _ field: String
  ) throws -> [[UInt8]] {
    var texts: [[UInt8]] = []
    texts.reserveCapacity(own.count)
    for (index, count) in own.enumerated() {
      let prefix = index == 0 ? 0 : shared[index - 1]
      let before = texts.last ?? []
      guard prefix <= before.count else {
        throw StateError(
          .malformed,
          "\(field) shares more with the one before it than that has",
          offset: cursor.offset,
          expected: "at most \(before.count)",
          found: "\(prefix)"
        )
      }
      let text = before[..<prefix] + (try cursor.take(count, field))
      guard text.count <= Limits[.nameBytes] else {
        throw StateError.exceeded(.nameBytes, "\(field) is too long", offset: cursor.offset)
      }
      guard text.count <= room else {
        throw StateError.exceeded(
          .headerBytes,
          "keys and paths of a database are too long together",
          offset: cursor.offset
        )
      }
      room -= text.count
      texts.append(Array(text))
    }
    return texts
  }
}

/// The files that a manifest or a node refers to.
struct OCDBTFiles {
  /// A file: the path from the database's directory, and that in which the paths below it begin.
  struct File {
    let path: [UInt8]
    let base: [UInt8]
  }

  private let files: [File]

  /// Reads the table.
  ///
  /// - Parameters:
  ///   - cursor: Where it lies.
  ///   - base: What all its paths begin with.
  ///   - texts: Takes the paths.
  /// - Throws: `StateError` with code `malformed`, `truncated` or `limitExceeded`.
  init(_ cursor: inout BlockCursor, base: [UInt8], _ texts: inout OCDBTTexts) throws {
    let count = try cursor.length("the number of files")
    let shared = try cursor.column(max(0, count - 1), "prefixes of paths")
    let own = try cursor.column(count, "lengths of paths")
    let bases = try cursor.column(count, "lengths of bases")
    let paths = try texts.take(from: &cursor, shared: shared, own: own, "a path")
    files = try zip(paths, bases).map { path, length in
      guard length <= path.count else {
        throw StateError(.malformed, "a base is longer than its path", offset: cursor.offset)
      }
      return File(path: base + path, base: base + path[..<length])
    }
  }

  /// A file by its number.
  func file(_ number: Int, _ cursor: BlockCursor) throws -> File {
    guard files.indices.contains(number) else {
      throw StateError(
        .malformed,
        "a part of an OCDBT database lies in a file that its table lacks",
        offset: cursor.offset,
        expected: "less than \(files.count)",
        found: "\(number)"
      )
    }
    return files[number]
  }
}

/// Where a node or a value lies.
struct OCDBTPlace {
  let file: OCDBTFiles.File
  let offset: Int
  let count: Int
}
