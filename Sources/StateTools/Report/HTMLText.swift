/// HTML in the making: what is not markup goes through an escape.
struct HTMLText {
  private(set) var text = ""

  /// Adds markup as it is.
  mutating func raw(_ markup: String) {
    text += markup
  }

  /// Adds an element with text in it.
  mutating func element(_ name: String, class style: String? = nil, _ content: String) {
    let attribute = style.map { " class=\"\($0)\"" } ?? ""
    text += "<\(name)\(attribute)>\(Self.escaped(content))</\(name)>\n"
  }

  /// A text as HTML shows it: markup is disarmed, and characters that show nothing or turn the
  /// direction of writing become visible.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
          result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// A name short enough for a chart, its end kept.
  static func shortened(_ text: String, to length: Int) -> String {
    let characters = Array(text)
    guard characters.count > length else { return text }
    let head = length / 3
    return String(characters[..<head]) + "…"
      + String(characters[(characters.count - length + head + 1)...])
  }
}
