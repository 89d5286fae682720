internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Reads safetensors files and sharded sets.
public enum SafetensorsReader: StateReader {
  /// What the names of files end in.
  static let suffix = ".safetensors"

  /// Whether a path is a safetensors file, or the index of a sharded set of them.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    if try SafetensorsFile.recognizes(file) { return true }
    return try ShardIndex.recognizes(file, filesEndingIn: suffix)
  }

  /// Describes the state in a file or a set; only headers are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    if let file = try probe.file(), try SafetensorsFile.recognizes(file) {
      return try inContext(path) { try state(of: [("", try SafetensorsFile.open(path))], nil) }
    }
    let set = try SafetensorsSet.open(path)
    return try inContext(path) { try state(of: set.shards, set.index) }
  }

  /// Adds the names that metadata says to be those of another tensor, as `save_model` of safetensors does.
  private static func addTied(_ texts: [ExactName: String], to state: inout TrainingState) {
    let places = Dictionary(
      state.variables.enumerated().map { (ExactName($1.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    for (name, original) in texts.sorted(by: { $0.key < $1.key }) where places[name] == nil {
      guard let place = places[ExactName(original)], let value = state.variables[place].value else {
        continue
      }
      let twin = StateTensor(name.text, value.tensor, attributes: [Layout.tied: .bool(true)])
      state.variables.append(Variable(name.text, value: twin))
    }
  }

  private static func inContext(
    _ path: String,
    _ body: () throws -> TrainingState
  ) throws -> TrainingState {
    do {
      return try body()
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  private static func state(
    of shards: [(name: String, file: SafetensorsFile)],
    _ index: ShardIndex?
  ) throws -> TrainingState {
    var tensors: [StateTensor] = []
    var extras: [StateTensor] = []
    var metadata: [[(name: String, text: String)]?] = []
    var contents = Contents()
    for (number, shard) in shards.enumerated() {
      metadata.append(shard.file.metadata)
      for tensor in shard.file.tensors {
        contents.add(tensor.name, bytes: tensor.tensor.byteCount)
        let place = tensors.count + extras.count
        let entry = Layout.tensor(tensor, index: place, shard: number)
        if tensor.type.elementType == nil { extras.append(entry) } else { tensors.append(entry) }
      }
    }
    let texts = Dictionary(
      metadata.compactMap { $0 }.joined().map { (ExactName($0.name), $0.text) },
      uniquingKeysWith: { first, _ in first }
    )
    let named = texts[ExactName("optimizer")]?.lowercased()
    var layout = FlatLayout.recognize(tensors, optimizer: named)
    var described = TrainingState(origin: StateFormat.safetensors.origin)
    if let text = texts[ExactName(StateDescription.metadataName)] {
      try described.readOptimizer { described in
        (layout, described.optimizer, described.schedule) = try StateDescription.decode(text)
        described.attributes[Layout.described] = .bool(true)
      }
    }
    var state = try layout.read(tensors, from: StateFormat.safetensors.origin, contents)
    if state.fault == nil {
      (state.optimizer, state.schedule) = (described.optimizer, described.schedule)
      state.attributes = described.attributes
    }
    // A list whose description is damaged is of parameters whose names say so.
    state.fault = state.fault ?? described.fault
    if described.fault != nil { state = state.withParametersAlone() }
    for (number, texts) in metadata.enumerated() {
      // The description is made anew on writing.
      if let kept = texts?.filter({ $0.name != StateDescription.metadataName }),
        !kept.isEmpty || kept.count == texts?.count
      {
        extras.append(try Layout.extra(kept, number))
      }
    }
    addTied(texts, to: &state)
    state.extras = extras
    if let style = shards.first?.file.style, style != .reference {
      state.attributes[Layout.style] = .string(style.rawValue)
    }
    if let index {
      state.attributes[Layout.shards] = .strings(shards.map(\.name))
      let bytes = JSONValue.object(index.metadata).bytes(isCompact: true)
      state.attributes[Layout.indexMetadata] = .string(String(decoding: bytes, as: UTF8.self))
    }
    return state
  }
}
