import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Limits")
struct LimitsTests {
  @Test(arguments: Limits.Name.allCases)
  func everyLimitCanBeRaisedAndLoweredWithinItsCeiling(_ name: Limits.Name) throws {
    var limits = Limits()
    try limits.set(name, to: name.ceiling)
    #expect(Limits.$current.withValue(limits) { Limits[name] } == name.ceiling)
    try limits.set(name, to: 1)
    #expect(Limits.$current.withValue(limits) { Limits[name] } == 1)
    #expect(Limits[name] == name.standard)
    for value in [0, -1, name.ceiling + 1] {
      #expect(try errorCode { try limits.set(name, to: value) } == .invalidArgument)
    }
    #expect(name.standard <= name.ceiling)
  }

  @Test
  func textSaysWhatWasChangedAndIsReadAgain() throws {
    var limits = Limits()
    #expect(limits.text.isEmpty)
    try limits.set(.tensors, to: 5)
    try limits.set(.nesting, to: 300)
    #expect(limits.text == "nesting=300,tensors=5")
    #expect(try Limits(text: limits.text) == limits)
  }

  @Test(arguments: ["tensors", "tensors=", "tensors=x", "=5", "rank=5", "tensors=0", "a=1=2"])
  func textThatNamesNoLimitIsRefused(_ text: String) throws {
    #expect(try errorCode { _ = try Limits(text: text) } == .invalidArgument)
  }

  @Test
  func errorNamesTheOptionThatRaisesTheLimit() throws {
    var limits = Limits()
    try limits.set(.textBytes, to: 7)
    let error = Limits.$current.withValue(limits) {
      StateError.exceeded(.textBytes, "the text is too long", found: 8)
    }
    #expect(error.code == .limitExceeded)
    #expect(error.description.contains("expected at most 7, found 8"))
    #expect(error.description.contains("--limit text_bytes=N"))
  }

  @Test
  func documentationListsEveryLimitWithItsValue() throws {
    let article = "/../Sources/OptStateKit/Documentation.docc/UntrustedFiles.md"
    let text = String(decoding: try readFile(Fixtures.root + article), as: UTF8.self)
    let powers = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    for name in Limits.Name.allCases {
      let row = text.split(separator: "\n").first { $0.hasPrefix("| `\(name.rawValue)` |") }
      let value = row?.split(separator: "|")[1].trimmingCharacters(in: .whitespaces)
      let exponent = name.standard.trailingZeroBitCount
      let power = "2" + "\(exponent)".compactMap(\.wholeNumberValue).map { powers[$0] }.joined()
      let isPower = exponent >= 20 && name.standard == 1 << exponent
      let digits = value?.replacing(",", with: "")
      #expect(isPower ? value == power : digits == "\(name.standard)", "\(name.rawValue)")
    }
  }
}
