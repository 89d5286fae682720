import Tensors
import Testing

@testable import OptimizerCore

@Suite("Optimizer")
struct OptimizerTests {
  private func expectInvalid(_ words: String..., when body: () throws -> Void) {
    #expect {
      try body()
    } throws: { error in
      guard let error = error as? StateError, error.code == .invalidArgument else { return false }
      return words.allSatisfy("\(error)".contains)
    }
  }

  @Test(arguments: RuleKind.allCases)
  func everyKindFillsInItsDefaultsAndReadsThemBack(_ kind: RuleKind) throws {
    for convention in Convention.allCases where [nil, convention].contains(kind.onlyConvention) {
      let optimizer = try Optimizer(OptimizerRecord(kind: kind.rawValue), convention: convention)
      #expect(optimizer.record.hyperparameters["learning_rate"] != nil)
      let again = try Optimizer(OptimizerRecord(spec: optimizer.record.description))
      #expect(again.record == optimizer.record)
    }
  }

  @Test
  func unknownKindIsRejectedWithTheKindsThereAre() {
    expectInvalid("adamm", "bert_adamw", "lamb") { _ = try OptimizerRecord(spec: "adamm") }
  }

  @Test
  func unknownKeyIsRejectedWithTheKeysThereAre() {
    expectInvalid("beta3", "beta1", "epsilon") { _ = try OptimizerRecord(spec: "adam:beta3=0.9") }
    expectInvalid("layer_adaptation") {
      _ = try OptimizerRecord(spec: "adam:layer_adaptation=false")
    }
  }

  @Test(arguments: [
    "adam:beta1=1.5", "adam:beta2=-0.1", "adam:learning_rate=fast", "adam:amsgrad=1",
    "adam:epsilon_placement=inside", "adam:accumulation_steps=0", "adam:accumulation_steps=1.5",
    "adam:exclude_from_weight_decay=[1;2]", "adam:exclude_from_weight_decay=[\"(\"]",
    "adam:arithmetic=numpy", "adam:global_clip_norm=1,clip_value=1", "adam:clip_norm=-1",
    "adam:ema_decay=2", "sgd:buffer=velocity",
  ])
  func valueThatMakesNoSenseIsRejected(_ spec: String) {
    expectInvalid { _ = try OptimizerRecord(spec: spec) }
  }

  @Test
  func ruleWithoutATorchFormIsRejectedThere() throws {
    let record = try OptimizerRecord(spec: "lion")
    expectInvalid("pytorch", "tensorflow") { _ = try Optimizer(record, convention: .pytorch) }
  }

  @Test
  func arithmeticThatNobodyNamesIsAskedFor() throws {
    expectInvalid("arithmetic") { _ = try Optimizer(OptimizerRecord(kind: "adam")) }
    #expect(try Optimizer(OptimizerRecord(kind: "lion")).arithmetic == .tensorflow)
  }

  @Test
  func conventionYieldsToARecordOfItsFamily() throws {
    let keras = OptimizerRecord(kind: "adam", hyperparameters: ["arithmetic": .string("keras")])
    #expect(try Optimizer(keras, convention: .tensorflow).arithmetic == .keras)
    #expect(try Optimizer(keras, convention: .pytorch).arithmetic == .pytorchFused)
    #expect(try Optimizer(keras).arithmetic == .keras)
  }

  @Test
  func bertExcludesUnlessToldOtherwise() throws {
    let bert = try Optimizer(OptimizerRecord(kind: "bert_adamw"), convention: .tensorflow)
    #expect(bert.clipping == nil)
    func decay(_ optimizer: Optimizer, _ name: String) throws -> Double? {
      let plan = try optimizer.plan(for: name, shape: .vector(1), types: UpdateTypes())
      return (plan.rule as? BERTAdamW)?.weightDecay
    }
    #expect(try decay(bert, "bert/encoder/layer_0/attention/self/query/kernel") == 0.01)
    #expect(try decay(bert, "bert/encoder/layer_0/attention/self/query/bias") == 0)
    #expect(try decay(bert, "bert/embeddings/LayerNorm/gamma") == 0)
    let own = try OptimizerRecord(
      spec: #"bert_adamw:exclude_from_weight_decay=["^bert/pool";"g.mma$"],global_clip_norm=1"#
    )
    let other = try Optimizer(own, convention: .tensorflow)
    #expect(other.clipping == .globalNorm(1))
    #expect(try decay(other, "bert/pooler/dense/kernel") == 0)
    #expect(try decay(other, "cls/bert/pooler/dense/kernel") == 0.01)
    #expect(try decay(other, "LayerNorm/gamma") == 0)
    #expect(try decay(other, "LayerNorm/beta") == 0.01)
  }

  @Test
  func kerasBERTDecaysOnlyWhereItsPatternOccurs() throws {
    let record = try OptimizerRecord(
      spec: "keras_bert_adamw:weight_decay=0.01,weight_decay_pattern=[kernel;\"a.b\"]"
    )
    let optimizer = try Optimizer(record)
    func decay(_ name: String) throws -> Double? {
      let plan = try optimizer.plan(for: name, shape: .vector(1), types: UpdateTypes())
      return (plan.rule as? KerasBERTAdamW)?.weightDecay
    }
    #expect(try decay("x/kernel:0") == 0.01)
    #expect(try decay("x/bias:0") == 0)
    // Substrings, not regular expressions.
    #expect(try decay("axb") == 0)
    #expect(try decay("a.b") == 0.01)
  }

  @Test
  func lambSparesFromAdaptationWhatItSparesFromDecay() throws {
    let spec = "lamb:weight_decay=0.01,exclude_from_weight_decay=[bias]"
    func rule(_ spec: String, _ name: String) throws -> LAMB? {
      try Optimizer(OptimizerRecord(spec: spec))
        .plan(for: name, shape: .vector(1), types: UpdateTypes()).rule as? LAMB
    }
    #expect(try rule(spec, "bias")?.adaptsLayer == false)
    #expect(try rule(spec, "kernel")?.adaptsLayer == true)
    let apart = spec + ",exclude_from_layer_adaptation=[kernel]"
    #expect(try rule(apart, "bias")?.adaptsLayer == true)
    #expect(try rule(apart, "bias")?.weightDecay == 0)
    #expect(try rule(apart, "kernel")?.adaptsLayer == false)
  }

  @Test
  func groupsOverrideForTheirMembers() throws {
    var record = try OptimizerRecord(spec: "adamw:arithmetic=pytorch_fused,weight_decay=0.1")
    record.groups = [
      ParameterGroup(members: ["a"]),
      ParameterGroup(
        overrides: ["weight_decay": .double(0), "learning_rate": .double(0.5)],
        members: ["b", "c"]
      ),
    ]
    let optimizer = try Optimizer(record)
    func rule(_ name: String) throws -> Adam? {
      try optimizer.plan(for: name, shape: .vector(1), types: UpdateTypes()).rule as? Adam
    }
    #expect(try rule("a")?.weightDecay == 0.1)
    #expect(try rule("c")?.weightDecay == 0)
    #expect(try rule("c")?.learningRate == 0.5)
    #expect(try rule("d")?.weightDecay == 0.1)
    #expect(optimizer.ownLearningRate(of: "b") == 0.5 && optimizer.ownLearningRate(of: "a") == nil)
    #expect(optimizer.group(of: "b") == 1 && optimizer.group(of: "d") == nil)
    record.groups[1].members.append("a")
    expectInvalid("'a'") { _ = try Optimizer(record) }
    record.groups = [ParameterGroup(overrides: ["beta9": .int(1)], members: [])]
    expectInvalid("beta9") { _ = try Optimizer(record) }
  }
}
