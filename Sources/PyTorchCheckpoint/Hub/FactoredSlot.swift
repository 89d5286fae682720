internal import Tensors
internal import TorchContainer

/// Slots whose shape is not their variable's: PyTorch keeps the axis that a mean was taken over.
enum FactoredSlot {
  private static let whole: Set<String> = [
    "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "grad_avg", "sum",
    "acc_delta", "exp_inf", "variance",
  ]

  /// The shape of the parameter that slots belong to, `nil` where they do not tell.
  static func parameterShape(_ slots: [(key: String, found: TorchSurvey.Found)]) -> Shape? {
    func shape(_ key: String) -> [Int]? {
      slots.first { $0.key == key }?.found.shape.dimensions
    }
    if let found = slots.first(where: { whole.contains($0.key) }) {
      return found.found.shape
    }
    // The first may be two tensors in one.
    if let second = slots.first(where: { $0.key == "state2" || $0.key == "state1" }) {
      return (slots.first { $0.key == "state2" } ?? second).found.shape
    }
    if let row = shape("row_var"), let column = shape("col_var"), let last = column.last {
      return try? Shape(row.dropLast() + [last])
    }
    if let row = shape("exp_avg_sq_row"), let column = shape("exp_avg_sq_col"),
      let last = column.last
    {
      return try? Shape(row + [last])
    }
    return nil
  }

  /// The slot in the hub's shape.
  static func fromTorch(_ tensor: Tensor, _ key: String) throws -> Tensor {
    var dimensions = tensor.shape.dimensions
    switch key {
    case "row_var" where dimensions.last == 1: dimensions.removeLast()
    case "col_var" where dimensions.count > 1 && dimensions[dimensions.count - 2] == 1:
      dimensions.remove(at: dimensions.count - 2)
    default: return tensor
    }
    return try tensor.reshaped(try Shape(dimensions))
  }

  /// The slot in PyTorch's shape.
  static func toTorch(_ tensor: Tensor, _ key: String) throws -> Tensor {
    var dimensions = tensor.shape.dimensions
    switch key {
    case "row_var": dimensions.append(1)
    case "col_var": dimensions.insert(1, at: max(0, dimensions.count - 1))
    default: return tensor
    }
    return try tensor.reshaped(try Shape(dimensions))
  }
}
