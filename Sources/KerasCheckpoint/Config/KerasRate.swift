internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The learning rate that Keras 3 keeps as a variable, which holds more than the configuration.
enum KerasRate {
  /// The rate's tensor, `nil` where the optimizer keeps none.
  static func tensor(of state: TrainingState) -> StateTensor? {
    // The rate of an optimizer that loss scaling wraps stands behind the wrapper's.
    state.optimizerTensors.last { tensor in
      KerasNames.components(tensor.name).last == "learning_rate"
        && tensor.attributes[KerasNames.Attribute.list] == nil
        && tensor.tensor.elementType == .float32 && tensor.tensor.shape.rank == 0
    }
  }

  /// The rate's tensor among those of one of several optimizers, `nil` where it keeps none.
  static func tensor(among tensors: [StateTensor], of optimizer: String) -> StateTensor? {
    tensors.first { tensor in
      tensor.name == optimizer + "/learning_rate" && tensor.tensor.elementType == .float32
        && tensor.tensor.shape.rank == 0
    }
  }

  /// The value of a rate's tensor.
  static func value(_ tensor: StateTensor) throws -> Double {
    let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor), limit: 4)
    let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Double(Float(bitPattern: bits))
  }

  /// Takes the rate into the optimizer's record.
  static func read(into state: inout TrainingState) throws {
    guard state.optimizer != nil, let tensor = tensor(of: state) else { return }
    state.optimizer?.hyperparameters["learning_rate"] = .double(try value(tensor))
  }

  /// Brings the rate's tensor to the record's value; where a schedule has taken its place, it goes.
  static func write(into state: inout TrainingState) throws {
    guard let old = tensor(of: state) else { return }
    if let rate = state.optimizer?.hyperparameters["learning_rate"]?.number,
      Double(Float(rate)) != (try value(old))
    {
      let fresh = try tensor(rate)
      for index in state.optimizerTensors.indices
      where state.optimizerTensors[index].name == old.name {
        state.optimizerTensors[index].tensor = fresh
      }
    }
  }

  /// The tensor of a rate.
  static func tensor(_ rate: Double) throws -> Tensor {
    let bits = Float(rate).bitPattern
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    return try Tensor(.float32, .scalar, bytes: bytes)
  }
}
