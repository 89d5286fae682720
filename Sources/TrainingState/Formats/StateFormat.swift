public import OptimizerCatalog

/// What there is to know of a format, said in the format's own module: what it is called, what it can hold, who reads and
/// who writes it.
public struct StateFormat: Sendable {
  /// What files of a format can hold beside tensors.
  public struct Abilities: OptionSet, Sendable {
    /// One bit for each.
    public let rawValue: Int

    /// Takes bits together.
    ///
    /// - Parameter rawValue: One bit for each.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// When slots were reset, and whether a correction is folded into them.
    public static let histories = Abilities(rawValue: 1)
    /// Data that is compressed.
    public static let compression = Abilities(rawValue: 1 << 1)
    /// The configuration of a model beside its state.
    public static let configuration = Abilities(rawValue: 1 << 2)
    /// Several names of one tensor.
    public static let tiedNames = Abilities(rawValue: 1 << 3)
    /// Any state, whoever made it; without it a writer may refuse what its framework has no words for.
    public static let anyState = Abilities(rawValue: 1 << 4)
    /// Several optimizers, each with its name, its step and its schedule.
    public static let severalOptimizers = Abilities(rawValue: 1 << 5)
    /// Slots in eight bits: codes, scales and the map of the codes.
    public static let quantizedSlots = Abilities(rawValue: 1 << 6)
    /// The order in which the model has its variables.
    public static let modelOrder = Abilities(rawValue: 1 << 7)
    /// Names as a wrapper around the model spells them, such as DistributedDataParallel's.
    public static let wrappedNames = Abilities(rawValue: 1 << 8)
  }

  /// Where a state comes from that was read from the format.
  public let origin: Origin

  /// What names of its files end in; of formats that share one, the earlier in the list is meant.
  public let suffixes: [String]

  /// What stands anywhere in names of its files.
  public let marks: [String]

  /// The format of which this is another form that no name shows: a state that came in it keeps it.
  public let variantOf: String?

  /// The convention of variables' names that its users have, `nil` where there is none.
  public let naming: String?

  /// Dialects whose words, behind a variable's name and a slash, are the names of its slots; none where slots are not
  /// named so.
  public let slotDialects: [Dialect]

  /// What it can hold beside tensors.
  public let abilities: Abilities

  /// Opens it, `nil` where another format's reader does.
  public let reader: (any StateReader.Type)?

  /// Writes it, `nil` where it is only read.
  public let writer: (any StateWriter.Type)?

  /// The name, as `--to` takes it.
  public var name: String { origin.format }

  /// Describes a format.
  ///
  /// - Parameters:
  ///   - origin: Its name and its framework.
  ///   - suffixes: What names of its files end in.
  ///   - marks: What stands anywhere in names of its files.
  ///   - variantOf: The format of which this is another form.
  ///   - naming: The convention of variables' names that its users have.
  ///   - slotDialects: Dialects whose words, behind a variable's name, are the names of its slots.
  ///   - abilities: What it can hold beside tensors.
  ///   - reader: Opens it.
  ///   - writer: Writes it.
  public init(
    _ origin: Origin,
    suffixes: [String] = [],
    marks: [String] = [],
    variantOf: String? = nil,
    naming: String? = nil,
    slotDialects: [Dialect] = [],
    abilities: Abilities = [],
    reader: (any StateReader.Type)?,
    writer: (any StateWriter.Type)?
  ) {
    self.origin = origin
    self.suffixes = suffixes
    self.marks = marks
    self.variantOf = variantOf
    self.naming = naming
    self.slotDialects = slotDialects
    self.abilities = abilities
    self.reader = reader
    self.writer = writer
  }

  /// How much of a file's name speaks for the format.
  ///
  /// - Parameter name: The name without its directory.
  /// - Returns: The length of the longest suffix, 0 for a mark, `nil` where there is neither.
  public func claim(on name: String) -> Int? {
    suffixes.filter(name.hasSuffix).map(\.utf8.count).max()
      ?? (marks.contains(where: name.contains) ? 0 : nil)
  }
}
