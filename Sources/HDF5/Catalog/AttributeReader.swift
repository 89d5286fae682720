internal import CHDF5
internal import Tensors

/// Reads the attributes of one object.
enum AttributeReader {
  static func all(of object: Handle, _ fileSize: Int) throws -> [String: HDF5Value] {
    final class Found {
      var names: [String] = []
      var isInvalid = false
    }
    let found = Found()
    var position: hsize_t = 0
    let status = unsafe H5Aiterate2(
      object.id,
      H5_INDEX_NAME,
      H5_ITER_INC,
      &position,
      { _, name, _, context in
        guard let name = unsafe name, let context = unsafe context else { return -1 }
        let found = unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
        guard let text = unsafe String(validatingCString: name) else {
          found.isInvalid = true
          return 1
        }
        found.names.append(text)
        return 0
      },
      Unmanaged.passUnretained(found).toOpaque()
    )
    guard !found.isInvalid else {
      throw StateError(.unsupported, "an attribute's name is not valid UTF-8")
    }
    try Gate.check(status, "list attributes")
    var values: [String: HDF5Value] = [:]
    for name in found.names {
      let attribute = try Handle(unsafe H5Aopen(object.id, name, 0), "open the attribute '\(name)'")
      guard let value = try value(of: attribute, name, fileSize) else { continue }
      guard values.updateValue(value, forKey: name) == nil else {
        throw StateError(.malformed, "the attribute '\(name)' is there twice")
      }
    }
    return values
  }

  private static func value(
    of attribute: Handle,
    _ name: String,
    _ fileSize: Int
  ) throws -> HDF5Value? {
    let type = try Handle(H5Aget_type(attribute.id), "read a type")
    let space = try Handle(H5Aget_space(attribute.id), "read a shape")
    guard let dimensions = try Dataspace.dimensions(of: space.id) else { return nil }
    // An attribute lies in the file as a whole, so its size bounds what is allocated for it.
    var count = 1
    for dimension in dimensions {
      let next = count.multipliedReportingOverflow(by: Int(truncatingIfNeeded: dimension))
      guard !next.overflow, next.partialValue >= 0, next.partialValue <= fileSize else {
        throw StateError(.malformed, "the attribute '\(name)' declares more than the file has")
      }
      count = next.partialValue
    }
    let isScalar = dimensions.isEmpty
    let width = H5Tget_size(type.id)
    guard width > 0, count <= fileSize / width else {
      throw StateError(.malformed, "the attribute '\(name)' declares more than the file has")
    }
    switch H5Tget_class(type.id) {
    case H5T_INTEGER:
      if isScalar, width == 4, H5Tget_sign(type.id) == H5T_SGN_NONE {
        return .unsigned(try read(attribute, optstate_h5t_uint32(), [UInt32(0)])[0])
      }
      let numbers = try read(attribute, optstate_h5t_int64(), [Int64](repeating: 0, count: count))
      return isScalar ? .integer(numbers[0]) : .integers(numbers)
    case H5T_FLOAT:
      let numbers = try read(
        attribute,
        optstate_h5t_float64(),
        [Double](repeating: 0, count: count)
      )
      return isScalar ? .real(numbers[0]) : .reals(numbers)
    case H5T_ENUM where isScalar && width == 1 && Datatype.elementType(of: type.id) == .bool:
      return .bool(try read(attribute, type.id, [Int8(0)])[0] != 0)
    case H5T_STRING:
      let texts =
        H5Tis_variable_str(type.id) > 0
        ? try variableTexts(attribute, type, space, count, name)
        : try fixedTexts(attribute, type, width, count, name)
      return isScalar ? .text(texts[0]) : .texts(texts)
    default: return nil
    }
  }

  private static func read<Element: BitwiseCopyable>(
    _ attribute: Handle,
    _ type: hid_t,
    _ initial: [Element]
  ) throws -> [Element] {
    var elements = initial
    if elements.isEmpty { return elements }
    try unsafe elements.withUnsafeMutableBytes { bytes in
      _ = try unsafe Gate.check(H5Aread(attribute.id, type, bytes.baseAddress), "read an attribute")
    }
    return elements
  }

  private static func fixedTexts(
    _ attribute: Handle,
    _ type: Handle,
    _ width: Int,
    _ count: Int,
    _ name: String
  ) throws -> [String] {
    let bytes = try read(attribute, type.id, [UInt8](repeating: 0, count: count * width))
    return try (0..<count).map { index in
      let padded = bytes[index * width..<(index + 1) * width]
      return try text(padded.prefix { $0 != 0 }, name)
    }
  }

  private static func variableTexts(
    _ attribute: Handle,
    _ type: Handle,
    _ space: Handle,
    _ count: Int,
    _ name: String
  ) throws -> [String] {
    let memory = try Handle(H5Tcopy(type.id), "copy a type")
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    if count == 0 { return [] }
    try unsafe Gate.check(H5Aread(attribute.id, memory.id, &pointers), "read an attribute")
    defer { _ = unsafe H5Dvlen_reclaim(memory.id, space.id, 0, &pointers) }
    return try unsafe pointers.map { pointer in
      guard let pointer = unsafe pointer else { return "" }
      guard let text = unsafe String(validatingCString: pointer) else {
        throw StateError(.malformed, "the attribute '\(name)' is not valid UTF-8")
      }
      return text
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>, _ name: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw StateError(.malformed, "the attribute '\(name)' is not valid UTF-8")
    }
    return text
  }
}
