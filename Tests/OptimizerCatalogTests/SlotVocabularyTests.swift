import OptimizerCatalog
import Tensors
import Testing

/// Words of the catalogue, in both directions.
@Suite("SlotVocabulary")
struct SlotVocabularyTests {
  /// Every set of slots that an optimizer can have by its settings.
  static let sets: [Set<SlotName>] = OptimizerCatalog.all.flatMap { known -> [Set<SlotName>] in
    let always = Set(known.slots.filter { $0.presence == .always }.map(\.name))
    let optional = known.slots.filter { $0.presence != .always }.map(\.name)
    return (0..<1 << optional.count).map { mask in
      always.union(optional.indices.filter { mask & 1 << $0 != 0 }.map { optional[$0] })
    }
  }

  private static let wrappers: [SlotName] = [.average, .slowWeights, .gradientAccumulator]

  @Test(arguments: sets, [[], wrappers])
  func whatIsWrittenIsFoundAgain(_ slots: Set<SlotName>, _ beside: [SlotName]) {
    for vocabulary in [
      SlotVocabulary(.bert, .tensorFlow), SlotVocabulary(.torch),
      SlotVocabulary(.torch, .transformers),
      SlotVocabulary(.bert),
    ] {
      let all = slots.union(beside)
      let words = vocabulary.words(for: all)
      #expect(Set(words.keys) == all)
      let present = Set(words.values)
      #expect(present.count == all.count, "two slots have one word: \(words)")
      for (slot, word) in words {
        #expect(vocabulary.slot(word, isPresent: present.contains) == slot, "\(word) of \(words)")
      }
    }
  }

  @Test
  func wordsOfTensorFlowAreItsOwn() {
    let vocabulary = SlotVocabulary(.bert, .tensorFlow)
    #expect(
      vocabulary.words(for: [.meanSquare, .momentum]) == [
        .meanSquare: "RMSProp", .momentum: "RMSProp_1",
      ]
    )
    #expect(
      vocabulary.words(for: [.accumulator, .linear]) == [.accumulator: "Ftrl", .linear: "Ftrl_1"]
    )
    #expect(vocabulary.words(for: [.accumulator]) == [.accumulator: "Adagrad"])
    #expect(vocabulary.slot("Adam_1", isPresent: { $0 == "Adam" }) == .secondMoment)
  }

  @Test
  func wordThatNoRowHasIsNone() {
    let vocabulary = SlotVocabulary(.bert, .tensorFlow)
    #expect(vocabulary.slot("exp_avg", isPresent: { _ in true }) == nil)
    #expect(vocabulary.slot("kernel", isPresent: { _ in true }) == nil)
    #expect(vocabulary.slot("slot_12", isPresent: { _ in false }) == .unknown(at: 12))
  }

  @Test
  func powersAreToldApartByTheirOptimizer() {
    #expect(BetaPowerName("beta1_power")?.owner == "")
    #expect(BetaPowerName("train/beta2_power_1")?.base == .beta2)
    #expect(BetaPowerName("train/beta2_power_1")?.owner == "train/_1")
    #expect(BetaPowerName("beta1_powers") == nil)
    #expect(BetaPowerName("beta1_power_x") == nil)
  }

  @Test
  func everySlotOfAnEntryIsDescribed() {
    for known in OptimizerCatalog.all {
      for slot in known.slots { #expect(SlotDescription.of(slot.name) != nil, "\(known.kind)") }
    }
    #expect(Set(SlotDescription.all.map(\.name)) == Set(SlotName.all))
  }
}
