internal import Tensors
internal import TrainingState

/// The attributes by which a state remembers how its arrays were laid out, so that they can be written
/// back identically.
enum NumPyLayout {
  /// Of a tensor: that its axes were column-major.
  static let order = "npz.fortran_order"

  /// Of a tensor: `>` where its numbers were big-endian.
  static let byteOrder = "npz.byte_order"

  /// Of a tensor: the header's version, where it is not 1.
  static let versionName = "npz.version"

  /// Of a tensor: the type of elements where the hub has none for it, or where NumPy has none for the hub's.
  static let type = "npz.descr"

  /// Of such a tensor: its shape, sizes joined by commas.
  static let shape = "npz.shape"

  /// Of an extra: that it is a member of the archive that is no array.
  static let isFile = "npz.file"

  /// An array as a tensor of the state.
  static func tensor(_ array: NumPyArray, _ name: String, index: Int) -> StateTensor {
    var tensor = StateTensor(name, array.tensor, index: index)
    let header = array.header
    if header.isFortranOrder { tensor.attributes[order] = .bool(true) }
    if header.version != 1 { tensor.attributes[versionName] = .int(Int64(header.version)) }
    // Two bytes without a meaning are written as they came.
    if header.type.elementType == nil || header.type.kind == "V" {
      tensor.attributes[type] = .string(header.type.descr)
      tensor.attributes[shape] = .string(
        header.shape.dimensions.map(String.init).joined(separator: ",")
      )
    } else if header.type.isBigEndian {
      tensor.attributes[byteOrder] = .string(">")
    }
    return tensor
  }

  static func version(_ attributes: [String: AttributeValue]) throws -> Int {
    guard case .int(let number)? = attributes[versionName] else { return 1 }
    guard 1...3 ~= number else {
      throw StateError(.malformed, "the attribute \(versionName) is damaged")
    }
    return Int(number)
  }
}
