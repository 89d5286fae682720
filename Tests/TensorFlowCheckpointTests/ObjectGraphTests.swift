import SwiftProtobuf
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("ObjectGraphIndex")
struct ObjectGraphTests {
  private static func key(_ path: String) -> String { path + "/.ATTRIBUTES/VARIABLE_VALUE" }

  /// Nodes: 0 root, 1 variable, 2 optimizer, 3 slot, 4 counter.
  private static func graph(_ change: (inout ObjectGraph) -> Void = { _ in }) throws -> [UInt8] {
    var graph = ObjectGraph()
    graph.nodes = [ObjectGraph.Node](repeating: ObjectGraph.Node(), count: 5)
    for (node, path, name) in [
      (1, "model/k", "dense/kernel"), (3, "model/k/.OPTIMIZER_SLOT/opt/m", "Adam/dense/kernel/m"),
      (4, "opt/iter", "Adam/iter"),
    ] {
      var attribute = ObjectGraph.Attribute()
      attribute.name = "VARIABLE_VALUE"
      attribute.fullName = name
      attribute.checkpointKey = key(path)
      graph.nodes[node].attributes = [attribute]
    }
    graph.nodes[0].children = [child("model/k", 1), child("opt", 2)]
    graph.nodes[2].children = [child("iter", 4)]
    var slot = ObjectGraph.SlotVariable()
    slot.originalVariableNodeID = 1
    slot.slotName = "m"
    slot.slotVariableNodeID = 3
    graph.nodes[2].slotVariables = [slot]
    change(&graph)
    return try graph.serializedBytes()
  }

  private static func child(_ name: String, _ node: Int32) -> ObjectGraph.Child {
    var child = ObjectGraph.Child()
    child.localName = name
    child.nodeID = node
    return child
  }

  @Test func slotsBelongToTheVariablesThatTheGraphNames() throws {
    let index = try ObjectGraphIndex(serialized: Self.graph())
    let slot = try #require(
      index.slots[ExactName(Self.key("model/k/.OPTIMIZER_SLOT/opt/m"))]
    )
    #expect(slot.variable == Self.key("model/k") && slot.kind == "m")
    #expect(index.families[slot.optimizer] == "Adam")
    #expect(index.fullName(of: Self.key("model/k")) == "dense/kernel")
    #expect(index.optimizerVariable(Self.key("opt/iter"))?.name == "iter")
    #expect(index.optimizerVariable(Self.key("model/k")) == nil)
  }

  @Test(arguments: [Int32(5), -1, .max, .min])
  func aNodeThatIsNotThereIsRefused(_ node: Int32) throws {
    for change: (inout ObjectGraph) -> Void in [
      { $0.nodes[0].children[0].nodeID = node },
      { $0.nodes[2].slotVariables[0].originalVariableNodeID = node },
      { $0.nodes[2].slotVariables[0].slotVariableNodeID = node },
    ] {
      let code = try errorCode { _ = try ObjectGraphIndex(serialized: Self.graph(change)) }
      #expect(code == .malformed)
    }
  }

  @Test func cyclesAndNodesThatAreTheirOwnSlotsEnd() throws {
    let bytes = try Self.graph { graph in
      graph.nodes[2].children += [Self.child("_momentums", 2), Self.child("self", 0)]
      graph.nodes[2].slotVariables[0].slotVariableNodeID = 1
    }
    #expect(try ObjectGraphIndex(serialized: bytes).slots.count == 1)
  }

  @Test func everyPrefixOfAGraphIsReadOrRefused() throws {
    let bytes = try Self.graph()
    for count in bytes.indices {
      let code = try errorCode { _ = try ObjectGraphIndex(serialized: Array(bytes[..<count])) }
      #expect(code == nil || code == .malformed)
    }
  }

  @Test func aSlotWithoutItsVariableIsTheOptimizersFault() throws {
    let graph = StateTensor(
      "_CHECKPOINTABLE_OBJECT_GRAPH",
      try Tensor(.string, .scalar, bytes: StringTensor.encode([Self.graph()]))
    )
    let slot = StateTensor(
      Self.key("model/k/.OPTIMIZER_SLOT/opt/m"),
      try Tensor(.float32, Shape([1]), bytes: [0, 0, 0, 0])
    )
    var objects = try ObjectState(graph, parameterNames: nil)
    let fault = try objects.state(of: [slot, graph], attributes: [:]).fault
    #expect(fault?.code == .malformed && fault?.tensor == slot.name)
  }

  @Test func slotsAndNamesOfTensorFlowsOwnCheckpointAreFound() throws {
    let state = try TensorFlowReader.read(Fixtures.bundle("objects/ckpt-2"))
    let kernel = try #require(state.variables.first { $0.name == "kernel" })
    #expect(kernel.slots.map(\.name).sorted() == [.firstMoment, .secondMoment])
    #expect(kernel.slots.allSatisfy { $0.tensor.tensor.shape == kernel.value?.tensor.shape })
    #expect(state.optimizerTensors.map(\.name).sorted() == ["beta1_power", "beta2_power"])
  }

  @Test(arguments: [
    ("m", "SGD", [] as [String], SlotName.momentum), ("m", "Adam", ["v"], .firstMoment),
    ("momentum", "rm_sprop_2", ["velocity"], .momentum), ("momentum", "lion", [], .momentum),
    ("momentum", "adam_w_1", ["velocity"], .firstMoment), ("m", "mine", ["v"], .firstMoment),
    ("momentum", "mine", [], .momentum), ("velocity", "RMSprop", [], .meanSquare),
    ("v", "Adamax", ["m"], .infinityNorm), ("v", "Adafactor", ["r", "c"], .secondMoment),
    ("novel", "mine", [], "novel"),
  ])
  func kerasWordsBecomeThoseOfTheHub(
    _ kind: String,
    _ optimizer: String,
    _ siblings: [String],
    _ slot: SlotName
  ) {
    #expect(ObjectState.slot(kind, optimizer: optimizer, siblings: Set(siblings + [kind])) == slot)
  }
}
