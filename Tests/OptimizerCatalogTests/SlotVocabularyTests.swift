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

  /// Where the optimizer is known, a word that several optimizers have is its own.
  @Test(arguments: OptimizerCatalog.all.map(\.kind), [[], wrappers])
  func kindDecidesBetweenEqualWords(_ kind: String, _ beside: [SlotName]) {
    let slots = OptimizerCatalog.description(of: kind)?.slots ?? []
    let always = slots.filter { $0.presence == .always }.map(\.name)
    for chosen in [always, slots.map(\.name)] {
      for vocabulary in [
        SlotVocabulary(.keras3), SlotVocabulary(.tfKeras), SlotVocabulary(.tensorFlowObjects),
        SlotVocabulary(.tfKerasLegacy, .bert4keras),
      ] {
        let all = Set(chosen + beside)
        let words = vocabulary.words(for: all, of: kind)
        let present = Set(words.values)
        #expect(Set(words.keys) == all && present.count == all.count)
        for (slot, word) in words {
          let found = vocabulary.slot(word, of: kind, isPresent: present.contains)
          #expect(found == slot, "\(word) of \(words)")
        }
      }
    }
  }

  @Test
  func optimizersOwnRowGoesFirst() {
    let vocabulary = SlotVocabulary(.tfKerasLegacy, .bert4keras)
    #expect(vocabulary.slot("v", of: "adamax", isPresent: { $0 == "m" }) == .infinityNorm)
    #expect(vocabulary.slot("v", of: "adam", isPresent: { $0 == "m" }) == .secondMoment)
    #expect(vocabulary.slot("v", isPresent: { $0 == "m" }) == .secondMoment)
    #expect(
      vocabulary.words(for: [.momentum], of: "lion") == [.momentum: "m"]
        && vocabulary.words(for: [.momentum], of: "sgd") == [.momentum: "momentum"]
    )
  }

  @Test
  func roundsAreInTheOrderOfTheList() {
    let vocabulary = SlotVocabulary(.tfKerasLegacy)
    func texts(_ slots: Set<SlotName>, _ kind: String?) -> [[String]] {
      vocabulary.rounds(for: slots, of: kind).map { $0.map(\.text) }
    }
    #expect(texts([.secondMoment, .firstMoment], "adamw") == [["m"], ["v"]])
    #expect(texts([.linear, .accumulator], nil) == [["accumulator", "linear"]])
    #expect(
      texts([.meanSquare, .momentum, .meanGradient], "rmsprop") == [["rms"], ["momentum"], ["mg"]]
    )
    #expect(
      texts([.firstMoment, .secondMoment, .gradientAccumulator], "adam")
        == [["m"], ["v"], ["gradient_accumulator"]]
    )
  }

  @Test
  func arrangementsFollowTheSettings() {
    let row = OptimizerCatalog.description(of: "rmsprop")?.rows(in: .keras3).first
    let all = row?.arrangements(behind: OptimizerCatalog.base(of: .keras3)) ?? []
    #expect(all.count == 32)
    #expect(all.first?.settings == [] && all.first?.words.map(\.text) == ["velocity"])
    let whole = all.first {
      $0.settings == ["ema_decay", "centered", OptimizerCatalog.scheduleSetting]
    }
    #expect(whole?.words.map(\.text) == ["average", "velocity", "average_gradient"])
    #expect(whole?.sections.count == 3 && all.first?.sections.count == 2)
    #expect(row?.depends(on: "momentum") == true && row?.depends(on: "amsgrad") == false)
  }

  @Test(arguments: [
    ("Custom>AdamW", "adamw"), ("rm_sprop_2", "rmsprop"), ("RMSprop", "rmsprop"),
    ("adam_12", "adam"), ("AdaFactorV2", "adafactor"), ("AdamWarmup", "keras_bert_adamw"),
    ("AdamX", nil), ("", nil), ("2", nil),
  ])
  func classesAreFoundByAnyOfTheirNames(_ name: String, _ kind: String?) {
    #expect(OptimizerCatalog.description(ofKerasClass: name)?.kind == kind)
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
    let own = OptimizerCatalog.all.flatMap(\.ownSlots).map(\.name)
    #expect(Set(SlotDescription.all.map(\.name)) == Set(SlotName.all + own))
    #expect(SlotDescription.all.count == SlotName.all.count + own.count)
  }
}
