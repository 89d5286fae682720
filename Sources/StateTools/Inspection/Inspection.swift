internal import ByteIO
internal import OptimizerCore
internal import StateConversion
public import Tensors
public import TrainingState

/// What a state is, from its headers alone, and from its numbers where they are asked for.
public struct Inspection: Sendable {
  /// Path that was inspected.
  public let path: String

  /// Name of the format.
  public let format: String

  /// The state; its variables are those that the pattern selects.
  public let state: TrainingState

  /// Statistics by the name of variable or slot, empty unless they were asked for.
  public let statistics: [ExactName: TensorStatistics]

  private let gaps: [String]

  /// Inspects a state.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix.
  ///   - readOptions: What the files themselves do not say.
  ///   - isSelected: Chooses variables by name; everything that is counted is counted over them.
  ///   - withStatistics: Whether the numbers are read.
  ///   - change: Adds what the file does not say, such as optimizer and schedule.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` as `StateFormats/open`.
  public init(
    _ path: String,
    readOptions: ReadOptions = ReadOptions(),
    isSelected: (String) -> Bool = { _ in true },
    withStatistics: Bool = false,
    change: (TrainingState) throws -> TrainingState = { $0 },
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    self.path = path
    let (opened, format) = try StateFormats.open(path, options: readOptions)
    var state = try change(opened)
    state.variables = state.variables.filter { isSelected($0.name) }
    self.state = state
    self.format = format
    var statistics: [ExactName: TensorStatistics] = [:]
    if withStatistics {
      let tensors = state.variables.flatMap { variable in
        (variable.value.map { [NamedTensor(variable.name, $0.tensor)] } ?? [])
          + variable.slots.map { NamedTensor("\(variable.name)/\($0.name)", $0.tensor.tensor) }
      }
      for (tensor, result) in zip(tensors, try TensorStatistics.of(tensors, progress: progress)) {
        statistics[ExactName(tensor.name)] = result
      }
    }
    self.statistics = statistics
    gaps = try state.parts.flatMap { try Self.gaps(in: $0.state) }
  }

  /// The optimizers of a state that has several, none otherwise.
  public var optimizers: [OptimizerSummary] {
    let whole = state.whole
    return whole.optimizers.map { OptimizerSummary($0, in: whole) }
  }

  /// Elements of all variables.
  public var parameterCount: Int {
    state.variables.reduce(0) { $0 + ($1.value?.tensor.shape.elementCount ?? 0) }
  }

  /// Bytes of all variables, slots and the other tensors of the state.
  public var byteCount: Int { state.byteCount }

  /// How many variables have each slot.
  public var slotCounts: [SlotName: Int] {
    var counts: [SlotName: Int] = [:]
    for slot in state.variables.lazy.flatMap(\.slots) { counts[slot.name, default: 0] += 1 }
    return counts
  }

  /// How many tensors, values and slots, have each element type.
  public var typeCounts: [ElementType: Int] {
    var counts: [ElementType: Int] = [:]
    for variable in state.variables {
      if let value = variable.value { counts[value.tensor.elementType, default: 0] += 1 }
      for slot in variable.slots { counts[slot.tensor.tensor.elementType, default: 0] += 1 }
    }
    return counts
  }

  /// The rate of the next update, `nil` where schedule or step are not known or make no sense.
  public var learningRate: Double? {
    guard let record = state.schedule, let step = state.globalStep?.value else { return nil }
    return try? Schedule(record).learningRate(at: step)
  }

  /// What the headers alone show to be odd, a sentence each.
  public var suspicions: [String] {
    var found = state.contradictions + state.claims
    let numbered = Set(state.numberedSlots.map { ExactName($0.name) })
    if !numbered.isEmpty {
      found.append(
        "which parameters the optimizer's \(numbered.count) numbers are is not certain: --names tells"
      )
    }
    if numbered.isEmpty { found += gaps }
    for variable in state.variables {
      guard let value = variable.value else {
        if numbered.contains(ExactName(variable.name)) { continue }
        found.append("\(variable.name) has slots and no value")
        continue
      }
      for slot in [SlotName.firstMoment, .secondMoment, .momentum, .meanSquare] {
        guard let tensor = variable[slot]?.tensor.tensor, tensor.shape != value.tensor.shape else {
          continue
        }
        found.append(
          "\(variable.name)/\(slot) has shape \(tensor.shape), its variable \(value.tensor.shape)"
        )
      }
    }
    if !slotCounts.isEmpty {
      let counts = state.variables.map(\.step) + state.optimizers.map(\.step)
      if state.globalStep == nil, counts.allSatisfy({ $0 == nil }) {
        found.append("there are slots and no global step")
      } else if state.globalStep?.value == 0 {
        found.append("there are slots at global step 0")
      }
    }
    return found
  }

  /// The optimizer, `nil` where nothing of it makes sense; what cannot be read is an error.
  private static func resolved(_ state: TrainingState) throws -> Optimizer? {
    do {
      return try ResolvedOptimizer(state).optimizer
    } catch let error as StateError where error.code != .inputOutput {
      return nil
    }
  }

  /// Slots that variables should have and do not.
  private static func gaps(in state: TrainingState) throws -> [String] {
    let expectations = SlotExpectations(state, try resolved(state))
    var lacking: [SlotName: [String]] = [:]
    for variable in state.variables {
      for slot in expectations.missing(of: variable).names {
        lacking[slot, default: []].append(variable.name)
      }
    }
    let count = state.variables.count { $0.canBeTrained }
    return lacking.sorted { $0.key < $1.key }.map { slot, names in
      "\(names.count) of \(count) variables lack \(slot), such as \(names[0])"
    }
  }
}
