internal import Tensors

/// The extra fields of a zip header, of which one holds numbers that need 64 bits.
enum ZipExtra {
  /// What stands in the zip64 field, `nil` where there is none.
  ///
  /// Bytes at the end that are too few for a field are padding.
  static func wide(in extra: BlockCursor) throws -> BlockCursor? {
    var cursor = extra
    while cursor.remaining >= 4 {
      let kind = try cursor.integer(UInt16.self, "kind of an extra field")
      let length = Int(try cursor.integer(UInt16.self, "length of an extra field"))
      let start = cursor.offset
      let content = try cursor.take(length, "extra field")
      if kind == ZipSignature.extra64 { return BlockCursor(content, base: start) }
    }
    return nil
  }

  /// A number of a header, from the zip64 field where the header's own is too narrow.
  static func number(
    _ narrow: UInt32,
    _ field: String,
    from wide: inout BlockCursor?
  ) throws -> Int {
    guard narrow == ZipSignature.wide32, wide != nil else { return Int(narrow) }
    let start = wide?.offset ?? 0
    let value = try wide?.integer(UInt64.self, field) ?? 0
    guard let number = Int(exactly: value) else {
      throw StateError(.malformed, "\(field) is impossibly large", offset: start, found: "\(value)")
    }
    return number
  }
}
