/// Slow weights that follow the fast ones every few updates.
///
///     s' = s + rate·(p − s),  p' = s'        after every `steps`-th update
///
/// The slow weights begin as the weights are before the first update: they are taken over when the
/// first update finds the slot fresh. bert4keras begins them at zero instead, which scales the
/// weights by `rate` at the first update; that is not reproduced.
///
/// - SeeAlso: Zhang et al., 2019 (arXiv:1907.08610), algorithm 1.
public struct Lookahead: Sendable, Hashable {
  /// Updates between two synchronizations.
  public let steps: Int64
  /// How far the slow weights follow.
  public let rate: Double

  init?(from reader: inout RecordReader) throws {
    steps = try reader.count("lookahead_steps", default: 0, atLeast: 0)
    rate = try reader.number("lookahead_rate", default: 0.5)
    if steps == 0 { return nil }
  }

  /// Takes the weights over before the first update.
  func begin<Scalar: BinaryFloatingPoint>(
    _ slow: Lane<Scalar>,
    _ parameter: Lane<Scalar>,
    _ step: Int64
  ) {
    guard step == 1 else { return }
    for i in 0..<slow.count { slow[i] = parameter[i] }
  }

  /// Synchronizes after an update.
  func apply<Scalar: BinaryFloatingPoint>(
    to parameter: Lane<Scalar>,
    _ slow: Lane<Scalar>,
    _ step: Int64
  ) {
    guard step % steps == 0 else { return }
    let rate = Scalar(rate)
    for i in 0..<slow.count {
      slow[i] = slow[i] + rate * (parameter[i] - slow[i])
      parameter[i] = slow[i]
    }
  }
}
