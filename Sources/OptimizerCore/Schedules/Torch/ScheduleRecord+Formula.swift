import Tensors

extension ScheduleRecord {
  /// The same curve as a formula of the step, as other frameworks have it; `nil` where there is none.
  ///
  /// PyTorch makes each rate out of the one before, so that the last digits differ.
  public var formula: ScheduleRecord? {
    guard let own = try? Schedule(self).record.parameters, let rate = own["learning_rate"] else {
      return nil
    }
    var formula = ScheduleRecord(kind: "exponential", parameters: ["learning_rate": rate])
    switch ScheduleKind(rawValue: kind) {
    case .torchStep:
      formula.parameters["decay_steps"] = own["step_size"]
      formula.parameters["decay_rate"] = own["gamma"]
      formula.parameters["staircase"] = .bool(true)
    case .torchExponential:
      formula.parameters["decay_steps"] = .int(1)
      formula.parameters["decay_rate"] = own["gamma"]
      formula.parameters["staircase"] = .bool(false)
    case .torchPolynomial:
      formula.kind = "polynomial"
      formula.parameters["decay_steps"] = own["total_iters"]
      formula.parameters["power"] = own["power"]
      formula.parameters["end_learning_rate"] = .double(0)
    case .torchCosineRestarts:
      guard let base = rate.number, base != 0, let floor = own["eta_min"]?.number else {
        return nil
      }
      formula.kind = "cosine_restarts"
      formula.parameters["first_decay_steps"] = own["T_0"]
      formula.parameters["t_mul"] = own["T_mult"]?.number.map { .double($0) }
      formula.parameters["m_mul"] = .double(1)
      formula.parameters["alpha"] = .double(floor / base)
    default: return nil
    }
    return try? Schedule(formula).record
  }
}
