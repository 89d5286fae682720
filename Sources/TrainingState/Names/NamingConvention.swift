internal import Tensors

/// Conventions by which BERT's variables are named, recognized by the names themselves.
public enum NamingConvention {
  /// The convention of google-research/bert, through which all others are mapped.
  public static let googleBERT = "google-bert"

  /// The convention of the transformers library.
  public static let huggingFace = "huggingface"

  /// The convention of the `FlaxBert` classes of transformers.
  public static let flaxBERT = "flax-bert"

  /// The conventions that this library maps.
  public static let known = [googleBERT, huggingFace, "keras-bert", "bert4keras", flaxBERT]

  private static let marks: [(naming: String, prefixes: [String])] = [
    // Before google-bert, whose mark for embeddings is the beginning of this one.
    (
      flaxBERT,
      [
        "bert/embeddings/word_embeddings/embedding", "embeddings/word_embeddings/embedding",
        "bert/encoder/layer/0/attention/self/query/kernel",
      ]
    ),
    (
      googleBERT,
      ["bert/embeddings/word_embeddings", "bert/encoder/layer_0/attention/self/query/kernel"]
    ),
    (
      huggingFace,
      [
        "bert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight",
        "bert.encoder.layer.0.attention.self.query.weight",
      ]
    ),
    // Before keras-bert, whose mark for embeddings bert4keras shares.
    ("bert4keras", ["Transformer-0-MultiHeadSelfAttention"]),
    ("keras-bert", ["Encoder-1-MultiHeadSelfAttention"]),
  ]

  /// The convention that names follow, `nil` where it is none that is known.
  ///
  /// - Parameter names: The variables' names, behind what wrappers put in front of all of them.
  /// - Returns: The convention, or `nil`.
  public static func recognize(_ names: some Sequence<String>) -> String? {
    let wrapper = WrapperPrefix.common(names)
    for name in names {
      let own = name.dropFirst(wrapper.count)
      for (naming, prefixes) in marks where prefixes.contains(where: own.hasPrefix) {
        return naming
      }
    }
    return nil
  }

  /// The maps that lead from one convention to another, to be applied one after another.
  ///
  /// - Parameters:
  ///   - source: The convention that the names have.
  ///   - target: The convention that they shall have.
  /// - Returns: No map, one, or two by way of ``googleBERT``.
  /// - Throws: `StateError` with code `invalidArgument`, listing the conventions.
  public static func maps(
    from source: String,
    to target: String
  ) throws -> [NamingMap.Direction] {
    if source == target { return [] }
    var maps: [NamingMap.Direction] = []
    if source != googleBERT { maps.append(try map(to: source).reversed) }
    if target != googleBERT { maps.append(try map(to: target).forward) }
    return maps
  }

  /// The names in the order in which the model's library numbers its parameters, such as
  /// `named_parameters()` of transformers.
  ///
  /// - Parameter names: Names of all of a model's parameters, in any order.
  /// - Returns: The order, `nil` where a name belongs to no map.
  public static func trainingOrder(_ names: [String]) -> [String]? {
    guard let naming = recognize(names), naming != googleBERT,
      let map = try? map(to: naming).reversed
    else { return nil }
    let orders = names.compactMap { name in map.target(of: name).map { (name, $0.order) } }
    guard orders.count == names.count else { return nil }
    return orders.sorted { $0.1.lexicographicallyPrecedes($1.1) }.map(\.0)
  }

  private static func map(to naming: String) throws -> NamingMap {
    switch naming {
    case huggingFace: try NamingMap(json: PackageResources.huggingface_json)
    case "keras-bert": try NamingMap(json: PackageResources.keras_bert_json)
    case "bert4keras": try NamingMap(json: PackageResources.bert4keras_json)
    case flaxBERT: try NamingMap(json: PackageResources.flax_bert_json)
    default:
      throw StateError(
        .invalidArgument,
        "there is no naming '\(naming)'",
        expected: known.joined(separator: ", ") + ", or a JSON file"
      )
    }
  }
}
