extension SlotLayout {
  /// The orders that a rule's variables may be in.
  ///
  /// - Parameters:
  ///   - kind: The rule.
  ///   - family: Whose implementation of it.
  /// - Returns: The layouts, the plainest first.
  static func known(_ kind: String, _ family: KerasFamily) -> [SlotLayout] {
    switch family {
    case .multiBackend: multiBackend(kind)
    case .legacy: legacy(kind)
    case .current: wrapped(current(kind), hasRate: [false])
    case .keras3: wrapped(keras3(kind), hasRate: [true, false])
    }
  }

  /// Rules whose layouts are known.
  static let kinds = [
    "adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl",
    "adafactor", "lion", "lamb",
  ]

  private init(_ sections: [Section], _ traits: Traits = Traits()) {
    self.sections = sections
    self.traits = traits
  }

  private static let amsgrad = Traits(amsgrad: true)
  private static let momentum = Traits(momentum: true)

  private static func multiBackend(_ kind: String) -> [SlotLayout] {
    switch kind {
    case "adam", "adamw", "keras_bert_adamw":
      [
        SlotLayout([.each(["m"]), .each(["v"]), .placeholders("vhat")]),
        SlotLayout([.each(["m"]), .each(["v"]), .each(["vhat"])], amsgrad),
        SlotLayout([.each(["m"]), .each(["v"])]),
      ]
    case "sgd": [SlotLayout([.each(["moment"])])]
    case "rmsprop": [SlotLayout([.each(["rms"])])]
    case "adagrad": [SlotLayout([.each(["accumulator"])])]
    case "adadelta": [SlotLayout([.each(["accum_grad"]), .each(["accum_var"])])]
    case "adamax": [SlotLayout([.each(["m"]), .each(["u"])])]
    case "nadam": [SlotLayout([.scalar("m_schedule"), .each(["m"]), .each(["v"])])]
    default: []
    }
  }

  private static func legacy(_ kind: String) -> [SlotLayout] {
    switch kind {
    case "adam", "adamw", "lamb", "keras_bert_adamw":
      [
        SlotLayout([.each(["m"]), .each(["v"])]),
        SlotLayout([.each(["m"]), .each(["v"]), .each(["vhat"])], amsgrad),
        SlotLayout([.each(["m", "v"])]),
      ]
    case "sgd": [SlotLayout([]), SlotLayout([.each(["momentum"])], momentum)]
    case "rmsprop":
      [
        SlotLayout([.each(["rms"])]),
        SlotLayout([.each(["rms"]), .each(["momentum"])], momentum),
        SlotLayout([.each(["rms"]), .each(["mg"])], Traits(centered: true)),
        SlotLayout(
          [.each(["rms"]), .each(["momentum"]), .each(["mg"])],
          Traits(momentum: true, centered: true)
        ),
      ]
    case "adagrad": [SlotLayout([.each(["accumulator"])])]
    case "adadelta": [SlotLayout([.each(["accum_grad"]), .each(["accum_var"])])]
    case "adamax": [SlotLayout([.each(["m"]), .each(["v"])])]
    case "nadam": [SlotLayout([.scalar("momentum_cache"), .each(["m"]), .each(["v"])])]
    case "ftrl": [SlotLayout([.each(["accumulator", "linear"])])]
    default: []
    }
  }

  private static func current(_ kind: String) -> [SlotLayout] {
    switch kind {
    case "adam", "adamw":
      [
        SlotLayout([.each(["m", "v"])]),
        SlotLayout([.each(["m", "v"]), .each(["vhat"])], amsgrad),
      ]
    case "nadam", "lamb": [SlotLayout([.each(["m", "v"])])]
    case "sgd": [SlotLayout([.each(["m"])])]
    case "lion": [SlotLayout([.each(["m"])])]
    case "adamax": [SlotLayout([.each(["m", "u"])])]
    case "adafactor": [SlotLayout([.each(["r", "c", "v"])])]
    default: common(kind)
    }
  }

  private static func keras3(_ kind: String) -> [SlotLayout] {
    let pair = ["momentum", "velocity"]
    switch kind {
    case "adam", "adamw":
      return [
        SlotLayout([.each(pair)]), SlotLayout([.each(pair), .each(["velocity_hat"])], amsgrad),
      ]
    case "lamb": return [SlotLayout([.each(pair)])]
    case "nadam": return [SlotLayout([.each(pair), .scalar("momentum_product")])]
    case "adamax": return [SlotLayout([.each(["momentum", "norm"])])]
    case "sgd": return [SlotLayout([]), SlotLayout([.each(["momentum"])], momentum)]
    case "lion": return [SlotLayout([.each(["momentum"])])]
    case "adafactor": return [SlotLayout([.each(["r", "c", "v"])])]
    case "muon": return [SlotLayout([.each(["momentum", adamVelocity])])]
    default: return common(kind)
    }
  }

  /// What tf.keras since 2.11 and Keras 3 do alike.
  private static func common(_ kind: String) -> [SlotLayout] {
    switch kind {
    case "rmsprop":
      [
        SlotLayout([.each(["velocity"])]),
        SlotLayout([.each(["velocity"]), .each(["momentum"])], momentum),
        SlotLayout([.each(["velocity"]), .each(["average_gradient"])], Traits(centered: true)),
        SlotLayout(
          [.each(["velocity"]), .each(["momentum"]), .each(["average_gradient"])],
          Traits(momentum: true, centered: true)
        ),
      ]
    case "adagrad": [SlotLayout([.each(["accumulator"])])]
    case "adadelta": [SlotLayout([.each(["accumulated_grad", "accumulated_delta_var"])])]
    case "ftrl": [SlotLayout([.each(["accumulator", "linear"])])]
    default: []
    }
  }

  /// The layouts with the rate before them, and with what the base class keeps for every rule.
  private static func wrapped(_ layouts: [SlotLayout], hasRate: [Bool]) -> [SlotLayout] {
    hasRate.flatMap { hasRate in
      [(false, false), (true, false), (false, true), (true, true)].flatMap {
        average,
        accumulation in
        layouts.map { layout in
          var sections: [Section] = hasRate ? [.scalar("learning_rate")] : []
          if average { sections.append(.each(["average"])) }
          if accumulation { sections.append(.each(["gradient_accumulator"])) }
          var traits = layout.traits
          traits.average = average
          traits.accumulation = accumulation
          return SlotLayout(sections + layout.sections, traits)
        }
      }
    }
  }
}
