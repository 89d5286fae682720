internal import ByteIO
internal import TrainingState

/// The frame of a report: head, title, contents, and by what it was made.
///
/// The page is complete in itself: charts are inline SVG, nothing is fetched, nothing is run.
struct ReportPage {
  private let title: String
  private let lead: String

  init(_ title: String, lead: String) {
    self.title = title
    self.lead = lead
  }

  /// The page.
  ///
  /// - Parameter body: Writes its sections.
  /// - Returns: The page.
  func html(_ body: (inout HTMLText) -> Void) -> String {
    var sections = HTMLText()
    body(&sections)
    var page = HTMLText()
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
    page.raw(
      "<meta http-equiv=\"Content-Security-Policy\" "
        + "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    )
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    page.element("title", "\(title) – training state")
    page.raw("<style>\(ReportStyle.sheet)</style>\n</head>\n<body>\n<header>")
    page.element("h1", title)
    page.element("p", class: "lead", lead)
    page.raw("</header>\n<main>\n<nav>")
    for (place, section) in sections.titles.enumerated() {
      page.raw("<a href=\"#s\(place)\">\(HTMLText.escaped(section))</a> ")
    }
    page.raw("</nav>\n")
    page.raw(sections.text)
    page.raw("</main>\n")
    page.element("footer", "made on \(ReportDate.today) by optstate \(optstateVersion)")
    page.raw("</body>\n</html>\n")
    return page.text
  }

  /// Writes a page to a file, complete or not at all.
  static func write(_ html: String, to path: String, overwrite: Bool) throws {
    let output = OutputSet(overwrite: overwrite)
    try output.add(path).write(Array(html.utf8), at: 0)
    try output.commit()
  }
}
