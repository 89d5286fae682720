internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// How many gradients are in the sums of an accumulation that has not come to its update.
///
/// A state keeps the number beside the sums, as a scalar of the optimizer.
enum GradientCount {
  static let name = "accumulated_gradients"

  /// The number that a state records, `nil` where it records none.
  static func read(_ tensors: [StateTensor], _ accumulation: GradientAccumulation) throws -> Int64?
  {
    guard let tensor = tensors.first(where: { $0.name == name }) else { return nil }
    guard tensor.tensor.elementType == .int64, tensor.tensor.shape.rank == 0 else {
      throw StateError(
        .malformed,
        "the number of accumulated gradients has another type",
        tensor: name,
        expected: "int64[]",
        found: "\(tensor.tensor.elementType.rawValue)\(tensor.tensor.shape)"
      )
    }
    let bytes = try TensorPass.verifiedBytes(of: NamedTensor(name, tensor.tensor), limit: 8)
    let count = Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    guard count >= 0, count < accumulation.steps else {
      throw StateError(
        .malformed,
        "the number of accumulated gradients does not fit the optimizer",
        tensor: name,
        expected: "0 to \(accumulation.steps - 1)",
        found: "\(count)"
      )
    }
    return count
  }

  /// The tensors with the number in them.
  static func recorded(_ count: Int64, in tensors: [StateTensor]) -> [StateTensor] {
    var tensors = tensors
    if let place = tensors.firstIndex(where: { $0.name == name }) {
      tensors[place].tensor = .scalar(count)
    } else {
      tensors.append(StateTensor(name, .scalar(count)))
    }
    return tensors
  }
}
