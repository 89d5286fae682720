import Tensors
import Testing

@Suite("AttributeValue")
struct AttributeValueTests {
  private static let quiet = Double.nan
  private static let other = Double(nan: 5, signaling: false)

  @Test(
    arguments: [
      .bool(true), .int(3), .double(2.5), .double(quiet), .double(-.infinity), .string("a"),
      .doubles([1, quiet, other]), .doubles([]), .strings([]), .strings(["a", ""]),
    ] as [AttributeValue]
  )
  func valueEqualsItself(_ value: AttributeValue) {
    #expect(value == value)
    #expect(Set([value]).contains(value))
  }

  @Test(
    arguments: [
      (.double(quiet), .double(other)), (.double(quiet), .double(1)), (.int(1), .double(1)),
      (.doubles([1, quiet]), .doubles([1, other])), (.doubles([quiet]), .doubles([quiet, quiet])),
      (.doubles([]), .strings([])), (.string("1"), .int(1)), (.bool(true), .int(1)),
    ] as [(AttributeValue, AttributeValue)]
  )
  func othersDiffer(_ one: AttributeValue, _ other: AttributeValue) {
    #expect(one != other)
  }

  @Test func zerosOfBothSignsAreOneNumber() {
    #expect(AttributeValue.double(0) == .double(-0.0))
    #expect(Set([AttributeValue.double(0)]).contains(.double(-0.0)))
  }
}
