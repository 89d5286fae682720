internal import OptimizerCore
internal import Tensors
internal import TorchContainer

/// A class of `torch.optim.lr_scheduler`, known by the keys of its dictionary: no dictionary names its class.
struct SchedulerClass: Sendable {
  /// PyTorch's name of it.
  let name: String

  /// The schedule that computes its rates.
  let kind: ScheduleKind

  /// Its own numbers, which the schedule's record calls the same.
  let settings: [String]

  /// Its own counters, which follow from its calls.
  var counters: Set<String> = []

  /// What every dictionary of a scheduler has; `verbose` until 2.6.
  static let common: Set<String> = [
    "base_lrs", "last_epoch", "_step_count", "_last_lr", "_is_initial",
    "_get_lr_called_within_step", "verbose",
  ]

  /// The classes that keep nothing but numbers.
  static let all = [
    SchedulerClass(name: "StepLR", kind: .torchStep, settings: ["step_size", "gamma"]),
    SchedulerClass(name: "MultiStepLR", kind: .torchMultiStep, settings: ["milestones", "gamma"]),
    SchedulerClass(name: "ConstantLR", kind: .torchConstant, settings: ["factor", "total_iters"]),
    SchedulerClass(
      name: "LinearLR",
      kind: .torchLinear,
      settings: ["start_factor", "end_factor", "total_iters"]
    ),
    SchedulerClass(name: "ExponentialLR", kind: .torchExponential, settings: ["gamma"]),
    SchedulerClass(
      name: "PolynomialLR",
      kind: .torchPolynomial,
      settings: ["total_iters", "power"]
    ),
    SchedulerClass(name: "CosineAnnealingLR", kind: .torchCosine, settings: ["T_max", "eta_min"]),
    SchedulerClass(
      name: "CosineAnnealingWarmRestarts",
      kind: .torchCosineRestarts,
      settings: ["T_0", "T_mult", "eta_min"],
      counters: ["T_i", "T_cur"]
    ),
  ]

  /// The class whose keys a dictionary has and no other.
  static func of(_ scheduler: PickleValue) -> SchedulerClass? {
    let keys = Set((scheduler.items ?? []).compactMap(\.key.text)).subtracting(common)
    return all.first { keys == $0.counters.union($0.settings) }
  }

  /// The dictionary's own numbers, `nil` where one is none.
  func parameters(_ scheduler: PickleValue) -> [String: HyperparameterValue]? {
    var parameters: [String: HyperparameterValue] = [:]
    for key in settings {
      switch scheduler[key] {
      case .int(let number)?: parameters[key] = .int(number)
      case .double(let number)?: parameters[key] = .double(number)
      case let value? where key == "milestones":
        guard let list = Self.milestones(value) else { return nil }
        parameters[key] = .doubles(list)
      default: return nil
      }
    }
    return parameters
  }

  /// How often a scheduler can multiply its rate at milestones.
  private static let mostMilestones: Int64 = 1 << 16

  /// A `Counter` of milestones.
  static func counter(_ milestones: [Int64], _ nodes: TorchNodes) -> PickleValue {
    var times: [Int64: Int64] = [:]
    for milestone in milestones { times[milestone, default: 0] += 1 }
    let items = times.sorted { $0.key < $1.key }.map {
      (key: PickleValue.int($0.key), value: PickleValue.int($0.value))
    }
    let call = PickleCall(
      module: "collections",
      name: "Counter",
      callable: nodes.global("collections", "Counter"),
      arguments: .tuple([.dictionary(items)])
    )
    return .object(PickleObject(.call(call)))
  }

  /// The milestones of a `Counter`, each as often as it counts.
  private static func milestones(_ value: PickleValue) -> [Double]? {
    var items = value.items
    if case .call(let call)? = value.object?.content, call.module == "collections",
      call.name == "Counter"
    {
      items = call.arguments.elements?.first?.items ?? []
    }
    guard let items else { return nil }
    var list: [Double] = []
    for (key, count) in items {
      guard let key = key.int, let count = count.int, (1...mostMilestones).contains(count),
        Int64(list.count) + count <= mostMilestones
      else { return nil }
      list += [Double](repeating: Double(key), count: Int(count))
    }
    return list.sorted()
  }
}
