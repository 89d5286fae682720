internal import ByteIO
internal import Tensors

/// What `manifest.ocdbt` says of its newest version.
struct OCDBTManifest {
  /// The file's name.
  static let name = "manifest.ocdbt"

  /// The root of the newest version's tree, `nil` where that has no keys.
  let root: OCDBTPlace?

  /// How many nodes lie above its leaves.
  let height: Int

  /// Keys of the newest version.
  let keyCount: Int

  /// Bytes that a node may have after decompression.
  let nodeLimit: Int

  /// Reads a manifest.
  ///
  /// - Parameters:
  ///   - bytes: The file.
  ///   - texts: Takes the paths.
  /// - Throws: `StateError` with code `malformed`, `checksumMismatch` or `unsupported`.
  init(_ bytes: [UInt8], _ texts: inout OCDBTTexts) throws {
    self = try OCDBTFrame.read(
      bytes,
      at: 0,
      magic: OCDBTFrame.manifest,
      limit: Limits[.headerBytes]
    ) { cursor in
      try OCDBTManifest(content: &cursor, &texts)
    }
  }

  private init(content cursor: inout BlockCursor, _ texts: inout OCDBTTexts) throws {
    _ = try cursor.take(16, "the identifier")
    let kind = try cursor.varint("the kind of manifest")
    guard kind == 0 else {
      throw StateError(
        .unsupported,
        "the database keeps its manifest in several files",
        offset: cursor.offset,
        expected: "kind 0",
        found: "\(kind)"
      )
    }
    _ = try cursor.length("the size of inline values")
    nodeLimit = min(try cursor.length("the size of nodes"), Limits[.headerBytes])
    _ = try cursor.integer(UInt8.self, "the arity")
    if try cursor.varint("the compression") == 1 { _ = try cursor.take(4, "the level") }
    let files = try OCDBTFiles(&cursor, base: [], &texts)

    let count = try cursor.length("the number of versions")
    let generations = try cursor.column(count, "generations")
    let heights = try cursor.take(count, "heights").map(Int.init)
    let columns = try (0..<6).map { _ in try cursor.column(count, "versions") }
    _ = try cursor.take(8 * count, "times")
    for (one, next) in zip(generations, generations.dropFirst()) where one >= next {
      throw StateError(.malformed, "versions are not in order", offset: cursor.offset)
    }
    // Older versions: they are of no interest, but have to be there.
    let older = try cursor.length("the number of older versions")
    for field in 0..<5 { _ = try cursor.column(older, "older versions \(field)") }
    let (stamps, overflow) = older.multipliedReportingOverflow(by: 9)
    _ = try cursor.take(overflow ? .max : stamps, "older versions")

    guard count > 0 else {
      throw StateError(.unsupported, "the database has no version", offset: cursor.offset)
    }
    height = heights[count - 1]
    keyCount = columns[3][count - 1]
    root =
      keyCount == 0
      ? nil
      : OCDBTPlace(
        file: try files.file(columns[0][count - 1], cursor),
        offset: columns[1][count - 1],
        count: columns[2][count - 1]
      )
  }
}
