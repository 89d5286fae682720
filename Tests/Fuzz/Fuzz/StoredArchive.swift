import ByteIO

/// A zip archive of stored members whose sums hold.
struct StoredArchive {
  private var members: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  mutating func add(_ name: String, _ content: [UInt8]) {
    func field(_ number: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    // Version, flags, method, time, date; sum, sizes; lengths of the name and of nothing more.
    let common =
      [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0] + field(Int(CRC32.of(content).value), 4)
      + field(content.count, 4) + field(content.count, 4) + field(name.utf8.count, 4)
    let start = members.count
    members += [0x50, 0x4B, 3, 4] + common + name.utf8 + content
    directory += [0x50, 0x4B, 1, 2, 20, 0] + common
    directory += field(0, 10) + field(start, 4) + name.utf8
    count += 1
  }

  var bytes: [UInt8] {
    func field(_ number: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let counts = field(count).prefix(2) + field(count).prefix(2)
    let end =
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + counts + field(directory.count) + field(members.count)
    return members + directory + end + [0, 0]
  }
}
