import OptStateKit
import Foundation
import TestSupport
import Testing

@Suite("Schedules over steps")
struct ScheduleSampleTests {
  private static let spec = "bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8"

  @Test func samplesHaveBothEndsAndTheCurrentStep() throws {
    let record = try ScheduleRecord(spec: Self.spec)
    let samples = try ScheduleSamples(record, 0...1000, count: 5, also: [123, 5000])
    #expect(samples.points.map(\.step) == [0, 123, 250, 500, 750, 1000])
    let all = try ScheduleSamples(record, 3...9, count: 50)
    #expect(all.points.map(\.step) == Array(3...9))
    let schedule = try Schedule(record)
    for point in all.points { #expect(try schedule.learningRate(at: point.step) == point.rate) }
    #expect(try errorCode { _ = try ScheduleSamples(record, 0...9, count: 1) } == .invalidArgument)
  }

  @Test func rangeReachesTheLastEndOfAll() throws {
    let one = try ScheduleRecord(spec: Self.spec)
    let other = try ScheduleRecord(spec: "hf_linear:learning_rate=1,num_training_steps=300")
    #expect(try ScheduleSamples.range(of: [one], current: 20) == 0...100)
    #expect(try ScheduleSamples.range(of: [one, other], current: 20) == 0...300)
    #expect(try ScheduleSamples.range(of: [one], current: 500) == 0...500)
    let endless = try ScheduleRecord(spec: "inverse_sqrt:learning_rate=1,warmup_steps=4000")
    #expect(try ScheduleSamples.range(of: [endless], current: nil) == 0...16_000)
  }

  @Test func pictureNeedsNothingElse() throws {
    let record = try ScheduleRecord(spec: Self.spec)
    let samples = try ScheduleSamples(record, 0...100, count: 101, also: [20])
    let plot = SchedulePlot([.init("a < b & c", samples), .init("d", samples)], current: 20)
    let svg = plot.svg
    #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(svg.contains("a &lt; b &amp; c"))
    #expect(svg.contains("step 20: 8e-4"))
    #expect(!svg.contains("href") && !svg.contains("<script") && !svg.contains("url("))
    #expect(svg.components(separatedBy: "<path").count == 3)
    let lines = plot.characters(width: 40, height: 8)
    #expect(lines.count == 10)
    #expect(lines.contains { $0.contains("┊") })
  }

  @Test func constantAndZeroRatesCanBeDrawn() throws {
    for spec in ["constant:learning_rate=0.0", "constant:learning_rate=5.0"] {
      let samples = try ScheduleSamples(try ScheduleRecord(spec: spec), 0...1, count: 2)
      let plot = SchedulePlot([.init(spec, samples)])
      #expect(!plot.svg.contains("nan"))
      #expect(plot.characters().count == 14)
    }
  }
}
