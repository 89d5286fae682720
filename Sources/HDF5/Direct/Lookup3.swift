/// Bob Jenkins' lookup3, the sum that HDF5 keeps of its metadata.
///
/// Source: HDF5 File Format Specification 3.0, section on checksums; lookup3.c, `hashlittle`.
package enum Lookup3 {
  /// The sum of bytes.
  package static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var a = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
    var b = a
    var c = a
    var rest = bytes
    func word(_ place: Int) -> UInt32 {
      // Bytes behind the end count as zero.
      let start = rest.startIndex + place
      var word: UInt32 = 0
      for index in start..<max(start, min(start + 4, rest.endIndex)) {
        word |= UInt32(rest[index]) << UInt32(8 * (index - start))
      }
      return word
    }
    func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 {
      value << count | value >> (32 - count)
    }
    while rest.count > 12 {
      a &+= word(0)
      b &+= word(4)
      c &+= word(8)
      a = (a &- c) ^ rotate(c, 4)
      c &+= b
      b = (b &- a) ^ rotate(a, 6)
      a &+= c
      c = (c &- b) ^ rotate(b, 8)
      b &+= a
      a = (a &- c) ^ rotate(c, 16)
      c &+= b
      b = (b &- a) ^ rotate(a, 19)
      a &+= c
      c = (c &- b) ^ rotate(b, 4)
      b &+= a
      rest = rest.dropFirst(12)
    }
    if rest.isEmpty { return c }
    a &+= word(0)
    b &+= word(4)
    c &+= word(8)
    c = (c ^ b) &- rotate(b, 14)
    a = (a ^ c) &- rotate(c, 11)
    b = (b ^ a) &- rotate(a, 25)
    c = (c ^ b) &- rotate(b, 16)
    a = (a ^ c) &- rotate(c, 4)
    b = (b ^ a) &- rotate(a, 14)
    c = (c ^ b) &- rotate(b, 24)
    return c
  }
}
