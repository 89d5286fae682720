/// Conventions by which BERT's variables are named, recognized by the names themselves.
public enum NamingConvention {
  private static let marks: [(naming: String, prefixes: [String])] = [
    (
      "google-bert",
      ["bert/embeddings/word_embeddings", "bert/encoder/layer_0/attention/self/query/kernel"]
    ),
    (
      "huggingface",
      [
        "bert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight",
        "bert.encoder.layer.0.attention.self.query.weight",
      ]
    ),
    ("keras-bert", ["Embedding-Token/embeddings", "Encoder-1-MultiHeadSelfAttention"]),
    ("bert4keras", ["Transformer-0-MultiHeadSelfAttention"]),
  ]

  /// The convention that names follow, `nil` where it is none that is known.
  ///
  /// - Parameter names: The variables' names.
  /// - Returns: The convention, or `nil`.
  public static func recognize(_ names: some Sequence<String>) -> String? {
    for name in names {
      for (naming, prefixes) in marks where prefixes.contains(where: name.hasPrefix) {
        return naming
      }
    }
    return nil
  }
}
