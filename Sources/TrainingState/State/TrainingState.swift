public import OptimizerCore
public import Tensors

/// The training state of a model, whatever framework saved it: the hub through which every
/// conversion goes.
///
/// Everything in it is a description; tensors are handles. Copying a state copies no data.
public struct TrainingState: Sendable {
  /// Parameters with their slots, in the source's order.
  public var variables: [Variable]

  /// Updates applied so far, `nil` where the source does not say; where there are several optimizers, what the source
  /// counts for all of them.
  public var globalStep: GlobalStep?

  /// Tensors that belong to the optimizer as a whole, such as TensorFlow's `beta1_power`.
  public var optimizerTensors: [StateTensor]

  /// The optimizer and its hyper-parameters, `nil` where the source does not say or has several.
  public var optimizer: OptimizerRecord?

  /// The learning-rate schedule, `nil` where the source does not say or has several optimizers.
  public var schedule: ScheduleRecord?

  /// The optimizers in the source's order where it has several, none otherwise; ``choosing(_:)`` puts one of them in
  /// the place of an only one.
  public var optimizers: [NamedOptimizer]

  /// Which of them the state is seen through.
  var choice: OptimizerChoice?

  /// What the hub has no word for, carried byte for byte.
  public var extras: [StateTensor]

  /// The convention that the variables' names follow, such as `google-bert`; `nil` where it is none
  /// that is known.
  public var naming: String?

  /// Where the state was first read from.
  public var origin: Origin

  /// What the source's format needs to write the state back identically, by names that begin with
  /// the format's own.
  public var attributes: [String: AttributeValue]

  /// What the parser found in the input that the state was read from, until the account is drawn up of it.
  package var contents: Contents?

  var drawnAccount: Account?

  /// What is wrong with the optimizer's part of the input, `nil` where nothing is; then the state has what is sound.
  public package(set) var fault: StateError?

  /// Among the attributes: that the source has an optimizer of which nothing is known but what `extras`
  /// carry, true until somebody leaves the optimizer out.
  package static let hiddenOptimizer = "optimizer.hidden"

  /// Among the attributes: the kinds of optimizers that the settings and slots of one could be of that is not certain.
  package static let candidatesKey = "optimizer.candidates"

  /// The kinds of optimizers that settings and slots could be of where they do not tell which; none where the optimizer is
  /// known, or is none that is.
  public var optimizerCandidates: [String] {
    guard optimizer == nil, case .strings(let kinds)? = attributes[Self.candidatesKey] else {
      return []
    }
    return kinds
  }

  /// Among the attributes: the two ways in which slots of nobody could belong to variables, in words.
  package static let openOrder = "slots.open_order"

  /// Among the attributes: a name that several variables have, so that nobody knows which has the slots that are called
  /// by it.
  package static let openName = "slots.open_name"

  /// Among the attributes of a variable's value: the layer of the model that it is in, where that is a model itself and
  /// no name begins with it.
  package static let innerModel = "model.layer"

  /// Among the attributes: where files of one state say different things of it, in sentences.
  package static let contradictionsKey = "state.contradictions"

  /// Where files of one state say different things of it, a sentence each.
  public var contradictions: [String] {
    if case .strings(let texts)? = attributes[Self.contradictionsKey] { texts } else { [] }
  }

  /// Among the attributes: variables that several optimizers claim, in sentences.
  package static let claimsKey = "state.claims"

  /// Variables for which several optimizers keep slots, which go by the optimizers' numbers then; a sentence each.
  public var claims: [String] {
    if case .strings(let texts)? = attributes[Self.claimsKey] { texts } else { [] }
  }

