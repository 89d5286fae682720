internal import Tensors
internal import TrainingState

/// The attributes by which a state remembers how a bundle was laid out, so that it can be written back
/// identically.
enum Layout {
  /// Of the state: the number of data files, where it is not one.
  static let shardCount = "tensorflow.num_shards"

  /// Of the state: that its index was compressed with Snappy.
  static let compressedIndex = "tensorflow.snappy"

  /// Of a tensor: the number of its data file, where it is not the first.
  static let shard = "tensorflow.shard"

  /// Of a sliced tensor: each slice as TensorFlow's text for it, its data file, and its place in the
  /// order of all data, separated by semicolons.
  static let slices = "tensorflow.slices"

  /// A slice to be written.
  struct Slice {
    let extents: [SliceExtent]
    let shard: Int
    let index: Int
  }

  /// The tensors of a bundle, each with what remembers its places.
  static func tensors(of items: [BundleReader.Item]) -> [StateTensor] {
    let pieces = items.enumerated().flatMap { number, item in
      item.placements.indices.map { (item: number, piece: $0, place: item.placements[$0]) }
    }
    let ordered = pieces.sorted {
      ($0.place.shard, $0.place.offset, $0.place.size) < (
        $1.place.shard, $1.place.offset, $1.place.size
      )
    }
    var indices = items.map { [Int](repeating: 0, count: $0.placements.count) }
    for (index, piece) in ordered.enumerated() { indices[piece.item][piece.piece] = index }
    return zip(items, indices).map { item, indices in
      StateTensor(
        item.name,
        item.tensor,
        index: indices.min(),
        attributes: attributes(of: item.placements, indices)
      )
    }
  }

  private static func attributes(
    of placements: [BundleReader.Placement],
    _ indices: [Int]
  ) -> [String: AttributeValue] {
    if let only = placements.first, only.extents == nil {
      return only.shard == 0 ? [:] : [shard: .int(Int64(only.shard))]
    }
    let texts = zip(placements, indices).map { "\(($0.extents ?? []).text);\($0.shard);\($1)" }
    return [slices: .strings(texts)]
  }

  /// The slices that a tensor is to be cut into, none for a tensor that stays whole.
  static func slices(of tensor: StateTensor) throws -> [Slice] {
    guard case .strings(let texts) = tensor.attributes[slices] else { return [] }
    return try texts.map { text in
      let parts = text.split(separator: ";", omittingEmptySubsequences: false)
      guard parts.count == 3, let shard = Int(parts[1]), let index = Int(parts[2]), shard >= 0
      else {
        throw StateError(.malformed, "the attribute \(slices) is damaged", tensor: tensor.name)
      }
      return Slice(extents: try [SliceExtent](text: String(parts[0])), shard: shard, index: index)
    }
  }
}
