internal import Tensors
internal import TrainingState

/// The order in which keras-bert and bert4keras create their layers, and so keep their variables.
enum KerasBERTOrder {
  private static let parts: [String: (before: [String], inner: [String], after: [String])] = [
    "keras-bert": (
      ["Embedding-Token", "Embedding-Segment", "Embedding-Position", "Embedding-Norm"],
      [
        "MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm",
      ],
      ["MLM-Dense", "MLM-Norm", "MLM-Sim", "NSP-Dense", "NSP"]
    ),
    "bert4keras": (
      [
        "Embedding-Token", "Embedding-Segment", "Embedding-Position", "Embedding-Norm",
        "Embedding-Mapping",
      ],
      [
        "MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm",
      ],
      ["MLM-Dense", "MLM-Norm", "Pooler-Dense", "MLM-Bias", "NSP-Proba"]
    ),
  ]

  private static let weights: [String: [String]] = [
    "keras-bert": [
      "embeddings", "gamma", "beta", "Wq", "bq", "Wk", "bk", "Wv", "bv", "Wo", "bo", "W1", "b1",
      "W2", "b2", "kernel", "bias",
    ],
    "bert4keras": [
      "embeddings", "beta", "gamma", "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
      "dense_2/kernel", "dense_2/bias", "dense_3/kernel", "dense_3/bias", "kernel", "bias",
    ],
  ]

  /// The variables in the order of the library whose names they have; as they are for any other.
  static func sorted(_ variables: [Variable], _ naming: String?) -> [Variable] {
    guard let naming, parts[naming] != nil else { return variables }
    let keyed = variables.enumerated().map { (rank($0.element.name, naming), $0.offset) }
    let order = keyed.indices.sorted { one, other in
      let (a, b) = (keyed[one], keyed[other])
      return a.0 != b.0 ? a.0.lexicographicallyPrecedes(b.0) : a.1 < b.1
    }
    return order.map { variables[$0] }
  }

  /// Part of the model, number of the layer, place in it, place of the weight.
  private static func rank(_ name: String, _ naming: String) -> [Int] {
    guard let parts = parts[naming] else { return [] }
    let components = KerasNames.components(name)
    let layer = components.first ?? name
    let weight = place(of: components.dropFirst().joined(separator: "/"), naming)
    if let place = parts.before.firstIndex(of: layer) { return [0, 0, place, weight] }
    if let place = parts.after.firstIndex(of: layer) { return [2, 0, place, weight] }
    let pieces = layer.split(separator: "-", maxSplits: 2)
    guard pieces.count == 3, pieces[0] == "Encoder" || pieces[0] == "Transformer",
      let number = Int(pieces[1]), let place = parts.inner.firstIndex(of: String(pieces[2]))
    else { return [3, 0, 0, 0] }
    return [1, number, place, weight]
  }

  private static func place(of weight: String, _ naming: String) -> Int {
    let order = weights[naming] ?? []
    if let exact = order.firstIndex(of: weight) { return exact }
    // keras-bert puts the layer's name before the weight's own.
    let own = weight.split(separator: "_").last.map(String.init) ?? weight
    return order.firstIndex(of: own) ?? order.count
  }
}
