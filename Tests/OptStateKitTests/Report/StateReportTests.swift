import OptStateKit
import TestSupport
import Testing

@Suite("StateReport")
struct StateReportTests {
  private func page(_ change: (TrainingState) throws -> TrainingState = { $0 }) throws -> String {
    try StateReport(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20"), change: change).html
  }

  @Test func pageNeedsNothingFromElsewhere() throws {
    let html = try page()
    #expect(html.hasPrefix("<!doctype html>"))
    for forbidden in ["http://", "https://", "<script", "<link", "@import", "url("] {
      #expect(!html.contains(forbidden))
    }
  }

  @Test func namesCannotBecomeMarkup() throws {
    let html = try page { state in
      var hostile = state
      hostile.variables[0].name = "<img src=x onerror=alert(1)>\u{202E}\u{1B}[2J\"'&"
      return hostile
    }
    #expect(!html.contains("<img"))
    #expect(html.contains("&lt;img src=x onerror=alert(1)&gt;\\u{202e}\\u{1b}[2J&quot;&#39;&amp;"))
  }

  @Test func chartsStandForEachQuestion() throws {
    let html = try page { state in
      var scheduled = state
      scheduled.schedule = try ScheduleRecord(
        spec: "bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8"
      )
      return scheduled
    }
    #expect(html.components(of: "<svg") == 5)
    for title in [
      "Norms by layer", "Distribution of |m|/√v", "|m|/√v by kind of variable", "Update to weight",
      "Effective learning rate",
    ] {
      #expect(html.contains(title))
    }
    #expect(html.contains("Nothing was found"))
  }

  @Test func whatWasFoundIsMarkedAndComesFirst() throws {
    let html = try page { state in
      var broken = state
      let name = "bert/pooler/dense/kernel"
      let second = try #require(broken[name]?[.secondMoment]?.tensor.tensor)
      let zeros = [Float](repeating: 0, count: second.shape.elementCount)
      broken[name]?[.secondMoment]?.tensor.tensor = try Tensor(
        zeros,
        shape: second.shape.dimensions
      )
      return broken
    }
    #expect(html.contains("! bert/pooler"))
    #expect(!html.contains("! bert/encoder"))
    let rows = html.split(separator: "<tr").dropFirst().filter { $0.contains("bert/") }
    #expect(rows.first?.hasPrefix(" class=\"marked\"><td>bert/pooler/dense/kernel</td>") == true)
  }

  @Test func pageSaysWhenItWasMadeAndByWhat() throws {
    #expect(try page().contains(/made on \d{4}-\d\d-\d\d by optstate \d/))
  }

  @Test func stateWithoutMomentsHasAPage() throws {
    let html = try page { state in
      var bare = state
      for index in bare.variables.indices { bare.variables[index].slots = [] }
      return bare
    }
    #expect(html.components(of: "<svg") == 1)
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
