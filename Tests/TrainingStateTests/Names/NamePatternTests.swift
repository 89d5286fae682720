import Tensors
import TestSupport
import Testing

@testable import TrainingState

@Suite("NamePattern")
struct NamePatternTests {
  @Test func numbersAreFoundAndWrittenBack() throws {
    let pattern = try NamePattern("encoder/layer_{n}/kernel")
    #expect(pattern.numbers(in: "encoder/layer_11/kernel") == ["n": 11])
    #expect(pattern.name(["n": 11]) == "encoder/layer_11/kernel")
  }

  @Test(arguments: [
    "encoder/layer_/kernel", "encoder/layer_01/kernel", "encoder/layer_1/kernel/adam_m",
    "encoder/layer_-1/kernel", "encoder/layer_1x/kernel", "Encoder/layer_1/kernel",
    "encoder/layer_99999999999999999999/kernel", "",
  ])
  func otherNamesDoNotMatch(_ name: String) throws {
    #expect(try NamePattern("encoder/layer_{n}/kernel").numbers(in: name) == nil)
  }

  @Test func countingMayBeginAtOne() throws {
    let pattern = try NamePattern("Encoder-{n+1}/Encoder-{n+1}_W1")
    #expect(pattern.numbers(in: "Encoder-1/Encoder-1_W1") == ["n": 0])
    #expect(pattern.numbers(in: "Encoder-0/Encoder-0_W1") == nil)
    #expect(pattern.numbers(in: "Encoder-1/Encoder-2_W1") == nil)
    #expect(pattern.name(["n": 0]) == "Encoder-1/Encoder-1_W1")
    #expect(pattern.name(["n": .max]) == nil)
  }

  @Test func severalNumbersKeepTheirOrder() throws {
    let pattern = try NamePattern("block.{b}.layer.{l}.w")
    #expect(pattern.variables == ["b", "l"])
    #expect(pattern.numbers(in: "block.3.layer.0.w") == ["b": 3, "l": 0])
  }

  @Test func anOptionalPartIsReadBothWaysAndWritten() throws {
    let pattern = try NamePattern("[bert.]pooler.weight")
    #expect(pattern.numbers(in: "pooler.weight") == [:])
    #expect(pattern.numbers(in: "bert.pooler.weight") == [:])
    #expect(pattern.numbers(in: "bert.bert.pooler.weight") == nil)
    #expect(pattern.name([:]) == "bert.pooler.weight")
  }

  @Test func zerosInFrontAreReadAndWritten() throws {
    let pattern = try NamePattern("block_{n:3}/q")
    #expect(pattern.name(["n": 7]) == "block_007/q")
    #expect(pattern.name(["n": 1234]) == "block_1234/q")
    #expect(pattern.numbers(in: "block_007/q") == ["n": 7])
    #expect(pattern.numbers(in: "block_1234/q") == ["n": 1234])
    for name in ["block_7/q", "block_0007/q", "block_/q"] {
      #expect(pattern.numbers(in: name) == nil)
    }
  }

  @Test func whatMayBeMissingIsLeftOutOfTheShortName() throws {
    #expect(try NamePattern("[vit.]layers.{n}.w").shortName(["n": 2]) == "layers.2.w")
  }

  @Test func lettersAreToldApartByTheirBytes() throws {
    #expect(try NamePattern("caf\u{E9}").numbers(in: "cafe\u{301}") == nil)
  }

  @Test(arguments: [
    "", "a{n", "a{}", "a{1}", "a{n+x}", "a{n-1}", "{n}{m}", "[]", "[a", "a{n:}",
    "a{n:0}", "a{n:10}", "a{n:3:3}",
  ])
  func whatIsNoPatternIsRefused(_ text: String) throws {
    #expect(try errorCode { _ = try NamePattern(text) } == .malformed)
  }
}
