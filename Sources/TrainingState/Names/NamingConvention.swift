internal import Tensors

/// Conventions by which the variables of known models are named, recognized by the names themselves.
public enum NamingConvention {
  /// The convention of google-research/bert.
  public static let googleBERT = "google-bert"

  /// The convention of the transformers library.
  public static let huggingFace = "huggingface"

  /// The convention of the `FlaxBert` classes of transformers.
  public static let flaxBERT = "flax-bert"

  /// The conventions that this library maps.
  public static let known = [
    googleBERT, huggingFace, "keras-bert", "bert4keras", flaxBERT, "google-albert",
    "google-electra", "google-t5", "tf-roberta",
  ]

  /// A map that comes with the library, from a model's original code to another library.
  private struct Known {
    let original: String
    let library: String
    let json: @Sendable () -> [UInt8]
  }

  private static let maps = [
    Known(original: googleBERT, library: huggingFace) { PackageResources.huggingface_json },
    Known(original: googleBERT, library: "keras-bert") { PackageResources.keras_bert_json },
    Known(original: googleBERT, library: "bert4keras") { PackageResources.bert4keras_json },
    Known(original: googleBERT, library: flaxBERT) { PackageResources.flax_bert_json },
    Known(original: "google-albert", library: huggingFace) {
      PackageResources.google_albert_json
    },
    Known(original: "google-electra", library: huggingFace) {
      PackageResources.google_electra_json
    },
    Known(original: "google-t5", library: huggingFace) { PackageResources.google_t5_json },
    Known(original: "tf-roberta", library: huggingFace) { PackageResources.tf_roberta_json },
  ]

  /// What names begin with; a convention whose mark another's models have as well stands before it.
  private static let marks: [(naming: String, prefixes: [String])] = [
    ("google-albert", ["bert/encoder/transformer/group_0/inner_group_0/"]),
    ("google-electra", ["electra/embeddings/word_embeddings", "electra/encoder/layer_0/"]),
    ("google-t5", ["encoder/block_000/layer_000/SelfAttention/"]),
    (
      "tf-roberta",
      [
        "tf_roberta_", "roberta/encoder/layer_._0/", "roberta/embeddings/word_embeddings/weight",
      ]
    ),
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
        "albert.embeddings.word_embeddings.weight", "electra.embeddings.word_embeddings.weight",
        "roberta.embeddings.word_embeddings.weight",
        "encoder.block.0.layer.0.SelfAttention.q.weight",
        "transformer.encoder.block.0.layer.0.SelfAttention.q.weight",
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
  /// - Complexity: O(number of names).
  public static func recognize(_ names: some Sequence<String>) -> String? {
    let wrapper = WrapperPrefix.common(names)
    var first = marks.count
    for name in names {
      let own = name.dropFirst(wrapper.count)
      // What stands before the best that was found so far can still win.
      for (place, mark) in marks[..<first].enumerated()
      where mark.prefixes.contains(where: own.hasPrefix) {
        first = place
        break
      }
      if first == 0 { break }
    }
    return first < marks.count ? marks[first].naming : nil
  }

  /// The maps that lead from one convention to another, to be applied one after another.
  ///
  /// Names of transformers are those of several models, which have several original codes: the variables' names tell.
  ///
  /// - Parameters:
  ///   - source: The convention that the names have.
  ///   - target: The convention that they shall have.
  ///   - names: The variables' names.
  ///   - anyOriginal: Whether ``googleBERT`` stands for the original code of whatever model it is.
  /// - Returns: No map, one, or two by way of the model's original code.
  /// - Throws: `StateError` with code `invalidArgument`, listing the conventions, `unsupported` where no map leads there.
  public static func maps(
    from source: String,
    to target: String,
    for names: [String] = [],
    anyOriginal: Bool = false
  ) throws -> [NamingMap.Direction] {
    if source == target { return try respelled(source, names) }
    guard known.contains(source), known.contains(target) else {
      throw StateError(
        .invalidArgument,
        "there is no naming '\(known.contains(source) ? target : source)'",
        expected: known.joined(separator: ", ") + ", or a JSON file"
      )
    }
    var steps: [NamingMap.Direction] = []
    var original = source
    if !maps.contains(where: { $0.original == source }) {
      let (map, way) = try best(to: source, names)
      original = map.original
      steps.append(way)
    }
    if original == target || anyOriginal && target == googleBERT { return steps }
    guard let last = maps.first(where: { $0.original == original && $0.library == target }) else {
      throw StateError(
        .unsupported,
        "no map leads from the names of \(original) to those of \(target)",
        expected: maps.filter { $0.original == original }.map(\.library).joined(separator: ", ")
      )
    }
    return steps + [try NamingMap(json: last.json()).forward]
  }

  /// The map to a library that has most of the names, read backwards.
  private static func best(
    to library: String,
    _ names: [String]
  ) throws -> (map: Known, way: NamingMap.Direction) {
    let all = try maps.filter { $0.library == library }.map { map in
      (map: map, way: try NamingMap(json: map.json()).reversed)
    }
    if all.count == 1 { return all[0] }
    let counts = all.map { one in names.count { one.way.target(of: $0) != nil } }
    // The first of those that have as many.
    let place = counts.firstIndex(of: counts.max() ?? 0) ?? 0
    return all[place]
  }

  /// The way through the original code and back, which leaves the spelling of today's library where names have another:
  /// pytorch-pretrained-bert's `gamma` and `beta`.
  private static func respelled(
    _ library: String,
    _ names: [String]
  ) throws -> [NamingMap.Direction] {
    guard library == huggingFace,
      names.contains(where: { $0.hasSuffix(".gamma") || $0.hasSuffix(".beta") })
    else { return [] }
    let (map, way) = try best(to: library, names)
    return [way, try NamingMap(json: map.json()).forward]
  }
}
