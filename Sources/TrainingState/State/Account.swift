internal import OptimizerCatalog
internal import Tensors

/// What every tensor and object of an input is taken for: each is in one column.
///
/// It is drawn up from what the parser enumerated, see ``Contents``, and not from what a reader says that it has read. What
/// looks like an optimizer's and is in no entry of the catalogue is unrecognized, and so is what nobody has looked at.
/// Nobody can vouch for it, and what would have to change it refuses.
public struct Account: Sendable {
  /// What a tensor or object is taken for.
  public enum Column: String, Sendable, Hashable, CaseIterable {
    /// A variable's own value.
    case parameter
    /// A slot that the catalogue describes.
    case slot
    /// A tensor of the optimizer as a whole.
    case optimizerTensor = "optimizer_tensor"
    /// A count of updates.
    case step
    /// A record of the schedule.
    case schedule
    /// A record of the optimizer.
    case record
    /// Known, and not trained: statistics of the data, loss scales, metrics, generators, counters.
    case notTrained = "not_trained"
    /// Brought along without being looked at.
    case carried = "carried_along"
    /// An optimizer's by its looks and not known, or in no column at all.
    case unrecognized
  }

  /// How many there are of each, and their bytes; objects that are not counted in bytes add none.
  public private(set) var totals: [Column: (count: Int, bytes: Int)] = [:]

  /// The names of what is unrecognized, in the state's order, behind it what nobody has looked at.
  public private(set) var unrecognized: [String] = []

  /// Those of the unrecognized that are no variable's slots, and that no command reaches.
  public private(set) var unread: [String] = []

  /// Draws up the account of a state; no tensor is read.
  ///
  /// - Parameter state: The state, with the contents of its input where it was just read.
  /// - Complexity: O(number of tensors).
  public init(_ state: TrainingState) {
    let contents = state.contents ?? Contents()
    var ledger = Ledger(contents)
    for variable in state.variables {
      if let value = variable.value {
        enter(value, variable.canBeTrained ? .parameter : .notTrained, &ledger)
      }
      for slot in variable.slots {
        if SlotDescription.of(slot.name) != nil {
          enter(slot.tensor, .slot, &ledger)
        } else {
          enter(slot.tensor, .unrecognized, &ledger, as: "\(variable.name)/\(slot.name)")
        }
      }
    }
    for tensor in state.optimizerTensors { enter(tensor, .optimizerTensor, &ledger) }
    // Where files count the updates of each variable in tensors of their own, those are members, and the step is theirs.
    let isCounted = contents.claims.values.contains(.step)
    if let step = state.globalStep, !isCounted || ledger.has(step.tensor) {
      enter(step.tensor, .step, &ledger)
    }
    if !isCounted {
      for variable in state.variables where variable.step != nil { add(.step, 0) }
    }
    if state.optimizer != nil { add(.record, 0) }
    if state.schedule != nil { add(.schedule, 0) }
    for extra in state.extras {
      if let column = contents.claims[ExactName(extra.name)] {
        enter(extra, column, &ledger)
      } else if extra.looksLikeAnOptimizers {
        enter(extra, .unrecognized, &ledger, as: extra.name)
        unread.append(extra.name)
      } else {
        enter(extra, extra.isKnownHelper ? .notTrained : .carried, &ledger)
      }
    }
    for member in ledger.unclaimed {
      add(.unrecognized, member.bytes, name: member.name)
      unread.append(member.name)
    }
    for (column, bytes) in ledger.claimed { add(column, bytes) }
  }

  /// Which members of an input are still nobody's.
  private struct Ledger {
    private let contents: Contents
    private lazy var places = Dictionary(
      contents.members.enumerated().map { (ExactName($1.name), $0) },
      uniquingKeysWith: { $1 }
    )
    private var isEntered: [Bool]
    /// Readers mostly keep the parser's order: the place behind the last, and the first that is still nobody's.
    private var (next, first) = (0, 0)

    init(_ contents: Contents) {
      self.contents = contents
      isEntered = [Bool](repeating: false, count: contents.members.count)
    }

    /// Whether a tensor is one of the input's.
    mutating func has(_ tensor: StateTensor) -> Bool { place(of: tensor) != nil }

    private mutating func place(of tensor: StateTensor) -> Int? {
      let name = ExactName(tensor.place ?? tensor.sourceName ?? tensor.name)
      for start in [next, first] {
        for place in start..<min(start + 2, isEntered.count)
        where !isEntered[place] && ExactName(contents.members[place].name) == name {
          return place
        }
      }
      return places[name]
    }

