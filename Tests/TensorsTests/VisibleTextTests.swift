import Tensors
import Testing

@Suite("Visible text")
struct VisibleTextTests {
  @Test(arguments: [
    ("kernel", "kernel"), ("", ""), ("é名🙂", "é名🙂"), ("a\nb", "a\\u{a}b"),
    ("a\r\nb", "a\\u{d}\\u{a}b"),
    ("\u{1B}[2J", "\\u{1b}[2J"), ("\0", "\\u{0}"), ("\u{7F}\u{9B}", "\\u{7f}\\u{9b}"),
    ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"), ("\u{202E}x\u{2066}", "\\u{202e}x\\u{2066}"),
    // Zero-width joiners shape letters in many scripts, and emoji.
    ("👩\u{200D}🚀", "👩\u{200D}🚀"),
  ])
  func whatSteersATerminalIsShown(_ text: String, _ shown: String) {
    #expect(text.visible.unicodeScalars.elementsEqual(shown.unicodeScalars))
  }

  @Test
  func messageIsOneLineWhateverTheNames() {
    let error = StateError(.malformed, "bad", file: "a\nb", tensor: "\u{1B}[31mx", found: "\r")
    #expect(
      !error.description.unicodeScalars.contains { $0.properties.generalCategory == .control }
    )
  }
}
