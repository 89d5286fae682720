import OptStateKit
import TestSupport
import Testing

@Suite("Likeness")
struct LikenessTests {
  /// What a framework would have written of a fresh model: the same variables in another order, without a step.
  private static func template(
    _ optimizer: String = "adam:learning_rate=0.25,beta1=0.75"
  ) throws -> TrainingState {
    var state = try Reset(step: .set(0)).apply(to: Sample.adam(optimizer: optimizer)).state
    state.variables.reverse()
    for place in state.variables.indices {
      state.variables[place].value?.tensor = try floats([9, 9, 9, 9], [2, 2])
    }
    return state
  }

  private static func source() throws -> TrainingState {
    try Sample.adam(optimizer: "adam:learning_rate=0.5,beta1=0.75")
  }

  @Test func numbersAreTheStatesAndTheRestIsTheTemplates() throws {
    let likeness = try Likeness(Self.source(), in: Self.template())
    #expect(likeness.state.variables.map(\.name) == ["dense/bias", "dense/kernel"])
    for name in ["dense/bias", "dense/kernel"] {
      #expect(try Sample.numbers(likeness.state, name) == [1, 2, 3, 4])
      #expect(try Sample.numbers(likeness.state, name, .firstMoment) == Sample.first)
      #expect(try Sample.numbers(likeness.state, name, .secondMoment) == Sample.second)
    }
    #expect(likeness.state.globalStep?.value == 20)
    let values = likeness.state.optimizer?.hyperparameters
    #expect(values?["learning_rate"] == .double(0.5))
    #expect(likeness.leftOut.isEmpty && likeness.missing.isEmpty)
    let sources = likeness.rows.filter { $0.match == .name }.map(\.source)
    #expect(sources.count == 6 && sources.contains("dense/kernel/adam_m"))
  }

  @Test func parametersAloneLeaveTheTemplatesOptimizer() throws {
    let likeness = try Likeness(Self.source(), in: Self.template(), part: .parameters)
    #expect(try Sample.numbers(likeness.state, "dense/kernel") == [1, 2, 3, 4])
    #expect(try Sample.numbers(likeness.state, "dense/kernel", .firstMoment) == [0, 0, 0, 0])
    #expect(likeness.state.globalStep?.value == 0)
    #expect(likeness.state.optimizer?.hyperparameters["learning_rate"] == .double(0.25))
  }

  @Test func anotherModelIsRefused() throws {
    var template = try Self.template()
    for place in template.variables.indices {
      let name = "other/\(place)"
      let value = StateTensor(name, try floats([1, 2, 3], [3]))
      template.variables[place] = Variable(name, value: value)
    }
    let error = try stateError { _ = try Likeness(Self.source(), in: template) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("another model") == true)
  }

  @Test func anotherOptimizerIsRefused() throws {
    var template = try Self.template("sgd:learning_rate=0.1,momentum=0.9")
    for place in template.variables.indices {
      let slot = template.variables[place].slots[0]
      template.variables[place].slots = [Slot(.momentum, slot.tensor)]
    }
    let error = try stateError { _ = try Likeness(Self.source(), in: template) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("another optimizer") == true)
    // Its parameters are nobody's.
    let bare = try Likeness(Self.source(), in: template, part: .parameters)
    #expect(try Sample.numbers(bare.state, "dense/bias") == [1, 2, 3, 4])
  }

  @Test func whatIsLeftOverIsRefusedByNameUnlessItMayBe() throws {
    let extra = Variable("extra", value: StateTensor("extra", try floats([1, 2, 3], [3])))
    var source = try Self.source()
    source.variables.append(extra)
    let more = try stateError { _ = try Likeness(source, in: Self.template()) }
    #expect(more?.code == .unsupported)
    #expect("\(more.map { "\($0)" } ?? "")".contains("extra"))
    var template = try Self.template()
    template.variables.append(extra)
    let less = try stateError { _ = try Likeness(Self.source(), in: template) }
    #expect(less?.code == .unsupported)
    #expect("\(less.map { "\($0)" } ?? "")".contains("extra"))
    let partial = try Likeness(source, in: Self.template(), allowsPartial: true)
    #expect(partial.leftOut == ["extra"])
    let other = try Likeness(Self.source(), in: template, allowsPartial: true)
    #expect(other.missing == ["extra"])
  }

  @Test func numbersAreNeverRounded() throws {
    var template = try Self.template()
    for place in template.variables.indices {
      let tensor = template.variables[place].value?.tensor
      template.variables[place].value?.tensor = try #require(try tensor?.cast(to: .float16))
    }
    let error = try stateError { _ = try Likeness(Self.source(), in: template) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("does not hold") == true)
  }

  @Test func severalOptimizersAreNotMixed() throws {
    var template = try Self.template()
    template.optimizers = [
      NamedOptimizer("one", members: ["dense/bias"]),
      NamedOptimizer("two", members: ["dense/kernel"]),
    ]
    let error = try stateError { _ = try Likeness(Self.source(), in: template) }
    #expect(error?.code == .unsupported)
    #expect(error?.remedy?.contains("--optimizer-name") == true)
  }

  @Test func aStateIsNotItsOwnTemplate() throws {
    let folder = try TemporaryDirectory()
    let (one, other) = (folder("a.safetensors"), folder("b.safetensors"))
    for path in [one, other] {
      try StateFormats.write(try Self.source(), to: path, format: "safetensors")
    }
    let error = try stateError { try Likeness.checkApart(one, folder("./a.safetensors")) }
    #expect(error?.code == .invalidArgument)
    try Likeness.checkApart(one, other)
  }
}
