internal import Tensors

/// Writes a zip archive, the content of its members streamed into its places on all cores.
///
/// Places of stored members follow from sizes alone. The pass over the content yields the members' sums,
/// and the headers between the contents are written after it. Deflated members follow one another as
/// they come out, in the order in which they were added.
public final class ZipWriter {
  private let file: PositionalFile
  private let layout: ZipLayout
  private let deflateLevel: Int?
  private var records: [ZipRecord] = []
  private var pending: [(record: Int, parts: [NamedTensor])] = []
  private var waiting: [ZipDeflation.Member] = []
  private var sums: [CRC32] = []
  private var names: Set<ExactName> = []

  /// Begins an archive.
  ///
  /// - Parameters:
  ///   - file: An empty file, open for writing.
  ///   - layout: How headers are made.
  ///   - deflateLevel: Level at which every member is deflated, 1 to 9; `nil` to store them.
  public init(_ file: PositionalFile, layout: ZipLayout, deflateLevel: Int? = nil) {
    self.file = file
    self.layout = layout
    self.deflateLevel = deflateLevel
  }

  /// Adds a member whose content consists of tensors, one behind another.
  ///
  /// - Parameters:
  ///   - name: Its name: relative, with `/` between components.
  ///   - parts: The content.
  /// - Throws: `StateError` with code `unsupported` when the name is taken or is none that an archive
  ///   may have, `limitExceeded` when the archive would be too large.
  public func add(_ name: String, parts: [NamedTensor]) throws {
    let bytes = Array(name.utf8)
    _ = try ZipName.check(bytes, at: 0)
    guard bytes.count <= 0xFFFF, names.insert(ExactName(name)).inserted else {
      throw StateError(.unsupported, "a name is too long or used twice", tensor: name)
    }
    var count = 0
    for part in parts {
      let (sum, overflow) = count.addingReportingOverflow(part.tensor.byteCount)
      guard !overflow, sum < 1 << 60 else {
        throw StateError(.limitExceeded, "the archive would be too large", tensor: name)
      }
      count = sum
    }
    if deflateLevel != nil {
      waiting.append(ZipDeflation.Member(name: bytes, byteCount: count, parts: parts))
      return
    }
    let start = records.last?.end ?? 0
    records.append(ZipRecord(bytes, byteCount: count, at: start, layout: layout))
    sums.append(CRC32())
    pending.append((records.count - 1, parts))
  }

  /// Adds a member whose content is in memory.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - bytes: The content.
  /// - Throws: `StateError` as ``add(_:parts:)``.
  public func add(_ name: String, bytes: [UInt8]) throws {
    let tensor = try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
    try add(name, parts: [NamedTensor(name, tensor)])
  }

  /// Streams the content that has been added since the last call.
  ///
  /// - Parameter progress: Told of the bytes done.
  /// - Returns: The CRC-32 of every member so far, in the order in which they were added.
  /// - Throws: `StateError` as ``TensorPass/copyIntoArchive(_:progress:)``.
  public func stream(progress: TensorPass.Progress? = nil) throws -> [CRC32] {
    if let deflateLevel {
      let deflation = ZipDeflation(file, layout: layout, level: deflateLevel)
      let made = try deflation.write(waiting, from: records.last?.end ?? 0, progress: progress)
      records += made.map(\.record)
      sums += made.map(\.sum)
      waiting = []
      return sums
    }
    let placements = placements()
    let found = try TensorPass.copyIntoArchive(placements, progress: progress)
    take(found.map(\.crc32))
    return sums
  }

  /// The content that has been added since the last call, each part with its place.
  private func placements() -> [TensorPass.Placement] {
    pending.flatMap { number, parts in
      var offset = records[number].contentOffset
      return parts.map { part in
        defer { offset += part.tensor.byteCount }
        return TensorPass.Placement(part, file: file, offset: offset)
      }
    }
  }

  /// Adds the sums of all parts to those of their members.
  private func take(_ found: some Sequence<CRC32>) {
    let owners = pending.flatMap { number, parts in parts.map { (number, $0.tensor.byteCount) } }
    for ((number, count), sum) in zip(owners, found) { sums[number].add(sum, count: count) }
    pending = []
  }

  /// Streams and finishes archives of stored members, as one pass over all their content.
  ///
  /// - Parameters:
  ///   - writers: The archives, none of them begun to be streamed.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` as ``finish(progress:)``.
  public static func finish(_ writers: [ZipWriter], progress: TensorPass.Progress? = nil) throws {
    let placements = writers.map { $0.placements() }
    let found = try TensorPass.copyIntoArchive(Array(placements.joined()), progress: progress)
    var start = 0
    for (writer, own) in zip(writers, placements) {
      writer.take(found[start..<start + own.count].lazy.map(\.crc32))
      start += own.count
      try writer.finish()
    }
  }

  /// Bytes of an archive of stored members, headers included.
  public var byteCount: Int {
    let start = records.last?.end ?? 0
    let directory = records.reduce(0) { $0 + $1.central(CRC32()).count }
    return start + directory + end(start, directory).count
  }

  /// Streams what is left and writes all headers and the central directory.
  ///
  /// - Parameter progress: Told of the bytes done.
  /// - Throws: `StateError` as ``stream(progress:)``.
  public func finish(progress: TensorPass.Progress? = nil) throws {
    _ = try stream(progress: progress)
    // A descriptor and the header that follows it are neighbours.
    var gap: [UInt8] = []
    var gapStart = 0
    var directory = LittleEndianBytes()
    for (record, sum) in zip(records, sums) {
      try file.write(gap + record.local(sum), at: gapStart)
      gap = record.descriptor(sum)
      gapStart = record.contentOffset + record.storedByteCount
      directory.add(record.central(sum))
    }
    let start = gapStart + gap.count
    try file.write(gap + directory.bytes + end(start, directory.bytes.count), at: gapStart)
  }

  /// The records at the archive's end.
  private func end(_ start: Int, _ byteCount: Int) -> [UInt8] {
    let isWide =
      start >= Int(ZipSignature.wide32) || byteCount >= Int(ZipSignature.wide32)
      || records.count >= Int(ZipSignature.wide16)
    var end = LittleEndianBytes()
    if isWide || layout == .pytorch {
      end.add(ZipSignature.end64)
      end.add(UInt64(44))
      // Unix, version 3.0, as miniz calls itself; what it takes to read zip64.
      end.add(layout == .pytorch ? UInt16(0x031E) : 45, 45)
      end.add(UInt32(0), 0)
      end.add(UInt64(records.count), UInt64(records.count), UInt64(byteCount), UInt64(start))
      end.add(ZipSignature.locator64, 0)
      end.add(UInt64(start + byteCount))
      end.add(UInt32(1))
    }
    end.add(ZipSignature.end)
    let count = UInt16(clamping: records.count)
    end.add(UInt16(0), 0, count, count)
    end.add(UInt32(clamping: byteCount), UInt32(clamping: start))
    end.add(UInt16(0))
    return end.bytes
  }
}
