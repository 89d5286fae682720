/// Scalars and helpers that training code of TensorFlow 1 keeps beside a model, and that no optimizer trains.
public enum TrainingHelper: Sendable, Hashable {
  /// A loss scale, or a counter of steps that went well or were accumulated.
  case scalar
  /// A part of a moving average whose bias is taken out: `moving_averages.assign_moving_average` with `zero_debias`.
  case zeroDebias

  private static let scalars: Set = [
    "accum_step", "accum_steps", "accumulation_step", "current_loss_scale", "good_steps",
    "gradient_accumulation_step", "local_step", "loss_scale", "loss_scaling", "micro_step",
    "num_good_steps",
  ]

  private static let averages: Set = ["biased", "local_step"]

  /// Tells what a tensor is by its name; `nil` for what may be a parameter.
  ///
  /// - Parameters:
  ///   - name: The tensor's name.
  ///   - isScalar: Whether it has no axes.
  ///   - isVariable: Tells whether there is a tensor of a name.
  public init?(_ name: String, isScalar: Bool, isVariable: (String) -> Bool) {
    let slash = name.lastIndex(of: "/")
    let last = String(slash.map { name[name.index(after: $0)...] } ?? name[...])
    if let slash, Self.averages.contains(last), isVariable(String(name[..<slash])) {
      self = .zeroDebias
    } else if isScalar, Self.scalars.contains(last) {
      self = .scalar
    } else {
      return nil
    }
  }
}
