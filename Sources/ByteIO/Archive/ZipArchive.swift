public import Tensors

/// An open zip archive: what its central directory says, after every member has been compared with its
/// local header.
///
/// Ranges lie inside the file and do not overlap, names are distinct and lead nowhere else, and nothing
/// is encrypted. A stored member is a range of the file, from which tensors read directly.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.10.
public final class ZipArchive: Sendable {
  /// The archive's file.
  public let file: PositionalFile

  /// The members in the order of the central directory, without directories.
  public let members: [ZipMember]

  private let places: [ExactName: Int]
  private let spool = InflationSpool()

  /// Whether a file begins as an archive does.
  ///
  /// - Parameter file: The file.
  /// - Returns: Whether it does.
  /// - Throws: `StateError` with code `inputOutput`.
  public static func recognizes(_ file: PositionalFile) throws -> Bool {
    guard try file.size() >= ZipEndRecord.length else { return false }
    let start = try file.bytes(at: 0, count: 4)
    return start == [0x50, 0x4B, 3, 4] || start == [0x50, 0x4B, 5, 6]
  }

  /// Reads and checks the structure of an archive; no content is read.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - sumsMayLack: Whether an archive of stored members whose sums are all zero is one that keeps none, as PyTorch
  ///     writes after `set_crc32_options(False)`; other tools refuse it.
  /// - Throws: `StateError` with code `malformed`, `truncated`, `unsupported` or `limitExceeded`,
  ///   naming file, member and offset.
  /// - Complexity: O(*n* log *n*) in the number of members.
  public init(_ file: PositionalFile, sumsMayLack: Bool = false) throws {
    self.file = file
    do {
      let end = try ZipEndRecord(file)
      var cursor = BlockCursor(
        try file.bytes(at: end.offset, count: end.byteCount),
        base: end.offset
      )
      var headers = try ReadAhead(file, pieceCount: end.count)
      var members: [ZipMember] = []
      var places: [ExactName: Int] = [:]
      var extents: [Range<Int>] = []
      for _ in 0..<end.count {
        let entry = try ZipEntry(&cursor)
        do {
          let header = try ZipLocalHeader(of: entry, in: &headers, before: end.offset)
          extents.append(entry.headerOffset..<header.end)
          if places.updateValue(members.count, forKey: ExactName(entry.name)) != nil {
            throw StateError(
              .malformed,
              "two members have the same name",
              offset: entry.headerOffset
            )
          }
          if entry.isDirectory { continue }
          members.append(ZipMember(entry, at: header.contentOffset))
        } catch let error as StateError {
          throw error.inContext(tensor: entry.name)
        }
      }
      guard cursor.remaining == 0 else {
        throw StateError(
          .malformed,
          "the central directory is longer than its entries",
          offset: cursor.offset
        )
      }
      extents.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
      for (one, next) in zip(extents, extents.dropFirst())
      where next.lowerBound < one.upperBound {
        throw StateError(.malformed, "two members overlap", offset: next.lowerBound)
      }
      let hasSums = members.contains { $0.isDeflated || $0.byteCount > 0 && $0.checksum != 0 }
      self.members = sumsMayLack && !hasSums ? members.map(\.withoutSum) : members
      self.places = places
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  /// A member by name.
  ///
  /// - Parameter name: The name.
  /// - Returns: The member, or `nil`.
  public subscript(name: String) -> ZipMember? {
    guard let place = places[ExactName(name)], place < members.count,
      ExactName(members[place].name) == ExactName(name)
    else { return nil }
    return members[place]
  }

  /// The content of a member as the source of a tensor of as many bytes.
  ///
  /// A stored member is read in place. A deflated one is inflated as a whole when it is first read:
  /// into memory where it is small, else into a file without a name; its declared size is the bound, and
  /// its CRC-32 is compared. That of a stored member is compared before passes over tensors copy it, where it has one.
  ///
  /// - Parameter member: The member.
  /// - Returns: The source.
  public func source(of member: ZipMember) -> any TensorSource {
    if member.isDeflated { return InflatedSource(member, in: file, spool: spool) }
    return member.checksum == nil
      ? FileSource(file, at: member.offset) : StoredSource(member, in: file)
  }

  /// The beginning of a member's content, which is not compared with anything.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - count: Bytes of it, few enough to be held.
  /// - Returns: As many bytes, or the whole content where it has fewer.
  /// - Throws: `StateError` with code `malformed` or `truncated`.
  public func prefix(of member: ZipMember, count: Int) throws -> [UInt8] {
    let wanted = min(count, member.byteCount)
    guard member.isDeflated else { return try file.bytes(at: member.offset, count: wanted) }
    var bytes: [UInt8] = []
    let range = member.offset..<member.offset + member.storedByteCount
    try unsafe Zlib.inflate(file, range, byteCount: member.byteCount, limit: wanted) { piece in
      unsafe bytes.append(contentsOf: piece.prefix(wanted - bytes.count))
    }
    return bytes
  }

  /// The content of a member, compared with its CRC-32.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - limit: What bounds the bytes that are held.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `limitExceeded`, `malformed` or `checksumMismatch`.
  public func bytes(of member: ZipMember, within limit: Limits.Name) throws -> [UInt8] {
    guard member.byteCount <= Limits[limit] else {
      throw StateError.exceeded(
        limit,
        "the member is too large to be held as a whole",
        tensor: member.name,
        offset: member.offset,
        found: member.byteCount
      )
    }
    return try bytes(of: member, limit: Limits[limit])
  }

  /// The content of a small member, compared with its CRC-32.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - limit: Bytes that the caller is prepared to hold.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `limitExceeded`, `malformed` or `checksumMismatch`.
  public func bytes(of member: ZipMember, limit: Int) throws -> [UInt8] {
    do {
      guard member.byteCount <= limit else {
        throw StateError(
          .limitExceeded,
          "a member of \(member.byteCount) bytes is too large to be held as a whole",
          offset: member.offset,
          expected: "at most \(limit)"
        )
      }
      var content = [UInt8](repeating: 0, count: member.byteCount)
      try unsafe content.withUnsafeMutableBytes { buffer in
        try unsafe source(of: member).read(into: buffer, at: 0)
      }
      let sum = CRC32.of(content)
      guard member.checksum.map({ $0 == sum.value }) ?? true else {
        throw InflatedSource.mismatch(member, sum)
      }
      return content
    } catch let error as StateError {
      throw error.inContext(file: file.path, tensor: member.name)
    }
  }
}

extension ZipMember {
  /// The member of an archive that keeps no sums.
  fileprivate var withoutSum: ZipMember {
    ZipMember(
      name: name,
      byteCount: byteCount,
      storedByteCount: storedByteCount,
      isDeflated: isDeflated,
      checksum: nil,
      offset: offset
    )
  }

  init(_ entry: ZipEntry, at offset: Int) {
    self.init(
      name: entry.name,
      byteCount: entry.byteCount,
      storedByteCount: entry.storedByteCount,
      isDeflated: entry.method == 8,
      checksum: entry.checksum,
      offset: offset
    )
  }
}
