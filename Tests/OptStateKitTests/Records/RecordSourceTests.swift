import OptStateKit
import TestSupport
import Testing

@Suite("RecordSource")
struct RecordSourceTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private func file(_ text: String) throws -> String {
    try writeFile(folder("record.json"), text)
    return folder("record.json")
  }

  @Test
  func specIsTakenWhereThereIsNoSuchFile() throws {
    let record = try RecordSource.optimizer("adamw:learning_rate=0.001")
    #expect(record.kind == "adamw")
    #expect(record.hyperparameters["learning_rate"] == .double(0.001))
    let schedule = try RecordSource.schedule("constant:learning_rate=0.5")
    #expect(schedule.kind == "constant")
  }

  @Test
  func jsonFileHasGroupsAndEveryKindOfValue() throws {
    let path = try file(
      #"""
      {"kind": "adamw", "learning_rate": 0.001, "amsgrad": false,
       "groups": [{"name": "n", "members": ["a", "b"], "weight_decay": 0}, {"members": []}]}
      """#
    )
    let record = try RecordSource.optimizer(path)
    #expect(record.hyperparameters == ["learning_rate": .double(0.001), "amsgrad": .bool(false)])
    #expect(record.groups.map(\.name) == ["n", nil])
    #expect(record.groups.map(\.members) == [["a", "b"], []])
    #expect(record.groups[0].overrides == ["weight_decay": .int(0)])
  }

  @Test
  func jsonFileOfAScheduleHasLists() throws {
    let path = try file(
      #"{"kind": "piecewise_constant", "boundaries": [1, 2], "values": [0.1, 2, 0.3]}"#
    )
    let record = try RecordSource.schedule(path)
    #expect(record.parameters["values"] == .doubles([0.1, 2, 0.3]))
    #expect(try Schedule(record).learningRate(at: 2) == 2)
  }

  @Test(arguments: [
    "", "[]", "7", "{", "{\"kind\": 7}", "{\"learning_rate\": 1}", "{\"kind\": \"no such rule\"}",
    "{\"kind\": \"adamw\", \"x\": null}", "{\"kind\": \"adamw\", \"learning_rate\": {}}",
    "{\"kind\": \"adamw\", \"learning_rate\": [1, \"a\"]}", "{\"kind\": \"adamw\", \"groups\": 1}",
    "{\"kind\": \"adamw\", \"groups\": [{\"weight_decay\": 1}]}",
    "{\"kind\": \"adamw\", \"groups\": [{\"members\": [1]}]}",
    "{\"kind\": \"adamw\", \"no_such_key\": 1}",
    String(repeating: "[", count: 100_000),
    "{\"kind\": \"" + String(repeating: "a", count: 1 << 20),
  ])
  func fileThatIsNoRecordIsRefused(_ text: String) throws {
    let path = try file(text)
    #expect(try errorCode { _ = try RecordSource.optimizer(path) } == .invalidArgument)
    #expect(try errorCode { _ = try RecordSource.schedule(path) } == .invalidArgument)
  }

  /// Known by what it keeps alone.
  @Test
  func optimizerThatIsNotComputedIsNamed() throws {
    let record = try RecordSource.optimizer("yogi:learning_rate=0.01,beta1=0.5,amsgrad=false")
    #expect(record.kind == "yogi" && record.hyperparameters["beta1"] == .double(0.5))
    for text in ["yogi:beta1=2", "yogi:beta1=a", "yogi:no_such_key=1", "yogi:amsgrad=1"] {
      #expect(try errorCode { _ = try RecordSource.optimizer(text) } == .invalidArgument)
    }
    #expect(try errorCode { _ = try Optimizer(record, convention: .tensorflow) } == .unsupported)
  }

  @Test
  func fileThatIsTooLargeIsNotRead() throws {
    let path = try file(String(repeating: " ", count: (1 << 24) + 1))
    #expect(try errorCode { _ = try RecordSource.optimizer(path) } == .invalidArgument)
  }

  @Test(arguments: ["adamw:", ":x", "adamw:learning_rate", "adamw:x=1,x=2", "no/such/file.json"])
  func textThatIsNeitherIsRefused(_ text: String) throws {
    #expect(try errorCode { _ = try RecordSource.optimizer(text) } == .invalidArgument)
    #expect(try errorCode { _ = try RecordSource.schedule(text) } == .invalidArgument)
  }
}
