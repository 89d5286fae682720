/// The update rules that this library computes.
///
/// The raw value is the record's ``OptimizerRecord/kind``.
public enum RuleKind: String, Sendable, Hashable, CaseIterable {
  /// Gradient descent, momentum, Nesterov: ``SGD``.
  case sgd
  /// ``Adagrad``.
  case adagrad
  /// ``RMSProp``.
  case rmsprop
  /// ``Adam`` without weight decay of its own.
  case adam
  /// ``Adam`` with decoupled weight decay.
  case adamw
  /// The original BERT optimizer: ``BERTAdamW``.
  case bertAdamW = "bert_adamw"
  /// keras-bert's AdamWarmup: ``KerasBERTAdamW``.
  case kerasBERTAdamW = "keras_bert_adamw"
  /// ``AdaX``.
  case adax
  /// ``Adafactor``.
  case adafactor
  /// ``LAMB``.
  case lamb
  /// ``Lion``.
  case lion
  /// ``Adadelta``.
  case adadelta
  /// ``Adamax``.
  case adamax
  /// ``NAdam``.
  case nadam
  /// ``RAdam``.
  case radam
  /// ``ASGD``.
  case asgd
  /// ``Rprop``.
  case rprop
  /// ``Ftrl``.
  case ftrl
  /// ``ScheduleFreeAdamW``.
  case scheduleFreeAdamW = "schedule_free_adamw"

  /// The one convention in which the rule exists, `nil` when it exists in all.
  public var onlyConvention: Convention? {
    switch self {
    case .kerasBERTAdamW, .adax, .lamb, .lion, .ftrl: .tensorflow
    case .radam, .asgd, .rprop, .scheduleFreeAdamW: .pytorch
    case .sgd, .adagrad, .rmsprop, .adam, .adamw, .bertAdamW, .adafactor, .adadelta, .adamax,
      .nadam:
      nil
    }
  }

  /// Whether the rule exists in an arithmetic.
  func exists(in arithmetic: Arithmetic) -> Bool {
    if arithmetic.isOptax { return self == .adam || self == .adamw }
    return onlyConvention ?? arithmetic.convention == arithmetic.convention
  }

  /// Makes the rule from a record's values.
  func rule(from reader: inout RecordReader) throws -> any UpdateRule {
    switch self {
    case .sgd: try SGD(from: &reader)
    case .adagrad: try Adagrad(from: &reader)
    case .rmsprop: try RMSProp(from: &reader)
    case .adam: try Adam(from: &reader, decoupled: false)
    case .adamw: try Adam(from: &reader, decoupled: true)
    case .bertAdamW: try BERTAdamW(from: &reader)
    case .kerasBERTAdamW: try KerasBERTAdamW(from: &reader)
    case .adax: try AdaX(from: &reader)
    case .adafactor: try Adafactor(from: &reader)
    case .lamb: try LAMB(from: &reader)
    case .lion: try Lion(from: &reader)
    case .adadelta: try Adadelta(from: &reader)
    case .adamax: try Adamax(from: &reader)
    case .nadam: try NAdam(from: &reader)
    case .radam: try RAdam(from: &reader)
    case .asgd: try ASGD(from: &reader)
    case .rprop: try Rprop(from: &reader)
    case .ftrl: try Ftrl(from: &reader)
    case .scheduleFreeAdamW: try ScheduleFreeAdamW(from: &reader)
    }
  }
}
