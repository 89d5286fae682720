internal import ByteIO
internal import Tensors

/// A node of a database's B+tree.
struct OCDBTNode {
  /// Where a key's value lies.
  enum Value {
    case inline([UInt8])
    case place(OCDBTPlace)
  }

  /// A node one level further down.
  struct Child {
    /// The first key below, without what this node's keys begin with.
    let key: [UInt8]
    /// How much of it all keys below begin with.
    let sharedCount: Int
    let place: OCDBTPlace
    let keyCount: Int
  }

  /// What a node holds.
  enum Content {
    case leaf([(key: [UInt8], value: Value)])
    case inner([Child])
  }

  let content: Content

  /// Reads a node.
  ///
  /// - Parameters:
  ///   - cursor: Its content.
  ///   - height: Its height, as the node above says.
  ///   - base: What the paths of its files begin with.
  ///   - texts: Takes keys and paths.
  /// - Throws: `StateError` with code `malformed`, `truncated` or `limitExceeded`.
  init(
    _ cursor: inout BlockCursor,
    height: Int,
    base: [UInt8],
    _ texts: inout OCDBTTexts
  ) throws {
    let own = Int(try cursor.integer(UInt8.self, "the height"))
    guard own == height else {
      throw StateError(
        .malformed,
        "a node has another height than the one above it says",
        offset: cursor.offset - 1,
        expected: "\(height)",
        found: "\(own)"
      )
    }
    let files = try OCDBTFiles(&cursor, base: base, &texts)
    let count = try cursor.length("the number of keys")
    guard count > 0 else {
      throw StateError(.malformed, "a node has no keys", offset: cursor.offset)
    }
    let shared = try cursor.column(count - 1, "prefixes of keys")
    let lengths = try cursor.column(count, "lengths of keys")
    let common = height > 0 ? try cursor.column(count, "prefixes of nodes") : []
    let keys = try texts.take(from: &cursor, shared: shared, own: lengths, "a key")
    for (one, next) in zip(keys, keys.dropFirst()) where !one.lexicographicallyPrecedes(next) {
      throw StateError(.malformed, "keys of a node are out of order", offset: cursor.offset)
    }
    content =
      height > 0
      ? .inner(try Self.children(&cursor, keys, common, files))
      : .leaf(try Self.values(&cursor, keys, files))
  }

  private static func children(
    _ cursor: inout BlockCursor,
    _ keys: [[UInt8]],
    _ common: [Int],
    _ files: OCDBTFiles
  ) throws -> [Child] {
    let columns = try (0..<6).map { _ in try cursor.column(keys.count, "nodes") }
    return try keys.indices.map { index in
      guard common[index] <= keys[index].count else {
        throw StateError(
          .malformed,
          "a node shares more of its key than that has",
          offset: cursor.offset
        )
      }
      return Child(
        key: keys[index],
        sharedCount: common[index],
        place: OCDBTPlace(
          file: try files.file(columns[0][index], cursor),
          offset: columns[1][index],
          count: columns[2][index]
        ),
        keyCount: columns[3][index]
      )
    }
  }

  private static func values(
    _ cursor: inout BlockCursor,
    _ keys: [[UInt8]],
    _ files: OCDBTFiles
  ) throws -> [(key: [UInt8], value: Value)] {
    let lengths = try cursor.column(keys.count, "lengths of values")
    let kinds = try cursor.column(keys.count, "kinds of values")
    guard kinds.allSatisfy({ $0 <= 1 }) else {
      throw StateError(.malformed, "a value is of no kind that is known", offset: cursor.offset)
    }
    let count = kinds.reduce(0, +)
    let numbers = try cursor.column(count, "files of values")
    let offsets = try cursor.column(count, "offsets of values")
    var values: [(key: [UInt8], value: Value)] = []
    values.reserveCapacity(keys.count)
    var next = 0
    for (index, key) in keys.enumerated() {
      if kinds[index] == 0 {
        values.append((key, .inline(Array(try cursor.take(lengths[index], "a value")))))
        continue
      }
      let file = try files.file(numbers[next], cursor)
      let place = OCDBTPlace(file: file, offset: offsets[next], count: lengths[index])
      values.append((key, .place(place)))
      next += 1
    }
    return values
  }
}
