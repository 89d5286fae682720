internal import HDF5
internal import Tensors

extension AttributeValue {
  /// The value as HDF5 keeps it.
  var hdf5: HDF5Value {
    switch self {
    case .bool(let value): .bool(value)
    case .int(let value): .integer(value)
    case .double(let value): .real(value)
    case .string(let value): .text(value)
    case .doubles(let values): .reals(values)
    case .strings(let values): .texts(values)
    }
  }

  /// The value that HDF5 keeps; lists of integers become lists of numbers.
  init(_ value: HDF5Value) {
    self =
      switch value {
      case .bool(let value): .bool(value)
      case .integer(let value): .int(value)
      case .unsigned(let value): .int(Int64(value))
      case .real(let value): .double(value)
      case .text(let value): .string(value)
      case .integers(let values): .doubles(values.map(Double.init))
      case .reals(let values): .doubles(values)
      case .texts(let values): .strings(values)
      }
  }
}
