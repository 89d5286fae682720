internal import CHDF5
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Attributes as libhdf5 keeps them.
enum Attribute {
  /// Creates an attribute of a group or a dataset.
  static func write(_ name: String, _ value: HDF5Value, to owner: Handle) throws {
    try Gate.locked {
      switch value {
      case .integer(let number):
        try create(name, optstate_h5t_int64(), [], owner, [number])
      case .unsigned(let number):
        try create(name, optstate_h5t_uint32(), [], owner, [number])
      case .real(let number):
        try create(name, optstate_h5t_float64(), [], owner, [number])
      case .bool(let flag):
        // The type must stay open until the attribute has been written.
        let type = try Datatype.boolean()
        try withExtendedLifetime(type) {
          try create(name, type.id, [], owner, [Int8(flag ? 1 : 0)])
        }
      case .integers(let numbers):
        try create(name, optstate_h5t_int64(), [numbers.count], owner, numbers)
      case .reals(let numbers):
        try create(name, optstate_h5t_float64(), [numbers.count], owner, numbers)
      case .text(let text): try create(name, [text], [], owner)
      case .texts(let texts): try create(name, texts, [texts.count], owner)
      }
    }
  }

  /// Creates an attribute in the form that h5py gives Python's byte strings: of any length for a text,
  /// padded to the longest for a list.
  ///
  /// A list without elements becomes an empty list of numbers, as NumPy makes it.
  static func writeASCII(_ name: String, _ texts: [String], isList: Bool, to owner: Handle) throws {
    try Gate.locked {
      guard !texts.contains(where: { $0.utf8.contains(0) }) else {
        throw StateError(.unsupported, "the text of attribute '\(name)' has a NUL in it")
      }
      if !isList {
        let type = try Datatype.ascii()
        let copies = unsafe texts.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        try unsafe copies.withUnsafeBytes { bytes in
          try unsafe create(name, type.id, [], owner, bytes.baseAddress)
        }
        return
      }
      guard !texts.isEmpty else {
        return try create(name, optstate_h5t_float64(), [0], owner, [Double]())
      }
      let longest = max(1, texts.map(\.utf8.count).max() ?? 1)
      let type = try Datatype.ascii(byteCount: longest)
      let padded = texts.flatMap { text in
        Array(text.utf8) + [UInt8](repeating: 0, count: longest - text.utf8.count)
      }
      // The type must stay open until the attribute has been written.
      try withExtendedLifetime(type) {
        try create(name, type.id, [texts.count], owner, padded)
      }
    }
  }

  private static func create<Element: BitwiseCopyable>(
    _ name: String,
    _ type: hid_t,
    _ dimensions: [Int],
    _ owner: Handle,
    _ elements: [Element]
  ) throws {
    try unsafe elements.withUnsafeBytes { bytes in
      try unsafe create(name, type, dimensions, owner, bytes.baseAddress)
    }
  }

  /// Texts of any length, as an array of pointers to terminated strings.
  private static func create(
    _ name: String,
    _ texts: [String],
    _ dimensions: [Int],
    _ owner: Handle
  ) throws {
    guard !texts.contains(where: { $0.utf8.contains(0) }) else {
      throw StateError(.unsupported, "the text of attribute '\(name)' has a NUL in it")
    }
    let type = try Datatype.text()
    let copies = unsafe texts.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    try unsafe copies.withUnsafeBytes { bytes in
      try unsafe create(name, type.id, dimensions, owner, bytes.baseAddress)
    }
  }

  private static func create(
    _ name: String,
    _ type: hid_t,
    _ dimensions: [Int],
    _ owner: Handle,
    _ data: UnsafeRawPointer?
  ) throws {
    let space = try Dataspace.handle(dimensions)
    let attribute = try unsafe Handle(
      H5Acreate2(owner.id, name, type, space.id, 0, 0),
      "create the attribute '\(name)'",
      code: .cannotCreate
    )
    guard dimensions.allSatisfy({ $0 > 0 }), let data = unsafe data else { return }
    // The memory type is the file type: all are little-endian, as every supported machine is.
    try unsafe Gate.check(
      H5Awrite(attribute.id, type, data),
      "write the attribute '\(name)'",
      code: .inputOutput
    )
  }
}
