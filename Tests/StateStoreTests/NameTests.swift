import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

@Suite("StoreNames")
struct NameTests {
  /// Names that collide with the layout, with HDF5's own rules, or with each other.
  static let names = [
    "a", "a/b", "a/b/c", "a/adam_m", "a/adam_m/adam_m", "a/adam_v/x", "a/step", "@value",
    "a/@value",
    "@optimizer", "@optimizer/groups/0", "@schedule", "@extras", "@extras/0", "@source", "@",
    "@@", "", "/", "//", "a/", "/a", "a//b", ".", "./x", "x/.", "..", "../x", "a@b", "@slot.adam_m",
    "a/@slot.adam_m", "@.", "@/@", "groups", "index", "\u{E9}", "e\u{301}", "名前/重み", "with space",
    "global_step", "@global_step", "global_step/x", "beta1_power/x", "x:0", "tab\there",
    "new\nline",
    "a/\u{301}b", "/\u{301}", "@\u{301}", ".\u{301}",
  ]

  @Test(arguments: names)
  func everyNameComesBack(_ name: String) {
    #expect(ExactName(StoreNames.name(of: StoreNames.components(of: name))) == ExactName(name))
    for component in StoreNames.components(of: name) {
      #expect(!component.isEmpty && component != ".")
    }
  }

  @Test
  func noTwoNamesShareAPath() {
    let paths = Self.names.map { ExactName(StoreNames.components(of: $0).joined(separator: "/")) }
    #expect(Set(paths).count == Self.names.count)
  }

  private func variable(_ name: String, _ number: Float) throws -> Variable {
    Variable(
      name,
      value: StateTensor(name, try floats([number])),
      slots: [
        Slot(.firstMoment, StateTensor("\(name)/adam_m", try floats([number, 1]))),
        Slot(.secondMoment, StateTensor("\(name)/adam_v", try floats([number, 2]))),
      ]
    )
  }

  @Test(arguments: [nil, 4])
  func variablesOfAllNamesLiveInOneStore(_ level: Int?) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.variables = try Self.names.enumerated().map { try variable($1, Float($0)) }
    state.globalStep = GlobalStep(7)
    state.optimizerTensors = [StateTensor("beta1_power", try floats([0.9], []))]
    let copy = try stored(state, deflateLevel: level)
    #expect(copy.variables.map { ExactName($0.name) } == Self.names.map { ExactName($0) })
    #expect(try Fingerprint(copy) == (try Fingerprint(state)))
  }

  @Test(arguments: names)
  func optimizerTensorsAndExtrasMayHaveAnyName(_ name: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.variables = [try variable("w", 1)]
    state.optimizerTensors = [StateTensor(name, try floats([1, 2]))]
    state.extras = [StateTensor(name, try floats([3])), StateTensor("two", try floats([]))]
    #expect(try Fingerprint(try stored(state)) == (try Fingerprint(state)))
  }

  @Test(arguments: [
    "adam_m", "@\u{301}", "\u{301}x", "@odd", "odd@", "@value", "@slot.x", "ü", "with space", "",
    ".", "..",
  ])
  func slotsMayHaveAnyComponentForAName(_ slot: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    var variable = try variable("w", 1)
    variable.slots = [Slot(SlotName(rawValue: slot), StateTensor("w/\(slot)", try floats([1])))]
    state.variables = [variable, try self.variable("w/\(slot)/deeper", 2)]
    let copy = try stored(state)
    #expect(copy.variables.map(\.slots.count) == [1, 2])
    #expect(copy.variables[0].slots[0].name.rawValue == slot)
    #expect(try Fingerprint(copy) == (try Fingerprint(state)))
  }

  /// What is no single component cannot be kept; it must not be lost or misplaced silently either.
  @Test(arguments: ["", ".", "a/b", "/"])
  func slotNamesThatAreNoComponentSurviveOrAreRefused(_ slot: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    var variable = try variable("w", 1)
    variable.slots = [Slot(SlotName(rawValue: slot), StateTensor("w/\(slot)", try floats([1])))]
    state.variables = [variable]
    var copy: TrainingState?
    let error = try stateError { copy = try stored(state) }
    #expect(error != nil || copy?.variables[0].slots.map(\.name.rawValue) == [slot])
  }

  @Test
  func variableCalledGlobalStepComesBack() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.variables = [try variable("global_step", 1), try variable("global_step/x", 2)]
    #expect(try Fingerprint(try stored(state)) == (try Fingerprint(state)))
  }

  @Test
  func twoTensorsOfOneNameAreRefused() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.variables = [try variable("w", 1), try variable("w", 2)]
    #expect(try errorCode { _ = try stored(state) } != nil)
  }

  /// HDF5 would take them for paths.
  @Test(arguments: ["/", "/x", "x/y", "../x", "/\u{301}"])
  func slotWithASlashIsRefused(_ slot: String) throws {
    let tensor = StateTensor("w/x", try floats([1]))
    let variable = Variable("w", value: nil, slots: [Slot(SlotName(rawValue: slot), tensor)])
    let state = TrainingState(variables: [variable], origin: Origin(recorded: "test"))
    #expect(try errorCode { _ = try stored(state) } == .unsupported)
  }
}
