/// HTML in the making: what is not markup goes through an escape.
struct HTMLText {
  private(set) var text = ""

  /// Titles of its sections, in their order.
  private(set) var titles: [String] = []

  /// Adds a section.
  ///
  /// - Parameters:
  ///   - title: Its heading, by which the page's contents lead to it.
  ///   - note: What a reader has to know of it.
  ///   - isLong: Whether it may be broken between pages.
  ///   - body: Writes what is in it.
  mutating func section(
    _ title: String,
    _ note: String? = nil,
    isLong: Bool = false,
    _ body: (inout HTMLText) -> Void
  ) {
    raw("<section id=\"s\(titles.count)\"\(isLong ? " class=\"long\"" : "")>")
    titles.append(title)
    element("h2", title)
    if let note { element("p", class: "note", note) }
    body(&self)
    raw("</section>\n")
  }

  /// Adds markup as it is.
  mutating func raw(_ markup: String) {
    text += markup
  }

  /// Adds an element with text in it.
  mutating func element(_ name: String, class style: String? = nil, _ content: String) {
    let attribute = style.map { " class=\"\($0)\"" } ?? ""
    text += "<\(name)\(attribute)>\(Self.escaped(content))</\(name)>\n"
  }

  /// Adds what the colours of a chart stand for.
  mutating func legend(_ entries: [(Chart.Series, String)]) {
    raw("<div class=\"legend\">")
    for (series, text) in entries {
      raw("<span><i class=\"b\(series.rawValue)\"></i>\(Self.escaped(text))</span>")
    }
    raw("</div>\n")
  }

  /// Adds a drawing.
  mutating func chart(_ drawing: String) {
    raw("<div class=\"chart\">\(drawing)</div>\n")
  }

  /// Adds a table that scrolls where the page is narrow.
  ///
  /// - Parameters:
  ///   - head: Titles of the columns.
  ///   - rows: Cells, and whether the row is to be seen first.
  ///   - isText: Whether the cells are texts and not numbers.
  mutating func table(
    _ head: [String],
    _ rows: [(cells: [String], isTold: Bool)],
    isText: Bool = false
  ) {
    func cells(_ name: String, _ texts: [String]) -> String {
      texts.map { "<\(name)>\(Self.escaped($0))</\(name)>" }.joined()
    }
    let style = isText ? " class=\"text\"" : ""
    raw("<div class=\"wide\"><table\(style)>")
    raw("<thead><tr>\(cells("th", head))</tr></thead>\n<tbody>\n")
    for row in rows {
      raw("<tr\(row.isTold ? " class=\"marked\"" : "")>\(cells("td", row.cells))</tr>\n")
    }
    raw("</tbody></table></div>\n")
  }

  /// Adds a list of names and what they stand for.
  mutating func list(_ rows: [(String, String)]) {
    raw("<dl>")
    for (name, value) in rows {
      element("dt", name)
      element("dd", value)
    }
    raw("</dl>\n")
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
