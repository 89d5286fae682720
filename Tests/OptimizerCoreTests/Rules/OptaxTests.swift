import Tensors
import Testing

@testable import OptimizerCore

/// One update by optax 0.2.8 on jax 0.10.2, `adamw(0.1, weight_decay=0.1)` after four others, as bits.
@Suite("optax")
struct OptaxTests {
  private static func floats(_ bits: [UInt32]) -> [Float] { bits.map(Float.init(bitPattern:)) }

  private static let start = floats([0xBF12_CD4F, 0x3C9D_601C, 0xBDE5_E085, 0xBEC0_9192])
  private static let first = floats([0x3FB7_BE15, 0x3F57_82D8, 0x3F03_BF87, 0x3F26_696D])
  private static let second = floats([0x3FC1_680A, 0x3FD9_AC2F, 0x4022_F13B, 0x3F8E_A1A7])
  private static let gradient = floats([0xBF8D_A1AB, 0x3F70_0050, 0xBF22_05AF, 0xBE55_3CCB])

  /// What a variable is after the update, by how it is compiled and with how many others.
  static let recorded: [(spec: String, variables: Int, value: [UInt32], first: UInt32)] = [
    ("optax", 1, [0xBF15_93FF, 0x3BFE_1411, 0xBDEC_6F87, 0xBEC3_5DA6], 0x3ECC_BE03),
    ("optax", 2, [0xBF15_93FF, 0x3BFE_1411, 0xBDEC_6F87, 0xBEC3_5DA5], 0x3ECC_BE03),
    ("optax_eager", 1, [0xBF15_93FF, 0x3BFE_1412, 0xBDEC_6F87, 0xBEC3_5DA6], 0x3ECC_BE02),
    ("optax_eager", 2, [0xBF15_93FF, 0x3BFE_1412, 0xBDEC_6F87, 0xBEC3_5DA5], 0x3ECC_BE02),
  ]

  @Test(arguments: recorded)
  func updateHasItsBits(_ spec: String, _ count: Int, _ value: [UInt32], _ third: UInt32) throws {
    let record = try OptimizerRecord(
      spec: "adamw:learning_rate=0.1,weight_decay=0.1,arithmetic=\(spec)"
    )
    let names = ["a", "b"].prefix(count)
    let trainer = try Trainer<Float>(
      Optimizer(record),
      names.map { ($0, [Self.start.count], Self.start) }
    )
    for name in names {
      trainer[name, "adam_m"] = Self.first
      trainer[name, "adam_v"] = Self.second
    }
    let gradients = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.gradient) })
    try trainer.update(gradients, StepContext(step: 5))
    for name in names {
      #expect(trainer[name, "value"].map(\.bitPattern) == value)
      #expect(trainer[name, "adam_m"][2].bitPattern == third)
    }
  }

  @Test(arguments: [
    "sgd", "adam:amsgrad=true", "adam:epsilon_placement=hat", "adamw:bias_correction=none",
    "adamw:global_clip_norm=1", "adam:l2=0.1", "adam:ema_decay=0.9", "adam:accumulation_steps=2",
  ])
  func whatNobodyComparedIsRefused(_ spec: String) throws {
    var record = try OptimizerRecord(spec: spec)
    for arithmetic in [Arithmetic.optax, .optaxEager] {
      record.hyperparameters["arithmetic"] = .string(arithmetic.rawValue)
      #expect(try code { _ = try Optimizer(record) } == .invalidArgument)
    }
  }

  @Test
  func groupsDifferInTheirDecayAlone() throws {
    var record = try OptimizerRecord(spec: "adamw:arithmetic=optax")
    record.groups = [ParameterGroup(overrides: ["weight_decay": .double(0)], members: ["a"])]
    _ = try Optimizer(record)
    record.groups[0].overrides["beta1"] = .double(0.5)
    #expect(try code { _ = try Optimizer(record) } == .invalidArgument)
  }

  @Test
  func typesAndRatesThatChangeAreRefused() throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: "adam:arithmetic=optax"))
    let types = try UpdateTypes(parameter: .bfloat16)
    let refusal = try code { _ = try optimizer.plan(for: "a", shape: .scalar, types: types) }
    #expect(refusal == .invalidArgument)
    let constant = try Schedule(ScheduleRecord(spec: "constant:learning_rate=0.5"))
    #expect(try constant.learningRate(at: 7, in: .optax) == 0.5)
    let cosine = try Schedule(ScheduleRecord(spec: "cosine:learning_rate=0.5,decay_steps=9"))
    #expect(try code { _ = try cosine.learningRate(at: 7, in: .optax) } == .invalidArgument)
  }

  private func code(_ body: () throws -> Void) throws -> StateError.Code? {
    do {
      try body()
      return nil
    } catch let error as StateError {
      return error.code
    }
  }
}
