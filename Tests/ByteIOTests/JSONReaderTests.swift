import ByteIO
import Tensors
import TestSupport
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
  @Test(arguments: [
    ("0", JSONValue.int(0)), ("-0", .int(0)), (" 12 ", .int(12)), ("1.0", .double(1)),
    ("-1.5e-3", .double(-0.0015)), ("9223372036854775807", .int(.max)),
    ("9223372036854775808", .double(0x1p63)), ("true", .bool(true)), ("null", .null),
    ("[]", .array([])), ("{}", .object([:])), ("[1,[2]]", .array([.int(1), .array([.int(2)])])),
    ("\"a\\n\\u00e9\\ud83d\\ude00\\/\"", .string("a\né😀/")),
    ("{\"b\":1,\"a\":{}}", .object(["b": .int(1), "a": .object([:])])),
  ])
  func textBecomesItsValue(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONReader.value(of: Array(text.utf8)) == value)
  }

  @Test(arguments: [
    ("", 0), ("{", 1), ("[1,]", 3), ("[1 2]", 3), ("01", 0), ("+1", 0), (".5", 0), ("1.", 0),
    ("1e", 0), ("0x10", 1), ("NaN", 0), ("Infinity", 0), ("1e999", 0), ("tru", 0), ("{a:1}", 1),
    ("{\"a\" 1}", 5), ("{\"a\":1,}", 7), ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"\\u0061\":2}", 7),
    ("\"a", 0), ("\"\t\"", 1), ("\"\\x\"", 1), ("\"\\u12\"", 3), ("\"\\ud800\"", 1),
    ("\"\\ud800\\u0041\"", 1), ("\"\\udc00\"", 1), ("1 2", 2), ("{}}", 2), ("//", 0),
  ])
  func textThatIsNoJSONIsRefusedWithItsOffset(_ text: String, _ offset: Int) throws {
    let error = try stateError { _ = try JSONReader.value(of: Array(text.utf8), base: 100) }
    #expect(error?.code == .malformed)
    #expect(error?.offset == 100 + offset)
  }

  @Test
  func bytesThatAreNoUTF8AreRefused() throws {
    for bytes: [UInt8] in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80]] {
      let error = try stateError { _ = try JSONReader.value(of: [0x22] + bytes + [0x22]) }
      #expect(error?.code == .malformed)
    }
  }

  @Test
  func namesThatOnlyLookAlikeAreTwo() throws {
    let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
    guard case .object(let object) = try JSONReader.value(of: Array(text.utf8)) else {
      Issue.record("no object")
      return
    }
    #expect(object.members.count == 2)
    #expect(object["e\u{301}"] == .int(2))
  }

  @Test
  func nestingIsBounded() throws {
    for open in ["[", "{\"a\":"] {
      let text = String(repeating: open, count: 300)
      let code = try errorCode { _ = try JSONReader.value(of: Array(text.utf8)) }
      #expect(code == .limitExceeded)
    }
  }

  @Test
  func whatIsWrittenIsReadAgain() throws {
    let value = JSONValue.object([
      "z": .array([
        .int(-1), .double(0.1), .double(-0.0), .double(.leastNonzeroMagnitude), .null, .bool(false),
      ]),
      "a\"\\\n\u{1}\u{7F}é😀": .string("\u{8}\u{C}\t\r"),
      "empty": .object([:]),
    ])
    for isCompact in [false, true] {
      for escapes in [false, true] {
        let bytes = value.bytes(isCompact: isCompact, escapesNonASCII: escapes)
        #expect(try JSONReader.value(of: bytes) == value)
        #expect(!escapes || bytes.allSatisfy { $0 < 0x7F })
      }
    }
    #expect(JSONValue.array([]).text == "[]")
    #expect(JSONValue.object(["a": .array([.int(1)])]).text == "{\n  \"a\": [\n    1\n  ]\n}")
  }
}
