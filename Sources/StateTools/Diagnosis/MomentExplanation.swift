internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// What explains moments beyond their bound without any fault of theirs: more updates than the state counts, or other
/// decays than those that were taken for granted.
struct MomentExplanation {
  /// What it is, for a person.
  let advice: String

  /// The command that finds out or mends it.
  let remedy: String

  /// Decays that are in use beside the usual ones, whose bounds are wider.
  private static let others: [(beta1: Double, beta2: Double)] = [
    (0.95, 0.999), (0.8, 0.999), (0.5, 0.999), (0.9, 0.9999), (0, 0.999), (0.5, 0.9999),
    (0.9, 0.99999),
    (0, 0.9999),
  ]

  /// The longest run that is thought of.
  private static let mostUpdates: Int64 = 1 << 40

  /// Looks for an explanation; there is none where most variables are within the bound and these alone are not.
  ///
  /// - Parameters:
  ///   - suspects: Variables with their moments, some of which are beyond the bound.
  ///   - isWithoutCause: Whether none of them has a cause of its own, such as an exchange.
  ///   - subject: The state.
  init?(
    _ suspects: [(variable: Variable, moments: MomentSurvey)],
    isWithoutCause: Bool,
    _ subject: DiagnosisSubject
  ) {
    let decays = subject.survey.decays
    let all = subject.entries.count { entry in
      entry.survey.moments.map { $0.largest > 0 } ?? false
        && decays.bound(of: entry.variable.name) != nil
    }
    let ratios = suspects.compactMap { $0.moments.worst?.ratio }
    guard isWithoutCause, !suspects.isEmpty, suspects.count * 2 >= all,
      ratios.count == suspects.count
    else { return nil }
    if let steps = Self.steps(suspects, decays) {
      advice =
        "\(steps) updates or more explain every moment: where the run has had more than the state counts, set its own "
        + "step; a reset would throw sound moments away"
      remedy = subject.remedies.setStep("\(steps)")
      return
    }
    guard suspects.allSatisfy({ !decays.areCertain(for: $0.variable.name) }),
      let betas = Self.betas(suspects, decays)
    else { return nil }
    var record = subject.state.optimizer ?? OptimizerRecord(kind: RuleKind.adam.rawValue)
    record.hyperparameters["beta1"] = .double(betas.beta1)
    record.hyperparameters["beta2"] = .double(betas.beta2)
    advice =
      "beta1 \(betas.beta1) and beta2 \(betas.beta2) explain every moment: tell doctor the decays of the run before you "
      + "believe this; a reset would throw sound moments away"
    remedy = subject.remedies.examine(record)
  }

  /// The least step by which all are within the bound of their decays, `nil` where none is.
  private static func steps(
    _ suspects: [(variable: Variable, moments: MomentSurvey)],
    _ decays: SurveyedDecays
  ) -> Int64? {
    var least: Int64 = 0
    for (variable, moments) in suspects {
      guard let bound = decays.bound(of: variable.name), let age = decays.age(of: variable),
        let clock = decays.clock(of: variable), let ratio = moments.worst?.ratio,
        ratio <= bound.ratio
      else { return nil }
      var (low, high) = (age, age)
      while bound.ratio(after: high) < ratio {
        guard high < mostUpdates else { return nil }
        (low, high) = (high, high * 2)
      }
      while high - low > 1 {
        let middle = low + (high - low) / 2
        if bound.ratio(after: middle) < ratio { low = middle } else { high = middle }
      }
      least = max(least, clock + (high - age))
    }
    return least
  }

  /// The decays of the narrowest bound within which all are, `nil` where none of them will do.
  private static func betas(
    _ suspects: [(variable: Variable, moments: MomentSurvey)],
    _ decays: SurveyedDecays
  ) -> (beta1: Double, beta2: Double)? {
    others.compactMap { pair in MomentBound(beta1: pair.beta1, beta2: pair.beta2).map { (pair, $0) }
    }
    .sorted { one, other in
      // The first moment's decay is seldom another.
      (one.0.beta1 == 0.9 ? 0 : 1, one.1.ratio) < (other.0.beta1 == 0.9 ? 0 : 1, other.1.ratio)
    }
    .first { _, bound in
      suspects.allSatisfy { variable, moments in
        moments.worst.map { $0.ratio <= bound.ratio(after: decays.age(of: variable)) * 1.001 }
          ?? false
      }
    }?.0
  }
}
