internal import Tensors

extension ScheduleKind {
  /// The smallest record of the kind that means something.
  public var example: ScheduleRecord {
    ScheduleRecord(kind: rawValue, parameters: exampleParameters)
  }

  private var exampleParameters: [String: HyperparameterValue] {
    var parameters: [String: HyperparameterValue] = ["learning_rate": .double(0.001)]
    switch self {
    case .constant, .inverseSquareRoot, .huggingFaceConstant: break
    case .exponential, .inverseTime:
      parameters["decay_steps"] = .int(1000)
      parameters["decay_rate"] = .double(0.5)
    case .piecewiseConstant:
      parameters = ["boundaries": .doubles([1000]), "values": .doubles([0.001, 0.0001])]
    case .piecewiseLinear:
      parameters["steps"] = .doubles([0, 1000])
      parameters["multiples"] = .doubles([1, 0.1])
    case .polynomial, .cosine, .kerasBERT: parameters["decay_steps"] = .int(1000)
    case .cosineRestarts: parameters["first_decay_steps"] = .int(1000)
    case .bert: parameters["num_train_steps"] = .int(1000)
    case .huggingFaceConstantWithWarmup, .huggingFaceInverseSquareRoot:
      parameters["num_warmup_steps"] = .int(100)
    case .huggingFaceLinear, .huggingFaceCosine, .huggingFaceCosineWithRestarts,
      .huggingFacePolynomial:
      parameters["num_training_steps"] = .int(1000)
    case .torchConstant, .torchLinear, .torchPolynomial: break
    case .torchStep: parameters["step_size"] = .int(1000)
    case .torchMultiStep: parameters["milestones"] = .doubles([1000])
    case .torchExponential: parameters["gamma"] = .double(0.999)
    case .torchCosine: parameters["T_max"] = .int(1000)
    case .torchCosineRestarts: parameters["T_0"] = .int(1000)
    case .torchCyclic:
      parameters["max_learning_rate"] = .double(0.01)
      parameters["total_size"] = .double(1000)
    case .torchOneCycle:
      parameters["max_learning_rate"] = .double(0.01)
      parameters["min_learning_rate"] = .double(1e-6)
      parameters["total_steps"] = .int(1000)
      parameters["phase_ends"] = .doubles([299, 999])
    case .torchSequential:
      parameters["schedules"] = .strings(["torch_linear", "torch_cosine:T_max=1000"])
      parameters["milestones"] = .doubles([5])
    case .torchChained:
      parameters["schedules"] = .strings(["torch_linear", "torch_exponential:gamma=0.999"])
    }
    return parameters
  }

  /// The keys of the kind's records; those of ``example`` have to be said.
  ///
  /// - Returns: The keys in alphabetical order.
  public var keys: [RecordKey] {
    let said = exampleParameters
    var reader = RecordReader("schedule '\(rawValue)'", said)
    _ = try? curve(from: &reader)
    return reader.keys.sorted().map { key in
      RecordKey(key, standard: said[key] == nil ? reader.resolved[key] : nil)
    }
  }
}
