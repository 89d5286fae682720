import OptStateKit
import TestSupport
import Testing

@Suite("ComparisonReport")
struct ComparisonReportTests {
  private let first = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-10")
  private let second = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  /// Rows of the table of variables, in the page's order.
  private func rows(_ html: String) -> [Substring] {
    let table = html.split(separator: "<h2>Variables</h2>").last ?? ""
    return table.split(separator: "<tr").filter { $0.contains("<td>") }
  }

  @Test func pageShowsWhatMoved() throws {
    let html = try ComparisonReport(first, second).html
    #expect(html.contains("46 of 46 variables differ"))
    #expect(html.contains("the global step is 10 and 20"))
    #expect(html.ranges(of: "<svg").count == 1)
    #expect(html.ranges(of: "class=\"marked\"").isEmpty)
    for forbidden in ["http://", "https://", "<script", "<link", "@import", "url("] {
      #expect(!html.contains(forbidden))
    }
  }

  @Test func relativeChangesAreThoseOfTheNumbers() throws {
    let name = "bert/pooler/dense/kernel"
    let states = try [first, second].map { try StateFormats.open($0).state }
    let numbers = try states.map { state in
      try #require(state[name]?.value).tensor.floats().map(Double.init)
    }
    func norm(_ numbers: [Double]) -> Double {
      numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let moved = norm(zip(numbers[1], numbers[0]).map { $0 - $1 }) / norm(numbers[0])
    let html = try ComparisonReport(first, second).html
    let row = try #require(rows(html).first { $0.contains(name) })
    let cell = try #require(row.split(separator: "<td>").dropFirst(2).first?.prefix { $0 != "<" })
    #expect(abs(try #require(Double(cell)) / moved - 1) < 1e-3)
  }

  @Test func variableThatMovedUnlikeItsPeersComesFirst() throws {
    let folder = try TemporaryDirectory()
    let path = folder("changed.h5")
    var state = try StateFormats.open(second).state
    let name = "bert/encoder/layer_1/output/dense/kernel"
    let moment = try #require(state[name]?[.secondMoment]?.tensor.tensor)
    state[name]?[.secondMoment]?.tensor.tensor = try Tensor(
      moment.floats().map { $0 * 10_000 },
      shape: moment.shape.dimensions
    )
    try StateFormats.write(state, to: path, format: "optstate")
    let html = try ComparisonReport(first, path).html
    let row = try #require(rows(html).first)
    #expect(row.contains(name) && row.contains("marked") && row.contains("second moments ×"))
  }

  @Test func equalStatesAreSaidToBe() throws {
    let html = try ComparisonReport(first, first).html
    #expect(html.contains("equal in every bit"))
    #expect(html.contains("No parameter and no moment moved."))
    #expect(html.contains("They are the same, and all tensors are in both."))
  }

  @Test func namesCannotBecomeMarkup() throws {
    let folder = try TemporaryDirectory()
    var state = try StateFormats.open(second).state
    state.variables[0].name = "<img src=x>/w"
    let path = folder("<b>.h5")
    try StateFormats.write(state, to: path, format: "optstate")
    let html = try ComparisonReport(path, first).html
    #expect(!html.contains("<img") && !html.contains("<b>.h5"))
    #expect(html.contains("&lt;img src=x&gt;/w"))
  }
}
