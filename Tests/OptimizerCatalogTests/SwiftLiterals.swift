/// The string literals of Swift source, without what is interpolated and with escapes left out.
///
/// Literals inside an interpolation are literals of their own.
struct SwiftLiterals {
  /// A literal.
  struct Literal: Hashable {
    let text: String
    let line: Int
  }

  private(set) var all: [Literal] = []

  private let source: [Character]
  private var place = 0
  private var line = 1

  init(_ source: String) {
    self.source = Array(source)
    scan(until: nil)
  }

  private func starts(_ text: String, at place: Int) -> Bool {
    source[place...].starts(with: text)
  }

  private mutating func step(_ count: Int = 1) {
    for _ in 0..<count where place < source.count {
      if source[place].isNewline { line += 1 }
      place += 1
    }
  }

  /// Scans code up to the parenthesis that closes an interpolation, or to the end.
  private mutating func scan(until end: Character?) {
    var depth = 0
    while place < source.count {
      let character = source[place]
      if starts("//", at: place) {
        while place < source.count, !source[place].isNewline { step() }
      } else if starts("/*", at: place) {
        while place < source.count, !starts("*/", at: place) { step() }
        step(2)
      } else if character == "\"" || character == "#" && opensRaw {
        literal()
      } else if character == end, depth == 0 {
        step()
        return
      } else {
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
        step()
      }
    }
  }

  private var opensRaw: Bool {
    source[place...].first { $0 != "#" } == "\""
  }

  private mutating func literal() {
    let first = line
    let hashes = String(source[place...].prefix { $0 == "#" })
    step(hashes.count)
    let quotes = starts("\"\"\"", at: place) ? "\"\"\"" : "\""
    step(quotes.count)
    var text = ""
    while place < source.count, !starts(quotes + hashes, at: place) {
      guard starts("\\" + hashes, at: place) else {
        text.append(source[place])
        step()
        continue
      }
      step(1 + hashes.count)
      text.append(" ")
      if source[place] == "(" {
        step()
        scan(until: ")")
      } else if starts("u{", at: place) {
        while source[place] != "}" { step() }
        step()
      } else {
        step()
      }
    }
    step(quotes.count + hashes.count)
    all.append(Literal(text: text, line: first))
  }
}
