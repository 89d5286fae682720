internal import Tensors

/// A variable's value and slots as their numbers show them; what is no floating-point number is absent.
struct VariableSurvey: Sendable {
  /// Its own value.
  var value: TensorSurvey?

  /// Its slots.
  var slots: [SlotName: TensorSurvey] = [:]

  /// Its two moments beside each other.
  var moments: MomentSurvey?

  /// Its value, folded.
  var sketch: DifferenceSketch?
}
