/// The format that a state was first read from, kept through the native store, and the framework whose habits its numbers
/// follow.
public struct Origin: Sendable, Hashable {
  /// Who computed the numbers.
  public enum Framework: String, Sendable, Hashable, CaseIterable {
    /// TensorFlow's own optimizers, BERT's among them.
    case tensorFlow = "tensorflow"
    /// Keras' optimizers.
    case keras
    /// PyTorch's.
    case pytorch
    /// JAX' libraries.
    case jax
    /// A run of this library.
    case optstate
    /// Anybody: the format is one that several frameworks write.
    case unknown
  }

  /// The format's name, as `--to` takes it.
  public let format: String

  /// Who computed the numbers.
  public let framework: Framework

  /// Describes where a state comes from.
  ///
  /// - Parameters:
  ///   - format: The format's name.
  ///   - framework: Who computed the numbers.
  public init(_ format: String, _ framework: Framework) {
    self.format = format
    self.framework = framework
  }

  /// What a file says that names the format and not the framework, as stores of before 0.9.0 do.
  ///
  /// - Parameter format: The format's name.
  public init(recorded format: String) {
    self.format = format
    framework =
      if format.hasPrefix("tensorflow") {
        .tensorFlow
      } else if format.hasPrefix("keras") {
        .keras
      } else if ["pytorch", "huggingface", "accelerate"].contains(format) {
        .pytorch
      } else {
        format == "optstate" ? .optstate : .unknown
      }
  }

  /// Whether two states come from the same format.
  ///
  /// - Parameters:
  ///   - one: Where one comes from.
  ///   - other: Where the other comes from.
  /// - Returns: Whether the formats are one.
  public static func == (one: Origin, other: Origin) -> Bool { one.format == other.format }

  /// Takes in the format's name.
  ///
  /// - Parameter hasher: What takes it in.
  public func hash(into hasher: inout Hasher) { hasher.combine(format) }
}
