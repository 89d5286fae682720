internal import OptimizerCatalog

/// The implementations of Keras' optimizers, which keep their variables in different orders.
enum KerasFamily: Sendable, Hashable, CaseIterable {
  /// Multi-backend Keras up to 2.3.1.
  case multiBackend
  /// `OptimizerV2`: tf.keras up to 2.10, `optimizers.legacy` later.
  case legacy
  /// tf.keras from 2.11 on.
  case current
  /// Keras 3.
  case keras3

  /// The family that an optimizer's first variable betrays, `nil` where it is no step counter.
  init?(counter: String) {
    let last = KerasNames.components(counter).last ?? ""
    let plain = KerasNames.plain(last)
    // TensorFlow numbers the counters of a graph's second model and of those behind it.
    switch (SnakeCase.base(of: plain), plain != last) {
    case ("iterations", true): self = .multiBackend
    case ("iter", true): self = .legacy
    case ("iteration", true): self = .current
    case ("iteration", false) where plain == "iteration": self = .keras3
    default: return nil
    }
  }

  /// The catalogue's dialects of the family; bert4keras' optimizers are subclasses of `OptimizerV2`.
  var dialects: [Dialect] {
    switch self {
    case .multiBackend: [.kerasMultiBackend]
    case .legacy: [.tfKerasLegacy, .bert4keras]
    case .current: [.tfKeras]
    case .keras3: [.keras3]
    }
  }

  /// The words for slots.
  var vocabulary: SlotVocabulary {
    switch self {
    case .multiBackend: Self.multiBackendWords
    case .legacy: Self.legacyWords
    case .current: Self.currentWords
    case .keras3: Self.keras3Words
    }
  }

  private static let multiBackendWords = SlotVocabulary(KerasFamily.multiBackend.dialects)
  private static let legacyWords = SlotVocabulary(KerasFamily.legacy.dialects)
  private static let currentWords = SlotVocabulary(KerasFamily.current.dialects)
  private static let keras3Words = SlotVocabulary(KerasFamily.keras3.dialects)

  /// Whether slots for a momentum are kept only where there is one.
  func hasOptionalMomentum(_ kind: String?) -> Bool {
    let known = kind.flatMap { OptimizerCatalog.description(of: $0) }
    return dialects.contains { dialect in
      known?.rows(in: dialect).contains { $0.depends(on: "momentum") } ?? false
    }
  }
}
