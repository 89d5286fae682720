internal import OptimizerCatalog
internal import Tensors
internal import TorchContainer

/// Slots whose shape is not their variable's: PyTorch keeps the axis that a mean was taken over.
enum FactoredSlot {
  private static let vocabulary = SlotVocabulary(Dialect.torchFamily)

  /// What a key of a parameter's state means, whichever optimizer has it.
  static func word(_ key: String) -> DialectRow.Word? {
    vocabulary.hasRow(for: key) ? vocabulary.word(key) { _ in false } : nil
  }

  /// The shape of the parameter that slots belong to, `nil` where they do not tell.
  static func parameterShape(
    _ slots: [(key: String, found: TorchSurvey.Found)],
    _ rule: TorchRule?
  ) -> Shape? {
    let known = slots.compactMap { slot in
      (rule?.word(slot.key) ?? word(slot.key)).flatMap { word in
        SlotDescription.of(word.slot).map { (word: word, form: $0.form, found: slot.found) }
      }
    }
    // bitsandbytes' first may be two tensors in one.
    let last = known.last { QuantizedWords.bitsandbytes.parts(of: $0.word.text) != nil }
    if let whole = last ?? known.first(where: { $0.form == .elementwise && !$0.word.isFlat }) {
      return whole.found.shape
    }
    guard let row = known.first(where: { $0.form == .rows }),
      let last = known.first(where: { $0.form == .columns })?.found.shape.dimensions.last
    else { return nil }
    let rows = row.found.shape.dimensions
    return try? Shape((row.word.keepsAxis ? rows.dropLast() : rows[...]) + [last])
  }

  /// The slot in the hub's shape.
  static func fromTorch(
    _ tensor: Tensor,
    _ word: DialectRow.Word?,
    of variable: Shape?
  ) throws -> Tensor {
    if let word, word.isFlat, let variable, variable.elementCount == tensor.shape.elementCount {
      return try tensor.reshaped(variable)
    }
    guard let word, word.keepsAxis, let form = SlotDescription.of(word.slot)?.form else {
      return tensor
    }
    var dimensions = tensor.shape.dimensions
    if let axis = form.axis {
      let isAlone = dimensions.indices.allSatisfy { $0 == axis || dimensions[$0] == 1 }
      guard isAlone, dimensions.indices.contains(axis) else { return tensor }
      return try tensor.reshaped(try Shape([dimensions[axis]]))
    }
    guard let place = reduced(form, rank: dimensions.count - 1), dimensions[place] == 1 else {
      return tensor
    }
    dimensions.remove(at: place)
    return try tensor.reshaped(try Shape(dimensions))
  }

  /// The slot in PyTorch's shape.
  ///
  /// - Parameters:
  ///   - tensor: The slot in the hub's.
  ///   - word: What PyTorch calls it.
  ///   - rank: The rank of the variable.
  /// - Returns: The slot.
  /// - Throws: What reshaping throws.
  static func toTorch(_ tensor: Tensor, _ word: DialectRow.Word, rank: Int) throws -> Tensor {
    if word.isFlat { return try tensor.reshaped(.vector(tensor.shape.elementCount)) }
    guard word.keepsAxis, let form = SlotDescription.of(word.slot)?.form else { return tensor }
    var dimensions = tensor.shape.dimensions
    if let axis = form.axis {
      guard dimensions.count == 1, axis < rank else { return tensor }
      let sizes = (0..<rank).map { $0 == axis ? dimensions[0] : 1 }
      return try tensor.reshaped(try Shape(sizes))
    }
    guard let place = reduced(form, rank: dimensions.count) else { return tensor }
    dimensions.insert(1, at: place)
    return try tensor.reshaped(try Shape(dimensions))
  }

  /// The place of the axis that a mean was taken over, in a slot that has so many beside it; `nil` where it is none.
  private static func reduced(_ form: SlotDescription.Form, rank: Int) -> Int? {
    switch form {
    case .rows: rank >= 0 ? rank : nil
    case .columns: rank > 0 ? rank - 1 : nil
    default: nil
    }
  }
}
