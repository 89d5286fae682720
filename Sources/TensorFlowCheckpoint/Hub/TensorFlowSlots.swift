internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// The names under which TensorFlow's optimizers keep their slots: a suffix behind the variable's name.
///
/// Sources: `tf.compat.v1.train` optimizers (the slot's name is the optimizer's, numbered from the
/// second slot on), and google-research/bert `optimization.py`. What neither has a word for is written
/// under the hub's name, and found again.
enum TensorFlowSlots {
  /// A slot and the variable whose it is.
  struct Pairing {
    let variable: String
    let slot: SlotName

    /// Whether structure alone shows that it is a slot.
    var isUnknown: Bool { slot.rawValue.hasPrefix("slot_") }
  }

  private static let vocabulary = SlotVocabulary(StateFormat.tensorFlow.slotDialects)
  private static let own = SlotVocabulary(.bert)
  private static let mesh = SlotVocabulary(.meshTensorFlow)

  /// The suffixes of a variable's slots.
  static func suffixes(for slots: [SlotName]) -> [SlotName: String] {
    vocabulary.words(for: Set(slots))
  }

  /// The variable that a tensor is a slot of, `nil` where it is a variable itself.
  ///
  /// - Parameters:
  ///   - tensor: The tensor.
  ///   - shapes: The shapes of all tensors of the checkpoint, by their names.
  /// - Returns: Variable and slot, or `nil`.
  static func pairing(of tensor: StateTensor, among shapes: [ExactName: Shape]) -> Pairing? {
    let name = tensor.name
    if let pairing = meshPairing(of: name, among: shapes) { return pairing }
    guard let slash = name.lastIndex(of: "/") else { return nil }
    let suffix = String(name[name.index(after: slash)...])
    let base = String(name[..<slash])
    let slot = vocabulary.slot(suffix) { shapes[ExactName("\(base)/\($0)")] != nil }
    guard let slot else {
      // What stands below a variable and has its shape is a slot, of whatever optimizer.
      let shape = tensor.tensor.shape
      guard shape.rank > 0, shapes[ExactName(base)] == shape else { return nil }
      return Pairing(variable: base, slot: .unrecognized(suffix))
    }
    guard let variable = owner(of: base, among: shapes) else {
      // BERT's own suffixes cannot be anything else, even where the variable itself is missing.
      return own.hasRow(for: suffix) ? Pairing(variable: base, slot: slot) : nil
    }
    // A variable may be called what the hub calls a slot, but hardly below another of its own shape.
    guard
      vocabulary.hasRow(for: suffix)
        || fits(slot, tensor.tensor.shape, shapes[ExactName(variable)])
    else {
      return nil
    }
    return Pairing(variable: variable, slot: slot)
  }

  /// Mesh TensorFlow puts a word behind the variable's name, without a slash between them.
  private static func meshPairing(
    of name: String,
    among shapes: [ExactName: Shape]
  ) -> Pairing? {
    guard let word = mesh.texts.first(where: { name.hasSuffix($0) }) else { return nil }
    let base = String(name.dropLast(word.count))
    guard shapes[ExactName(base)] != nil,
      let slot = mesh.slot(word, isPresent: { shapes[ExactName(base + $0)] != nil })
    else { return nil }
    return Pairing(variable: base, slot: slot)
  }

  private static func fits(_ slot: SlotName, _ shape: Shape, _ variable: Shape?) -> Bool {
    switch SlotDescription.of(slot)?.form {
    case .elementwise, nil: shape == variable
    case .scalar: shape.rank == 0
    case .rows, .columns: shape.rank < variable?.rank ?? 0 || shape.rank == variable?.rank
    case .firstAxis, .secondAxis, .thirdAxis, .fourthAxis: shape.rank == 1
    }
  }

  /// The variable of a slot's path: the path itself, or what follows the scope that was open when the
  /// slots were made and that now stands before the variable's own.
  private static func owner(of base: String, among shapes: [ExactName: Shape]) -> String? {
    var rest = Substring(base)
    while true {
      if shapes[ExactName(String(rest))] != nil { return String(rest) }
      guard let slash = rest.firstIndex(of: "/") else { return nil }
      rest = rest[rest.index(after: slash)...]
    }
  }
}
