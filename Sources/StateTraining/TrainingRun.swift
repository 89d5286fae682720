internal import ByteIO
internal import OptimizerCatalog
public import OptimizerCore
internal import StateConversion
internal import StateStore
public import Tensors
public import TrainingState

/// A model's parameters in memory with their optimizer: what a training loop holds.
///
/// ```swift
/// let run = try TrainingRun(resuming: state)
/// while run.globalStep < 1000 { try run.apply(gradients) }
/// try run.save(to: "run-1000.h5")
/// ```
///
/// Where the optimizer accumulates gradients, only every so many of them make an update. The sums and
/// their number are part of the state, so that a run can be saved between two updates as well.
///
/// A run is used from one thread at a time; the update itself uses all cores. It ends with the same
/// bits however often it was saved and resumed.
public final class TrainingRun {
  /// The optimizer, every default filled in.
  public private(set) var optimizer: Optimizer

  /// The learning-rate schedule, `nil` where the optimizer's own rate holds throughout.
  public let schedule: Schedule?

  /// Updates applied so far.
  public private(set) var globalStep: Int64

  /// Gradients that have been applied since the last update, where they are accumulated.
  public private(set) var accumulatedGradients: Int64 = 0

  private let source: TrainingState
  private var optimizerTensors: [StateTensor]
  private let variables: [TrainedVariable]
  private let places: [ExactName: Int]

  /// Continues from a state.
  ///
  /// - Parameters:
  ///   - state: The state; all of it is brought into memory, verified.
  ///   - optimizer: The optimizer, by default the one that the state records.
  ///   - schedule: The schedule, by default the one that the state records.
  ///   - convention: Whose arithmetic to follow, by default the record's own.
  /// - Throws: `StateError` with code `invalidArgument` when nobody says which optimizer it is,
  ///   `unsupported` when the state has several and none is chosen, `malformed` when slots do not fit, or what reading
  ///   throws.
  public init(
    resuming state: TrainingState,
    optimizer: OptimizerRecord? = nil,
    schedule: ScheduleRecord? = nil,
    convention: Convention? = nil
  ) throws {
    try state.checkIsOfOneOptimizer()
    guard let record = optimizer ?? state.optimizer else {
      throw StateError(
        .invalidArgument,
        "the state does not say which optimizer it belongs to",
        remedy: "name one, such as bert_adamw or adamw:learning_rate=0.001"
      )
    }
    guard
      let step = state.globalStep?.value ?? state.variables.lazy.compactMap(\.step).max()
        ?? Self.updates(of: record, schedule ?? state.schedule)
    else {
      throw StateError(.malformed, "the state does not say how many updates were applied")
    }
    guard step >= 0 else {
      throw StateError(.malformed, "the global step is negative", found: "\(step)")
    }
    if optimizer == nil { try record.checkRecorded() }
    let resolved = try Optimizer(record, convention: convention)
    var described = state
    described.optimizer = resolved.record
    let isFolded = state.variables.contains { $0.slots.contains { $0.history.isFolded } }
    let corrects = try ResolvedOptimizer(described).correctsBias
    guard !isFolded || corrects != true else {
      throw StateError(
        .unsupported,
        "the correction is folded into the moments, and optimizer '\(record.kind)' corrects again",
        remedy: "debias --unfold takes it out; bias_correction=none leaves it"
      )
    }
    self.optimizer = resolved
    if schedule == nil { try state.schedule?.checkRecorded() }
    self.schedule = try (schedule ?? state.schedule).map(Schedule.init)
    globalStep = step
    source = state
    optimizerTensors = state.optimizerTensors
    variables = try state.variables.compactMap { variable in
      guard let value = variable.value, value.tensor.elementType.isFloatingPoint else { return nil }
      return try TrainedVariable(variable, value: value, optimizer: resolved)
    }
    places = Dictionary(
      variables.enumerated().map { (ExactName($0.element.name), $0.offset) },
      uniquingKeysWith: { first, _ in first }
    )
    if let accumulation = resolved.accumulation {
      let count = try GradientCount.read(state.optimizerTensors, accumulation)
      for variable in variables { try variable.resumeAccumulation(count: count) }
      accumulatedGradients = count ?? 0
    }
  }