    /// The bytes of a tensor in the input; `nil` where it is entered already, under another of its names.
    mutating func enter(_ tensor: StateTensor) -> Int? {
      if isEntered.isEmpty { return tensor.tensor.byteCount }
      guard let place = place(of: tensor) else { return tensor.tensor.byteCount }
      next = place + 1
      if isEntered[place] { return nil }
      isEntered[place] = true
      while first < isEntered.count, isEntered[first] { first += 1 }
      return contents.members[place].bytes
    }

    /// Members that are claimed and no tensor of the state.
    var claimed: [(Account.Column, bytes: Int)] {
      rest.compactMap { member in
        contents.claims[ExactName(member.name)].map { ($0, member.bytes) }
      }
    }

    /// Members that are neither.
    var unclaimed: [Contents.Member] {
      rest.filter { contents.claims[ExactName($0.name)] == nil }
    }

    private var rest: [Contents.Member] {
      zip(contents.members, isEntered).filter { !$1 }.map(\.0)
    }
  }

  private mutating func enter(
    _ tensor: StateTensor,
    _ column: Column,
    _ ledger: inout Ledger,
    as name: String? = nil
  ) {
    if let bytes = ledger.enter(tensor) { add(column, bytes, name: name) }
  }

  private mutating func add(_ column: Column, _ bytes: Int, name: String? = nil) {
    let old = totals[column] ?? (0, 0)
    totals[column] = (old.count + 1, old.bytes + bytes)
    if let name { unrecognized.append(name) }
  }
}

extension TrainingState {
  /// The account of the input that the state was read from, or of the state itself where none was drawn up.
  public var account: Account { drawnAccount ?? Account(self) }

  /// Draws up the account of the input, for as long as the state is what was read.
  package mutating func drawUpAccount() {
    drawnAccount = Account(self)
    contents = nil
  }

  /// Refuses to change what an optimizer keeps where one is there unread.
  package func refuseUnreadOptimizers() throws {
    guard let unread = account.unread.first else { return }
    throw StateError(
      .unsupported,
      "is an optimizer's by its looks and is not read: nothing in it would be changed",
      tensor: unread,
      remedy: "change it in the framework that wrote it"
    )
  }

  /// The extras that look like an optimizer's state, which no reader took for one.
  public var unreadOptimizerState: [StateTensor] { extras.filter(\.looksLikeAnOptimizers) }
}

extension StateTensor {
  private static let words = SlotVocabulary(.bert, .torch, .transformers)

  /// What is called so goes along with training and is not trained.
  private static let helpers: Set<String> = [
    "metrics", "batch_stats", "loss_scale", "loss_scaler", "grad_scaler", "scaler", "amp_scaler",
    "save_counter", "rng_state", "cuda_rng_state", "torch_rng_state", "seed_generator",
  ]

  /// Whether a name is that of an optimizer's state: `optimizer.bin`, `optimizer_g`, or a word that no parameter is called.
  fileprivate var looksLikeAnOptimizers: Bool {
    // What is kept of an archive that was read is no state.
    if isOfItsContainer { return false }
    let parts = name.split { $0 == "/" || $0 == "." }
    // Settings that a file keeps as tensors are not what an optimizer has gathered.
    if parts.contains("param_groups") { return false }
    if let last = parts.last, last.contains("_"), Self.words.hasRow(for: String(last)) {
      return true
    }
    return parts.contains { part in
      let word = part.lowercased()
      return ["optimizer", "optimizers", "optim", "opt"].contains { stem in
        word == stem || word.hasPrefix(stem + "_") || word.hasSuffix("_" + stem)
      }
    }
  }

  /// Whether a name is that of a metric, a generator or a loss scale.
  fileprivate var isKnownHelper: Bool {
    name.split { $0 == "/" || $0 == "." }.contains { Self.helpers.contains(String($0)) }
  }
}

extension Variable {
  /// Statistics of the data and helpers that live beside parameters, and that no optimizer touches.
  private static let statistics: Set<String> = [
    "moving_mean", "moving_variance", "moving_var", "running_mean", "running_var", "mean",
    "variance", "count", "weight_u", "weight_v", "u", "inv_freq", "masked_bias",
  ]

  /// Whether an optimizer could train the variable, by its type and its name.
  public var canBeTrained: Bool {
    guard let tensor = value?.tensor, tensor.elementType.isFloatingPoint else { return false }
    let bytes = name.utf8
    let mark = bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") }
    let role = mark.map { String(Substring(bytes[bytes.index(after: $0)...])) } ?? name
    return !Self.statistics.contains(role)
  }
}
