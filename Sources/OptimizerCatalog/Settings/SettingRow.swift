/// A dialect's words for an optimizer's settings: the keys of a parameter group, in its order.
///
/// It is read in one direction and written in the other.
public struct SettingRow: Sendable, Hashable {
  /// How the number behind ``SettingWord/Content/decay`` is applied.
  public enum Decay: Sendable, Hashable {
    /// Through the gradient.
    case penalty
    /// Apart from the gradient.
    case apart
    /// As a truth value of the group says, through the gradient where an older version has none; with the kind of record
    /// that decays apart, where that is another. No file of an older version tells these two.
    case marked(String, apartKind: String?)
    /// As the optimizer's object knows and no file does, with the kind of record that decays apart.
    case untold(apartKind: String)
  }

  /// Where updates are counted.
  public enum Counter: Sendable, Hashable {
    /// Beside each variable's slots.
    case variable
    /// In the group.
    case group(String)
    /// In the group, and beside each variable's slots.
    case both(String)
    /// Among the variables' states, once for all of them.
    case state(String)
    /// Nowhere.
    case none
  }

  /// How a count of updates is kept.
  public enum CountForm: Sendable, Hashable {
    /// A tensor without axes, of the default floating-point type.
    case tensor
    /// A whole number of Python's.
    case whole
  }

  /// The dialect.
  public let dialect: Dialect

  /// The words, in the dialect's order.
  public let words: [SettingWord]

  /// Words that tell the optimizer from all others; every version has them.
  public let telling: Set<String>

  /// Whether others have the same words, so that nothing but its slots tells it.
  public let isToldBySlots: Bool

  /// Words of older versions or of subclasses that records have no use for.
  public let unused: Set<String>

  /// What stands beside the slots and is none.
  public let remarks: Set<String>

  /// How weight decay is applied.
  public let decay: Decay

  /// Where updates are counted.
  public let counter: Counter

  /// How the count is kept.
  public let countForm: CountForm

  /// What the count is before the first update.
  public let countStart: Int64

  /// Whether optimizers of the dialect that are in no entry have the same words, so that no file tells this one.
  public let isShared: Bool

  /// Whether the defaults may stand in for numbers that another framework's state does not say; they are none of the
  /// other frameworks' for the rest.
  public let standsIn: Bool

  /// Lists of the record that the dialect has groups for.
  public let groupedLists: Set<String>

  /// Whether the arithmetic is torch's own.
  public let isTorchsArithmetic: Bool

  /// The library whose wrapper is around the optimizer, `nil` where none is.
  public let wrapper: Dialect?

  init(
    _ dialect: Dialect,
    _ words: [SettingWord],
    toldBy telling: Set<String>,
    isToldBySlots: Bool = false,
    unused: Set<String> = [],
    remarks: Set<String> = [],
    decay: Decay = .penalty,
    counter: Counter = .variable,
    countForm: CountForm? = nil,
    countStart: Int64 = 0,
    isShared: Bool = false,
    standsIn: Bool = false,
    groupedLists: Set<String> = [],
    isTorchsArithmetic: Bool = true,
    wrapper: Dialect? = nil
  ) {
    self.dialect = dialect
    self.words = words
    self.telling = telling
    self.isToldBySlots = isToldBySlots
    self.unused = unused
    self.remarks = remarks
    self.decay = decay
    self.counter = counter
    self.countForm = countForm ?? (counter == .variable ? .tensor : .whole)
    self.countStart = countStart
    self.isShared = isShared
    self.standsIn = standsIn
    self.groupedLists = groupedLists
    self.wrapper = wrapper
    self.isTorchsArithmetic =
      isTorchsArithmetic && wrapper == nil && !Dialect.libraries.contains(dialect)
  }

  /// Whether updates are counted beside each variable's slots.
  public var countsVariables: Bool {
    switch counter {
    case .variable, .both: true
    case .group, .state, .none: false
    }
  }

  /// The word by which a record names the library whose optimizer it is, `nil` for a framework's own.
  public var library: String? {
    Dialect.libraries.contains(dialect) ? dialect.rawValue : wrapper?.rawValue
  }

  /// The row of the optimizer in timm's Lookahead, whose words stand behind the optimizer's own.
  public var inLookahead: SettingRow {
    SettingRow(
      dialect,
      words + OptimizerCatalog.lookaheadWords,
      toldBy: telling.union(OptimizerCatalog.lookaheadWords.map(\.text)),
      isToldBySlots: isToldBySlots,
      unused: unused,
      remarks: remarks,
      decay: decay,
      counter: counter,
      countForm: countForm,
      countStart: countStart,
      isShared: isShared,
      standsIn: standsIn,
      groupedLists: groupedLists,
      isTorchsArithmetic: isTorchsArithmetic,
      wrapper: .timm
    )
  }

  /// The truth value that says how weight decay is applied, `nil` where nothing does.
  public var decayMark: String? {
    if case .marked(let word, _) = decay { word } else { nil }
  }

  /// The kind of record that the optimizer's are of where weight decay is applied apart, `nil` where that is no other.
  public var apartKind: String? {
    switch decay {
    case .marked(_, let kind): kind
    case .untold(let kind): kind
    case .penalty, .apart: nil
    }
  }

  /// The default of a number of the record.
  ///
  /// - Parameter name: The record's word.
  /// - Returns: The number, `nil` where the dialect has no such number or no default.
  public func standard(of name: String) -> Double? {
    words.lazy.compactMap { $0.standard(of: name) }.first
  }

  /// The words that a condition holds for.
  ///
  /// - Parameter content: What stands behind the word.
  /// - Returns: The word, `nil` where the row has none.
  public func word(_ content: SettingWord.Content) -> String? {
    words.first { $0.content == content }?.text
  }

  /// Whether a group has no setting but the row's own.
  ///
  /// - Parameter keys: The group's keys.
  /// - Returns: Whether it has; beside all of those that torch 1.13 and later write, any key is one that a user has put
  ///   there.
  public func accounts(for keys: Set<String>) -> Bool {
    keys.isSuperset(of: Self.recentSwitches)
      || keys.subtracting(Self.anyones).subtracting(unused).isSubset(of: words.map(\.text))
  }

  /// Keys of a group that schedulers and users of any optimizer put there.
  private static let anyones: Set = [
    "params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "max_momentum",
    "base_momentum", "swa_lr", "lr_scale",
  ]

  private static let recentSwitches: Set = ["foreach", "maximize", "differentiable"]

  /// Counts of updates that stand among the states of torch's variables, under a word in place of a number.
  public static let stateCounters: Set = ["k"]

  /// Counts of updates that groups of torch's optimizers have, and what shows that a word is such a count.
  public static let groupCounters: [(word: String, beside: String?)] = [
    ("step", nil), ("k", "train_mode"), ("k", "d_coef"),
  ]
}