  /// Starts a run from fresh parameters.
  ///
  /// - Parameters:
  ///   - parameters: Names and values, in the order in which a state shall list them.
  ///   - optimizer: The optimizer.
  ///   - schedule: The schedule.
  ///   - convention: Whose arithmetic to follow, by default the record's own.
  /// - Throws: `StateError` with code `invalidArgument` when the records make no sense.
  public convenience init(
    parameters: [(name: String, value: Tensor)],
    optimizer: OptimizerRecord,
    schedule: ScheduleRecord? = nil,
    convention: Convention? = nil
  ) throws {
    let state = TrainingState(
      variables: parameters.map { Variable($0.name, value: StateTensor($0.name, $0.value)) },
      globalStep: GlobalStep(0),
      optimizer: optimizer,
      schedule: schedule,
      origin: StateFormat.native.origin
    )
    try self.init(resuming: state, convention: convention)
    for variable in variables { try variable.startSlots() }
  }

  /// The rate of the next update.
  ///
  /// - Throws: `StateError` with code `invalidArgument` when the schedule does not cover the step.
  public func learningRate() throws -> Double {
    try schedule?.learningRate(at: globalStep, in: optimizer.arithmetic)
      ?? optimizer.record.hyperparameters["learning_rate"]?.number ?? 0
  }

  /// Names of the parameters, in the state's order.
  public var parameterNames: [String] { variables.map(\.name) }

  /// A parameter's little-endian bytes, copied.
  ///
  /// - Parameter name: The parameter's name.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `invalidArgument` when there is none of that name.
  public func parameter(_ name: String) throws -> [UInt8] { try variable(name).bytes }

