/// HDF5's shuffle filter: the first bytes of all elements, then the second ones, and so on, which
/// puts the slowly varying exponents next to each other for deflate.
package enum Shuffle {
  /// Applies the filter.
  package static func apply(_ bytes: UnsafeRawBufferPointer, width: Int) -> [UInt8] {
    let count = bytes.count / width
    return unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { output, initialized in
      for place in 0..<width {
        let plane = unsafe UnsafeMutableBufferPointer(
          rebasing: output[place * count..<(place + 1) * count]
        )
        for element in 0..<count { unsafe plane[element] = bytes[element * width + place] }
      }
      for rest in width * count..<bytes.count { unsafe output[rest] = bytes[rest] }
      initialized = bytes.count
    }
  }

  /// Undoes the filter.
  static func undo(_ bytes: [UInt8], width: Int) -> [UInt8] {
    let count = bytes.count / width
    var output = bytes
    for place in 0..<width {
      for element in 0..<count { output[element * width + place] = bytes[place * count + element] }
    }
    return output
  }
}