  /// Describes a state.
  ///
  /// - Parameters:
  ///   - variables: Parameters with their slots, in the source's order.
  ///   - globalStep: Updates applied so far.
  ///   - optimizerTensors: Tensors that belong to the optimizer as a whole.
  ///   - optimizer: The optimizer and its hyper-parameters.
  ///   - schedule: The learning-rate schedule.
  ///   - optimizers: The optimizers where there are several.
  ///   - extras: What the hub has no word for.
  ///   - naming: The convention that the variables' names follow.
  ///   - origin: Where the state was first read from.
  ///   - attributes: What the source's format needs to write the state back identically.
  public init(
    variables: [Variable] = [],
    globalStep: GlobalStep? = nil,
    optimizerTensors: [StateTensor] = [],
    optimizer: OptimizerRecord? = nil,
    schedule: ScheduleRecord? = nil,
    optimizers: [NamedOptimizer] = [],
    extras: [StateTensor] = [],
    naming: String? = nil,
    origin: Origin,
    attributes: [String: AttributeValue] = [:]
  ) {
    self.variables = variables
    self.globalStep = globalStep
    self.optimizerTensors = optimizerTensors
    self.optimizer = optimizer
    self.schedule = schedule
    self.optimizers = optimizers
    self.extras = extras
    self.naming = naming
    self.origin = origin
    self.attributes = attributes
  }

  /// A variable by name, `nil` where there is none; setting puts it in the place of the one of its name or behind all, and
  /// `nil` takes it out.
  ///
  /// - Parameter name: Its name in the state, byte for byte.
  /// - Complexity: O(variables).
  public subscript(_ name: String) -> Variable? {
    get { variables.first { ExactName($0.name) == ExactName(name) } }
    set { variables.replaceFirst(where: { ExactName($0.name) == ExactName(name) }, by: newValue) }
  }

  /// The state as one that was made, and of which no input has more.
  package func withoutAccount() -> TrainingState {
    var copy = self
    (copy.contents, copy.drawnAccount) = (nil, nil)
    return copy
  }

  /// The state, unless there is a fault in it that its reader's caller cannot do with.
  package func sound(_ options: ReadOptions) throws -> TrainingState {
    if let fault, !options.parametersSuffice { throw fault }
    return self
  }

  /// The parameters alone, of a state of whose optimizer nothing can be believed.
  package func withParametersAlone() -> TrainingState {
    var copy = self
    copy.variables = variables.filter { $0.value != nil }.map { Variable($0.name, value: $0.value) }
    (copy.globalStep, copy.optimizer, copy.schedule) = (nil, nil, nil)
    (copy.optimizerTensors, copy.optimizers) = ([], [])
    copy.attributes[TrainingState.hiddenOptimizer] = nil
    copy.contents?.withdrawClaims()
    return copy
  }

  /// Reads the optimizer's part; what is wrong with it is noted, and leaves the state as it was.
  ///
  /// - Parameter body: Adds slots, steps and records.
  /// - Throws: What has nothing to do with what the files hold.
  package mutating func readOptimizer(_ body: (inout TrainingState) throws -> Void) throws {
    var copy = self
    do {
      try body(&copy)
      self = copy
    } catch let error as StateError where error.code.concernsData {
      fault = fault ?? error
    }
  }

  /// Every tensor of the state with the name by which messages call it, the step included.
  public var allTensors: [StateTensor] {
    var all: [StateTensor] = []
    for variable in variables {
      if let value = variable.value { all.append(value.named(variable.name)) }
      for slot in variable.slots { all += slot.kept("\(variable.name)/\(slot.name)") }
    }
    if let globalStep { all.append(globalStep.tensor) }
    return all + optimizerTensors + extras
  }

  /// Bytes of all tensors.
  ///
  /// - Complexity: O(*n*) in their number; none is read.
  public var byteCount: Int {
    var count = globalStep?.tensor.tensor.byteCount ?? 0
    for variable in variables {
      count += variable.value?.tensor.byteCount ?? 0
      for slot in variable.slots { count += slot.keptByteCount }
    }
    for tensor in optimizerTensors { count += tensor.tensor.byteCount }
    for tensor in extras { count += tensor.tensor.byteCount }
    return count
  }
}
