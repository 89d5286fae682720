internal import ByteIO
internal import Tensors
internal import TrainingState

/// The `config.json` from which transformers builds a BERT: sizes from the shapes, the rest from a
/// configuration of google-research/bert or transformers where one is given.
///
/// The number of attention heads is in no shape. Without a file it follows from the 64 units that each
/// head of the published models has, where the width is a multiple of them. The original's activation is
/// the approximation by a hyperbolic tangent, which transformers calls `gelu_new`.
struct BERTConfiguration {
  private static let name = "config.json"
  private static let headWidth = 64

  private let state: TrainingState
  private let shapes: [ExactName: [Int]]

  /// - Parameter state: A state whose variables have the names of transformers.
  private init(_ state: TrainingState) {
    self.state = state
    shapes = Dictionary(
      state.variables.compactMap { variable in
        variable.value.map { (ExactName(variable.name), $0.tensor.shape.dimensions) }
      },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The state with a configuration to be written, where the format has one and the state brings none.
  ///
  /// - Throws: `StateError` with code `malformed` when the file is no configuration, `invalidArgument`
  ///   when it describes another model.
  static func completing(
    _ state: TrainingState,
    format: String,
    file: String?,
    note: (@Sendable (String) -> Void)?
  ) throws -> TrainingState {
    let isCarried = state.extras.contains { $0.name == name || $0.name.hasSuffix("/" + name) }
    guard StateFormats.named(format)?.abilities.contains(.configuration) == true,
      state.naming == NamingConvention.huggingFace,
      file != nil || !isCarried
    else { return state }
    let given = try file.map(read)
    guard var object = try BERTConfiguration(state).object(given) else { return state }
    if object["num_attention_heads"] == nil {
      note?(
        "no config.json: the shapes do not say how many attention heads there are; pass --config "
          + "with the model's bert_config.json"
      )
      return state
    }
    if given == nil {
      note?("config.json assumes attention heads of \(headWidth) units, as published BERTs have")
    }
    if given?["model_type"] == nil { object["hidden_act"] = activation(given?["hidden_act"]) }
    let bytes = Array((JSONValue.object(object).text + "\n").utf8)
    var copy = state
    copy.extras.removeAll { $0.name == name || $0.name == "files/" + name }
    copy.extras.append(StateTensor(name, try Tensor(.uint8, Shape([bytes.count]), bytes: bytes)))
    return copy
  }

  private static func read(_ path: String) throws -> JSONObject {
    let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the configuration")
    do {
      guard case .object(let object) = try JSONReader.value(of: bytes)
      else { throw StateError(.malformed, "the configuration is no JSON object") }
      return object
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// What transformers calls the activation of the original code.
  private static func activation(_ given: JSONValue?) -> JSONValue {
    guard let given, given != .string("gelu") else { return .string("gelu_new") }
    return given
  }

  private func object(_ given: JSONObject?) throws -> JSONObject? {
    guard let sizes else { return nil }
    var object: JSONObject = [
      "architectures": .array([.string(architecture)]),
      "model_type": .string("bert"),
    ]
    for (key, size) in sizes { object[key] = .int(Int64(size)) }
    if let width = sizes.first(where: { $0.key == "hidden_size" })?.size,
      width % Self.headWidth == 0
    {
      object["num_attention_heads"] = .int(Int64(width / Self.headWidth))
    }
    object["layer_norm_eps"] = .double(1e-12)
    if let labels = shape("classifier.weight")?.first {
      object["num_labels"] = .int(Int64(labels))
    }
    for (key, value) in given?.members ?? [] {
      if let size = sizes.first(where: { $0.key == key })?.size, value != .int(Int64(size)) {
        throw StateError(
          .invalidArgument,
          "the configuration describes another model: its \(key) is not that of the shapes",
          expected: "\(size)",
          found: value.text
        )
      }
      object[key] = value
    }
    return object
  }

  /// What the shapes say, `nil` where they are not those of a BERT.
  private var sizes: [(key: String, size: Int)]? {
    guard let words = shape("embeddings.word_embeddings.weight"), words.count == 2,
      let positions = shape("embeddings.position_embeddings.weight")?.first,
      let types = shape("embeddings.token_type_embeddings.weight")?.first,
      let wide = shape("encoder.layer.0.intermediate.dense.weight")?.first
    else { return nil }
    var layers = 1
    while shape("encoder.layer.\(layers).intermediate.dense.weight") != nil { layers += 1 }
    return [
      ("vocab_size", words[0]), ("hidden_size", words[1]), ("num_hidden_layers", layers),
      ("intermediate_size", wide), ("max_position_embeddings", positions),
      ("type_vocab_size", types),
    ]
  }

  private var architecture: String {
    if shape("cls.seq_relationship.weight") != nil { return "BertForPreTraining" }
    if shape("cls.predictions.bias") != nil { return "BertForMaskedLM" }
    if shape("qa_outputs.weight") != nil { return "BertForQuestionAnswering" }
    return shape("classifier.weight") != nil ? "BertForSequenceClassification" : "BertModel"
  }

  private func shape(_ name: String) -> [Int]? {
    shapes[ExactName("bert." + name)] ?? shapes[ExactName(name)]
  }
}
