internal import CHDF5
internal import Tensors

/// Element types as libhdf5 describes them.
enum Datatype {
  /// The HDF5 type that holds an element type, and whether a reader can tell it back from that alone.
  ///
  /// The others are stored as the integers of their width that hold their bits.
  static func handle(for type: ElementType) throws -> (handle: Handle, isExact: Bool) {
    switch type {
    case .float32: (try copy(optstate_h5t_float32()), true)
    case .float64: (try copy(optstate_h5t_float64()), true)
    case .int8: (try copy(optstate_h5t_int8()), true)
    case .int16: (try copy(optstate_h5t_int16()), true)
    case .int32: (try copy(optstate_h5t_int32()), true)
    case .int64: (try copy(optstate_h5t_int64()), true)
    case .uint8: (try copy(optstate_h5t_uint8()), true)
    case .uint16: (try copy(optstate_h5t_uint16()), true)
    case .uint32: (try copy(optstate_h5t_uint32()), true)
    case .uint64: (try copy(optstate_h5t_uint64()), true)
    case .float16: (try half(), true)
    case .bool: (try boolean(), true)
    case .complex64: (try complex(optstate_h5t_float32(), width: 4), true)
    case .complex128: (try complex(optstate_h5t_float64(), width: 8), true)
    case .bfloat16, .quint16: (try copy(optstate_h5t_uint16()), false)
    case .qint16: (try copy(optstate_h5t_int16()), false)
    case .qint32: (try copy(optstate_h5t_int32()), false)
    case .qint8, .int4, .int2: (try copy(optstate_h5t_int8()), false)
    case .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E4M3B11FNUZ, .float8E5M2FNUZ,
      .float8E8M0FNU, .float4E2M1FN, .uint4, .uint2, .quint8, .string, .variant:
      (try copy(optstate_h5t_uint8()), false)
    }
  }

  /// What an HDF5 type holds, `nil` where it is nothing that a tensor could be made of.
  static func elementType(of type: hid_t) -> ElementType? {
    let size = H5Tget_size(type)
    switch H5Tget_class(type) {
    case H5T_FLOAT:
      guard H5Tget_order(type) == H5T_ORDER_LE else { return nil }
      if isEqual(type, optstate_h5t_float32()) { return .float32 }
      if isEqual(type, optstate_h5t_float64()) { return .float64 }
      if let half = try? half(), isEqual(type, half.id) { return .float16 }
      return nil
    case H5T_INTEGER:
      guard size == 1 || H5Tget_order(type) == H5T_ORDER_LE else { return nil }
      let isSigned = H5Tget_sign(type) == H5T_SGN_2
      switch (size, isSigned) {
      case (1, true): return .int8
      case (2, true): return .int16
      case (4, true): return .int32
      case (8, true): return .int64
      case (1, false): return .uint8
      case (2, false): return .uint16
      case (4, false): return .uint32
      case (8, false): return .uint64
      default: return nil
      }
    case H5T_ENUM:
      if let boolean = try? boolean(), isEqual(type, boolean.id) { return .bool }
      return nil
    case H5T_COMPOUND:
      if size == 8, let type64 = try? complex(optstate_h5t_float32(), width: 4),
        isEqual(type, type64.id)
      {
        return .complex64
      }
      if size == 16, let type128 = try? complex(optstate_h5t_float64(), width: 8),
        isEqual(type, type128.id)
      {
        return .complex128
      }
      return nil
    default: return nil
    }
  }

  /// UTF-8 text of any length.
  static func text() throws -> Handle {
    let type = try copy(optstate_h5t_c_string())
    try Gate.check(H5Tset_size(type.id, optstate_h5t_variable()), "make a string type")
    try Gate.check(H5Tset_cset(type.id, H5T_CSET_UTF8), "make a string type")
    return type
  }

  /// The enumeration by which h5py stores truth values.
  static func boolean() throws -> Handle {
    let type = try Handle(H5Tenum_create(optstate_h5t_int8()), "make an enumeration")
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", 1)] {
      var value = value
      try unsafe Gate.check(H5Tenum_insert(type.id, name, &value), "make an enumeration")
    }
    return type
  }

  /// IEEE 754 binary16.
  private static func half() throws -> Handle {
    let type = try copy(optstate_h5t_float32())
    try Gate.check(H5Tset_fields(type.id, 15, 10, 5, 0, 10), "make a half type")
    try Gate.check(H5Tset_size(type.id, 2), "make a half type")
    try Gate.check(H5Tset_ebias(type.id, 15), "make a half type")
    return type
  }

  /// The pair of numbers by which h5py stores complex ones.
  private static func complex(_ part: hid_t, width: Int) throws -> Handle {
    let type = try Handle(H5Tcreate(H5T_COMPOUND, 2 * width), "make a complex type")
    try unsafe Gate.check(H5Tinsert(type.id, "r", 0, part), "make a complex type")
    try unsafe Gate.check(H5Tinsert(type.id, "i", width, part), "make a complex type")
    return type
  }

  private static func copy(_ type: hid_t) throws -> Handle {
    try Handle(H5Tcopy(type), "copy a type")
  }

  private static func isEqual(_ first: hid_t, _ second: hid_t) -> Bool {
    H5Tequal(first, second) > 0
  }
}
