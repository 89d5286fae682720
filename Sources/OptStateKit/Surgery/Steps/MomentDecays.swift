internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The hyper-parameters by which moments are averaged.
///
/// Flags give them, else the record has them, else TensorFlow's stored powers prove them. They are
/// never assumed.
struct MomentDecays {
  private let beta1: Double?
  private let beta2: Double?
  private let recorded: RecordedOptimizer?
  private var proved: [BetaPowerName.Base: Double] = [:]

  /// Looks for them in a state.
  ///
  /// - Throws: `StateError` with code `invalidArgument` when a flag makes no sense.
  init(_ state: TrainingState, beta1: Double? = nil, beta2: Double? = nil) throws {
    for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
      if let beta, !(0..<1).contains(beta) {
        throw StateError(
          .invalidArgument,
          "\(name) is \(beta)",
          expected: "a number from 0 to less than 1"
        )
      }
    }
    self.beta1 = beta1
    self.beta2 = beta2
    recorded = RecordedOptimizer(state)
    if recorded == nil, let step = state.globalStep?.value {
      let powers = BetaPowerTensors(state.optimizerTensors)
      for base in BetaPowerName.Base.allCases {
        proved[base] = try powers.base(base, in: state.optimizerTensors, step: step)
      }
    }
  }

  /// The decay of a variable's moment.
  ///
  /// - Throws: `StateError` with code `unsupported` when nobody says what it is.
  func beta(_ base: BetaPowerName.Base, for variable: String) throws -> Double {
    let flag = base == .beta1 ? beta1 : beta2
    let key = base.rawValue
    guard let beta = flag ?? recorded?.value(key, for: variable)?.number ?? proved[base] else {
      throw StateError(
        .unsupported,
        "the state does not say what \(key) is",
        remedy: "pass --beta1 and --beta2, or --optimizer such as bert_adamw"
      )
    }
    guard (0..<1).contains(beta) else {
      throw StateError(
        .malformed,
        "the record says that \(key) is \(beta)",
        expected: "a number from 0 to less than 1"
      )
    }
    return beta
  }

  /// What guards a variable's division, `nil` where nobody says.
  func epsilon(for variable: String) -> Double? {
    recorded?.value("epsilon", for: variable)?.number
  }
}
