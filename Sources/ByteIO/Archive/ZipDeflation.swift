internal import Synchronization
internal import Tensors

/// Deflates members of an archive on all cores and writes them one behind another.
///
/// A member is cut into pieces that are deflated apart, each ending on a whole byte; one behind another
/// they are a single stream. What comes out does not depend on how many cores there are.
struct ZipDeflation {
  /// A member whose content is still to be deflated.
  struct Member: Sendable {
    let name: [UInt8]
    let byteCount: Int
    let parts: [NamedTensor]
  }

  private struct Piece: Sendable {
    let member: Int
    /// Parts of the piece: the part's number in its member, and the range of its bytes.
    let ranges: [(part: Int, bytes: Range<Int>)]
    let isLast: Bool
  }

  private struct Progress {
    var end: Int
    var stored = 0
    var records: [ZipRecord] = []
  }

  private let file: PositionalFile
  private let layout: ZipLayout
  private let level: Int

  init(_ file: PositionalFile, layout: ZipLayout, level: Int) {
    self.file = file
    self.layout = layout
    self.level = level
  }

  /// Writes the contents of members; their headers are left to the caller.
  func write(
    _ members: [Member],
    from start: Int,
    progress: TensorPass.Progress?
  ) throws -> [(record: ZipRecord, sum: CRC32)] {
    let pieces = members.indices.flatMap { Self.pieces(of: members[$0], $0) }
    let total = members.reduce(0) { $0 + $1.byteCount }
    let (file, layout, level) = (file, layout, level)
    let state = Mutex(Progress(end: start))
    let sums = Mutex([[ArchiveSums]](repeating: [], count: pieces.count))
    let queue = OrderedQueue(capacity: 4 * Workers.count) { (number: Int, bytes: [UInt8]) in
      let piece = pieces[number]
      let member = members[piece.member]
      try state.withLock { state in
        let length = ZipRecord(
          member.name,
          byteCount: member.byteCount,
          at: state.end,
          layout: layout
        )
        .contentOffset
        try file.write(bytes, at: length + state.stored)
        state.stored += bytes.count
        guard piece.isLast else { return }
        let record = ZipRecord(
          member.name,
          byteCount: member.byteCount,
          deflatedByteCount: state.stored,
          at: state.end,
          layout: layout
        )
        state.records.append(record)
        (state.end, state.stored) = (record.end, 0)
      }
    }
    let done = Atomic<Int>(0)
    try Workers.forEach(
      count: pieces.count,
      makeState: { WorkBuffer(byteCount: TensorPass.windowBytes) },
      body: { buffer, number in
        try queue.submit(number) {
          let piece = pieces[number]
          var position = 0
          var own: [ArchiveSums] = []
          for (part, range) in piece.ranges {
            let target = unsafe UnsafeMutableRawBufferPointer(
              rebasing: buffer.bytes[position..<position + range.count]
            )
            try unsafe members[piece.member].parts[part].tensor.read(
              into: target,
              at: range.lowerBound
            )
            var sum = ArchiveSums()
            unsafe sum.add(UnsafeRawBufferPointer(target))
            own.append(sum)
            position += range.count
          }
          sums.withLock { $0[number] = own }
          let content = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<position])
          try progress?(done.add(position, ordering: .relaxed).newValue, total)
          return try unsafe Zlib.deflate(
            content,
            level: level,
            isLast: piece.isLast
          )
        }
      }
    )
    let crcs = try Self.verified(members, pieces, sums.withLock { $0 })
    return zip(state.withLock { $0.records }, crcs).map { ($0, $1) }
  }

  /// The sums of members, after those of their parts were compared with the ones on record.
  private static func verified(
    _ members: [Member],
    _ pieces: [Piece],
    _ sums: [[ArchiveSums]]
  ) throws -> [CRC32] {
    var wholes = members.map { [ArchiveSums](repeating: ArchiveSums(), count: $0.parts.count) }
    for (piece, own) in zip(pieces, sums) {
      for ((part, range), sum) in zip(piece.ranges, own) {
        wholes[piece.member][part].add(sum, count: range.count)
      }
    }
    return try zip(members, wholes).map { member, parts in
      var sum = CRC32()
      for (part, found) in zip(member.parts, parts) {
        try TensorPass.check(part, found.crc32c)
        sum.add(found.crc32, count: part.tensor.byteCount)
      }
      return sum
    }
  }

  /// Cuts a member; one without content has one empty piece.
  private static func pieces(of member: Member, _ number: Int) -> [Piece] {
    var pieces: [Piece] = []
    var ranges: [(part: Int, bytes: Range<Int>)] = []
    var filled = 0
    func close(isLast: Bool) {
      pieces.append(Piece(member: number, ranges: ranges, isLast: isLast))
      (ranges, filled) = ([], 0)
    }
    for (part, content) in member.parts.enumerated() {
      var offset = 0
      while offset < content.tensor.byteCount {
        if filled == TensorPass.windowBytes { close(isLast: false) }
        let count = min(content.tensor.byteCount - offset, TensorPass.windowBytes - filled)
        ranges.append((part, offset..<offset + count))
        offset += count
        filled += count
      }
    }
    close(isLast: true)
    return pieces
  }
}
