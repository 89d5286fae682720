import OptimizerCatalog
import Tensors
import Testing

/// Optimizers by what Keras' configurations say, and what no configuration says.
@Suite("KerasTraits")
struct KerasTraitsTests {
  private static let configurations: [(name: String, words: [String], kind: String?)] = [
    ("Mine", ["exclude_from_layer_adaptation", "beta_1", "epsilon"], "lamb"),
    ("Adam", ["exclude_from_layer_adaptation"], "lamb"),
    ("Adam", ["weight_decay_rate"], "adamw"), ("Mine", ["weight_decay_rate"], "adamw"),
    ("SGD", ["weight_decay_rate"], "sgd"),
    ("Mine", ["beta_1", "epsilon", "warmup_steps", "min_lr"], "keras_bert_adamw"),
    ("Mine", ["multiply_by_parameter_scale"], "adafactor"),
    ("Mine", ["beta_1", "epsilon"], "adam"), ("RMSprop", ["beta_1", "epsilon"], "rmsprop"),
    ("Mine", ["beta_1"], nil),
  ]

  @Test(arguments: configurations)
  func configurationsTellWhatTheirClassDoesNot(
    _ configuration: (name: String, words: [String], kind: String?)
  ) {
    let found = OptimizerCatalog.description(
      ofKerasClass: configuration.name,
      with: Set(configuration.words)
    )
    #expect(found?.kind == configuration.kind)
  }

  @Test
  func legacyOptimizersDoWhatTheirFilesDoNotSay() throws {
    let sgd = try #require(OptimizerCatalog.description(of: "sgd"))
    let still: [String: AttributeValue] = ["momentum": .double(0)]
    #expect(sgd.implied(in: .tfKerasLegacy, by: [:]) == ["buffer": .string("step")])
    #expect(sgd.implied(in: .tfKerasLegacy, by: still).isEmpty)
    #expect(sgd.implied(in: .keras3, by: [:]).isEmpty)
    let rmsprop = try #require(OptimizerCatalog.description(of: "rmsprop"))
    #expect(rmsprop.implied(in: .tfKerasLegacy, by: [:]).isEmpty)
    #expect(rmsprop.implied(in: .tfKerasLegacy, by: still).keys.sorted() == ["epsilon_placement"])
    let adam = try #require(OptimizerCatalog.description(of: "adam"))
    #expect(adam.implied(in: .bert4keras, by: [:]) == ["epsilon_placement": .string("corrected")])
  }

  @Test
  func formsGoTogether() {
    #expect(OptimizerCatalog.description(of: "adamw")?.family == "adam")
    #expect(OptimizerCatalog.description(of: "adam")?.family == "adam")
    for known in OptimizerCatalog.all {
      guard let plain = known.plainForm else { continue }
      #expect(OptimizerCatalog.description(of: plain)?.slots == known.slots)
    }
  }

  @Test
  func axesHaveTheirShapes() throws {
    let shape = try Shape([2, 3, 4])
    #expect(try SlotDescription.Form.secondAxis.shape(for: shape) == Shape([3]))
    #expect(try SlotDescription.Form.fourthAxis.shape(for: shape) == nil)
    #expect(try SlotDescription.Form.columns.shape(for: shape) == Shape([2, 4]))
  }
}