  /// A `float32` parameter's elements, copied.
  ///
  /// - Parameter name: The parameter's name.
  /// - Returns: The elements, row-major.
  /// - Throws: `StateError` with code `invalidArgument` when there is none of that name.
  public func floats(_ name: String) throws -> [Float] {
    let bytes = try parameter(name)
    return unsafe bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map {
        unsafe bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
      }
    }
  }

  /// Applies one gradient: makes an update, or adds to the sums of one to come.
  ///
  /// A parameter without a gradient is left alone altogether, as every framework does. In an
  /// accumulation that holds for parameters that have had none since the last update; for the others
  /// a gradient that is missing counts as zero.
  ///
  /// - Parameter gradients: Gradients by the names of their parameters, of their type and shape.
  /// - Throws: `StateError` with code `invalidArgument` for a gradient of no parameter, `malformed`
  ///   when a gradient does not fit, a slot is missing or the norm is not finite; nothing is changed.
  /// - Complexity: O(*n*) in the elements, on all cores.
  public func apply(_ gradients: [String: Tensor]) throws {
    try apply(exactly: Dictionary(gradients.map { (ExactName($0), $1) }) { first, _ in first })
  }

  /// Applies one gradient, as ``apply(_:)`` does.
  ///
  /// A dictionary of strings cannot hold the gradients of two parameters whose names look alike, such as
  /// `é` in one scalar and in two.
  ///
  /// - Parameter gradients: Gradients by the names of their parameters, of their type and shape.
  /// - Throws: `StateError` as ``apply(_:)``.
  /// - Complexity: O(*n*) in the elements, on all cores.
  public func apply(exactly gradients: [ExactName: Tensor]) throws {
    guard globalStep < .max else {
      throw StateError(.malformed, "the global step cannot be counted any further")
    }
    var selected: [(place: Int, gradient: Tensor)] = []
    for (name, gradient) in gradients {
      guard let place = places[name] else {
        throw StateError(.invalidArgument, "a gradient belongs to no parameter", tensor: name.text)
      }
      selected.append((place, gradient))
    }
    selected.sort { $0.place < $1.place }
    // Buffers must live as long as the steps that point into them.
    let buffers = try selected.map { entry in
      (place: entry.place, gradient: try variables[entry.place].load(gradient: entry.gradient))
    }
    guard let accumulation = optimizer.accumulation else {
      try update(buffers)
      return
    }
    if accumulatedGradients + 1 < accumulation.steps {
      for (place, gradient) in buffers {
        try variables[place].accumulate(gradient, accumulation)
      }
      accumulatedGradients += 1
      return
    }
    let gradients = Dictionary(uniqueKeysWithValues: buffers.map { ($0.place, $0.gradient) })
    let due = variables.indices.filter { gradients[$0] != nil || variables[$0].isAccumulating }
    try update(due.map { ($0, try variables[$0].mean(adding: gradients[$0], accumulation)) })
    for place in due { variables[place].endAccumulation() }
    accumulatedGradients = 0
  }

  /// Makes one update of gradients in memory; either all of it happens or nothing.
  private func update(_ gradients: [(place: Int, gradient: WorkBuffer)]) throws {
    let scheduled = try schedule.map {
      try $0.learningRate(at: globalStep, in: optimizer.arithmetic)
    }
    let powers = BetaPowers(optimizerTensors)
    let beta1Power = try powers.value(of: .beta1, in: optimizerTensors).map(Double.init)
    let beta2Power = try powers.value(of: .beta2, in: optimizerTensors).map(Double.init)
    let product = try MomentumProduct(optimizerTensors)
    try withExtendedLifetime(gradients) {
      var steps = unsafe [VariableStep]()
      for (place, buffer) in gradients {
        let variable = variables[place]
        var context = try StepContext(
          step: try variable.number(ofUpdateAfter: variable.step ?? globalStep),
          learningRate: try rate(for: variable.name, scheduled: scheduled),
          beta1Power: beta1Power,
          beta2Power: beta2Power
        )
        context.momentumProduct = product?.value
        unsafe steps.append(try variable.part(gradient: buffer, context: context))
      }
      try unsafe ParallelStep().update(
        steps,
        clipping: optimizer.clipping,
        arithmetic: optimizer.arithmetic
      )
    }
    for (place, _) in gradients {
      if let step = variables[place].step { variables[place].step = step + 1 }
    }
    optimizerTensors = try powers.advanced(optimizerTensors, by: optimizer.record)
    if let product, let first = gradients.first?.place {
      var context = try StepContext(step: variables[first].number(ofUpdateAfter: globalStep))
      context.momentumProduct = product.value
      optimizerTensors = try product.advanced(optimizerTensors, by: variables[first].rule, context)
    }
    let next = try optimizer.advanced(pastUpdate: globalStep + 1) { group in
      try rate(ofGroup: group, scheduled: scheduled)
    }
    if let next {
      optimizer = next
      for variable in variables { try variable.follow(next) }
    }
    globalStep += 1
  }

  /// The run as a state in memory; training can go on while it is written.
  ///
  /// - Throws: `StateError` never in practice: the copies fit their shapes.
  /// - Complexity: O(bytes) time and memory.
  public func snapshot() throws -> TrainingState {
    var state = source
    var trained = variables[...]
    for index in state.variables.indices {
      guard let next = trained.first, ExactName(next.name) == ExactName(state.variables[index].name)
      else { continue }
      state.variables[index] = try next.snapshot()
      trained.removeFirst()
    }
    if state.globalStep == nil { state.globalStep = GlobalStep(globalStep) }
    state.globalStep?.value = globalStep
    state.optimizerTensors =
      optimizer.accumulation == nil
      ? optimizerTensors : GradientCount.recorded(accumulatedGradients, in: optimizerTensors)
    state.optimizer = optimizer.record
    state.schedule = schedule?.record
    return state
  }

  /// Saves the run.
  ///
  /// - Parameters:
  ///   - path: The file or prefix to make.
  ///   - format: One of `StateFormats/writable`, by default told by the name.
  ///   - options: How to write.
  /// - Throws: `StateError` as `StateFormats/write`.
  public func save(
    to path: String,
    format: String? = nil,
    options: WriteOptions = WriteOptions()
  ) throws {
    let format = try StateFormats.output(path, requested: format, fallback: source.origin.format)
    try StateFormats.write(try snapshot(), to: path, format: format, options: options)
  }

  /// The updates that an optimizer counts among its settings, as schedule-free ones do under `k`; one that computes
  /// nothing out of their number, and has no schedule to follow, begins at 0.
  private static func updates(of record: OptimizerRecord, _ schedule: ScheduleRecord?) -> Int64? {
    if case .int(let count)? = record.hyperparameters["k"] { return count }
    return schedule == nil && record.kind == RuleKind.sgd.rawValue ? 0 : nil
  }

  private func rate(for name: String, scheduled: Double?) throws -> Double? {
    try rate(ofGroup: optimizer.group(of: name), scheduled: scheduled)
  }

  private func rate(ofGroup group: Int?, scheduled: Double?) throws -> Double? {
    let overrides = group.map { optimizer.record.groups[$0].overrides }
    guard let own = overrides?["learning_rate"]?.number else { return scheduled }
    return try schedule?.withLearningRate(own).learningRate(
      at: globalStep,
      in: optimizer.arithmetic
    )
      ?? own
  }

  private func variable(_ name: String) throws -> TrainedVariable {
    guard let place = places[ExactName(name)] else {
      throw StateError(.invalidArgument, "there is no such parameter", tensor: name)
    }
    return variables[place]
  }
}
