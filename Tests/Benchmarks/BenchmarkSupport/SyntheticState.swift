package import OptStateKit

/// A training state of BERT's shape with made-up numbers.
package struct SyntheticState {
  let vocabulary: Int
  let layers: Int

  /// 110 million parameters; 1.32 GB with Adam's moments.
  package static let bertBase = SyntheticState(vocabulary: 30_522, layers: 12)

  /// A tenth of it.
  package static let small = SyntheticState(vocabulary: 3052, layers: 1)

  /// Each variable with `adam_m` and `adam_v`, in the order of their names as TensorFlow saves them.
  package func state() throws -> TrainingState {
    var seed: UInt64 = 0
    func random(
      _ name: String,
      _ shape: [Int],
      isSquare: Bool = false
    ) throws -> StateTensor {
      seed += 1
      let source = RandomSource(seed: seed, isSquare: isSquare)
      return StateTensor(name, try Tensor(.float32, Shape(shape), source: source))
    }
    let variables = try shapes.sorted { ExactName($0.name) < ExactName($1.name) }.map { entry in
      Variable(
        entry.name,
        value: try random(entry.name, entry.shape),
        slots: try [SlotName.firstMoment, .secondMoment].map { slot in
          Slot(
            slot,
            try random("\(entry.name)/\(slot)", entry.shape, isSquare: slot == .secondMoment)
          )
        }
      )
    }
    return TrainingState(
      variables: variables,
      globalStep: GlobalStep(20),
      origin: Origin(recorded: "tensorflow")
    )
  }

  private var shapes: [(name: String, shape: [Int])] {
    let hidden = 768
    var shapes: [(name: String, shape: [Int])] = [
      ("bert/embeddings/word_embeddings", [vocabulary, hidden]),
      ("bert/embeddings/position_embeddings", [512, hidden]),
      ("bert/embeddings/token_type_embeddings", [2, hidden]),
      ("cls/predictions/output_bias", [vocabulary]),
      ("cls/seq_relationship/output_weights", [2, hidden]),
      ("cls/seq_relationship/output_bias", [2]),
    ]
    func dense(_ name: String, _ inputs: Int, _ outputs: Int) {
      shapes += [(name + "/kernel", [inputs, outputs]), (name + "/bias", [outputs])]
    }
    func norm(_ scope: String) {
      shapes += ["beta", "gamma"].map { ("\(scope)/LayerNorm/\($0)", [hidden]) }
    }
    norm("bert/embeddings")
    dense("bert/pooler/dense", hidden, hidden)
    dense("cls/predictions/transform/dense", hidden, hidden)
    norm("cls/predictions/transform")
    for layer in 0..<layers {
      let scope = "bert/encoder/layer_\(layer)"
      for part in ["query", "key", "value"] {
        dense("\(scope)/attention/self/\(part)", hidden, hidden)
      }
      dense("\(scope)/attention/output/dense", hidden, hidden)
      norm("\(scope)/attention/output")
      dense("\(scope)/intermediate/dense", hidden, 4 * hidden)
      dense("\(scope)/output/dense", 4 * hidden, hidden)
      norm("\(scope)/output")
    }
    return shapes
  }
}

/// Numbers between 2⁻⁷ and 2 with random signs and fractions: as hard to compress as trained weights.
///
/// Squares are positive and at least a half, so that no pair of moments is impossible.
private final class RandomSource: TensorSource {
  private let seed: UInt64
  private let isSquare: Bool

  init(seed: UInt64, isSquare: Bool) {
    self.seed = seed << 40
    self.isSquare = isSquare
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    // Windows of a pass begin and end on whole words, but for a tensor's last bytes.
    for position in stride(from: 0, to: buffer.count, by: 8) {
      var word = (seed + UInt64(offset + position)) &* 0x9E37_79B9_7F4A_7C15
      word = (word ^ word >> 32) &* 0xD6E8_FEB8_6659_FD93
      word = (word ^ word >> 32) & 0x83FF_FFFF_83FF_FFFF | 0x3C00_0000_3C00_0000
      if isSquare { word = word & 0x7FFF_FFFF_7FFF_FFFF | 0x3F00_0000_3F00_0000 }
      unsafe withUnsafeBytes(of: word) { bytes in
        let count = min(8, buffer.count - position)
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
    }
  }
}
