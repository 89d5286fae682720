import Tensors
import Testing

@testable import OptimizerCore

@Suite("SpecText")
struct SpecTextTests {
  @Test
  func everyTypeOfValueIsRead() throws {
    let (kind, values) = try SpecText.parse(
      #"a_kind:b=true,i=-3,d=1e-3,w=word,q="x,\"y\\",n=[1;0.5],s=[a;"b;c"],e=[]"#
    )
    #expect(kind == "a_kind")
    #expect(
      values == [
        "b": .bool(true), "i": .int(-3), "d": .double(1e-3), "w": .string("word"),
        "q": .string(#"x,"y\"#), "n": .doubles([1, 0.5]), "s": .strings(["a", "b;c"]),
        "e": .strings([]),
      ]
    )
  }

  @Test(arguments: [
    HyperparameterValue.bool(false), .int(.min), .int(0), .double(1),
    .double(.leastNonzeroMagnitude),
    .double(-.infinity), .double(0.1), .string("LayerNorm"), .string("true"), .string("12"),
    .string(""), .string("a b"), .string(#"\"["#), .string("ü:1"), .doubles([1, 2.5e-8]),
    .strings(["LayerNorm", "layer_norm", "bias"]), .strings(["1", ",;"]), .strings([]),
    .string("inf"), .string("1e5x"),
  ])
  func printedValueIsReadBack(_ value: HyperparameterValue) throws {
    #expect(try SpecText.parse(SpecText.print("kind", ["key": value])).values == ["key": value])
  }

  @Test(arguments: [
    "", ":", "k:", "k:a", "k:a=", "k:a=1,", "k:a=1,a=2", "k:a=[1;b]", "k:a=[1", "k:a=\"x",
    "k:a=1;", "k a=1", "k:=1", "k:a==1",
  ])
  func textThatIsNoSpecIsRejected(_ text: String) {
    #expect {
      try SpecText.parse(text)
    } throws: { error in
      (error as? StateError)?.code == .invalidArgument
    }
  }

  @Test
  func keysArePrintedInOrder() {
    #expect(SpecText.print("k", ["b": .int(1), "a": .int(2)]) == "k:a=2,b=1")
    #expect(SpecText.print("k", [:]) == "k")
  }
}
