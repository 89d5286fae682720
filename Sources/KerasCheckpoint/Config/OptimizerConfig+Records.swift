internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

extension OptimizerConfig {
  /// The hub's record of the optimizer.
  ///
  /// - Parameter family: Whose implementation it is.
  /// - Returns: Kind and hyper-parameters; what is at its default by saying nothing stays out.
  func record(_ family: KerasFamily) -> OptimizerRecord {
    let kind = kind
    var record = OptimizerRecord(kind: kind)
    for (name, json) in values.members ?? [] {
      guard let key = HyperparameterKey.keras(name), isMeant(name, json),
        let value = key.value(json)
      else { continue }
      record.hyperparameters[key.hub] = value
    }
    for name in known?.keras.idleSwitches ?? [] where record.hyperparameters[name] == .bool(false) {
      record.hyperparameters[name] = nil
    }
    if known?.keras.isItsOwnArithmetic != true { arithmetic(family, &record) }
    return record
  }

  /// Whether a value says something: switches that are off and scales of 1 do not.
  private func isMeant(_ name: String, _ json: JSONTree) -> Bool {
    switch name {
    case "ema_momentum": values["use_ema"] == nil || flag("use_ema")
    case "relative_step", "multiply_by_parameter_scale": json == .bool(false)
    case "beta": json.number != 0
    default: true
    }
  }

  private func arithmetic(_ family: KerasFamily, _ record: inout OptimizerRecord) {
    switch family {
    case .current, .keras3:
      record.hyperparameters["arithmetic"] = .string(Arithmetic.keras.rawValue)
    case .legacy:
      record.hyperparameters["arithmetic"] = .string(Arithmetic.tensorflow.rawValue)
      let dialect: Dialect = isBERT4Keras ? .bert4keras : .tfKerasLegacy
      let implied = known?.implied(in: dialect, by: record.hyperparameters) ?? [:]
      record.hyperparameters.merge(implied) { $1 }
    case .multiBackend: break
    }
  }

  /// The hub's record of the learning-rate schedule, `nil` where the rate is constant.
  var schedule: ScheduleRecord? {
    let values = values
    if case .object = values["learning_rate"] {
      return ScheduleConfig.record(values["learning_rate"] ?? .null)
    }
    guard let rate = (values["learning_rate"] ?? values["lr"])?.number else { return nil }
    if let own = known?.keras.schedule {
      var record = ScheduleRecord(kind: own.kind, parameters: [:])
      for word in own.words {
        record.parameters[word.key] =
          word.isCount ? count(word.text) : values[word.text]?.number.map(AttributeValue.double)
      }
      record.parameters["learning_rate"] = .double(rate)
      return record
    }
    if let knots = values["lr_schedule"]?.members, !knots.isEmpty {
      let points = knots.compactMap { knot -> (Double, Double)? in
        guard let step = Double(knot.name), let multiple = knot.value.number else { return nil }
        return (step, multiple)
      }
      let sorted = points.sorted { $0.0 < $1.0 }
      return ScheduleRecord(
        kind: "piecewise_linear",
        parameters: [
          "learning_rate": .double(rate), "steps": .doubles(sorted.map { $0.0 }),
          "multiples": .doubles(sorted.map { $0.1 }),
        ]
      )
    }
    if let decay = values["decay"]?.number, decay != 0, known?.hasFallingMomentum != true {
      return ScheduleRecord(
        kind: "inverse_time",
        parameters: [
          "learning_rate": .double(rate), "decay_steps": .int(1), "decay_rate": .double(decay),
        ]
      )
    }
    return nil
  }

  private func count(_ name: String) -> AttributeValue? {
    guard let number = values[name]?.number else { return nil }
    return Int64(exactly: number).map(AttributeValue.int) ?? .double(number)
  }
}
