import ByteIO
import OptStateKit
import Testing

@Suite("JSONValue")
struct JSONValueTests {
  private func decoded(_ text: String) throws -> JSONValue {
    try JSONReader.value(of: Array(text.utf8))
  }

  @Test
  func namesKeepTheirOrderAndNothingIsEscapedThatNeedNotBe() {
    let value = JSONValue.object(["b/c": .int(1), "a": .string("é/\"\n"), "A": .null])
    #expect(value.text == "{\n  \"b/c\": 1,\n  \"a\": \"é/\\\"\\n\",\n  \"A\": null\n}")
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func numbersThatJSONLacksAreNull(_ number: Double) {
    #expect(JSONValue.array([.double(number)]).text == "[\n  null\n]")
  }

  @Test(arguments: [
    JSONValue.null, .bool(true), .bool(false), .int(0), .int(.max), .int(.min), .double(0.1),
    .double(-1e300), .double(.leastNonzeroMagnitude), .string(""),
    .string("\u{0}\u{1F600}e\u{301}"),
    .array([]), .array([.int(1), .string("1"), .null]), .object([:]),
    .object(["a": .array([.object(["b": .bool(true)])])]),
  ])
  func everyValueIsReadBack(_ value: JSONValue) throws {
    #expect(try decoded(value.text) == value)
  }

  @Test
  func wholeNumbersAndOthersAreToldApart() throws {
    #expect(
      try decoded("[1, 1.5, 1e3, 9223372036854775807, true]")
        == .array([.int(1), .double(1.5), .double(1000), .int(.max), .bool(true)])
    )
    #expect(try decoded("18446744073709551616") == .double(18_446_744_073_709_551_616))
  }

  @Test
  func absentValuesBecomeNull() {
    #expect(JSONValue(nil as Int64?) == .null)
    #expect(JSONValue(nil as String?) == .null)
    #expect(JSONValue(nil as Double?) == .null)
    #expect(JSONValue(7 as Int64?) == .int(7))
    #expect(JSONValue([1, 2]) == .array([.int(1), .int(2)]))
  }

  @Test
  func attributesKeepTheirKind() {
    #expect(JSONValue(AttributeValue.bool(true)) == .bool(true))
    #expect(JSONValue(AttributeValue.int(3)) == .int(3))
    #expect(JSONValue(AttributeValue.double(0.5)) == .double(0.5))
    #expect(JSONValue(AttributeValue.string("x")) == .string("x"))
    #expect(JSONValue(AttributeValue.doubles([1, 2])) == .array([.double(1), .double(2)]))
    #expect(JSONValue(AttributeValue.strings(["a"])) == .array([.string("a")]))
  }
}
