import Tensors

/// The implementation whose order of operations and roundings a rule reproduces.
///
/// A record names it under the key `arithmetic`; where it does not, the convention decides.
public enum Arithmetic: String, Sendable, Hashable, CaseIterable {
  /// TensorFlow's own training kernels, which TensorFlow 1, legacy Keras and BERT run.
  case tensorflow
  /// The optimizers of Keras 3 and of tf.keras since 2.11, on TensorFlow.
  case keras
  /// PyTorch's single-tensor and foreach paths, but with a correctly rounded square root.
  case pytorch
  /// The same paths with the square root of Intel's library, as PyTorch's builds for x86 have it; see ``MKLRoot``.
  case pytorchMKL = "pytorch_mkl"
  /// PyTorch's fused CPU kernels.
  case pytorchFused = "pytorch_fused"
  /// optax on the CPU where `jax.jit` compiles the whole step: sums of products are fused multiply-adds.
  case optax
  /// optax on the CPU, one operation after another.
  case optaxEager = "optax_eager"

  /// The family that the implementation belongs to.
  public var convention: Convention {
    switch self {
    case .tensorflow, .keras, .optax, .optaxEager: .tensorflow
    case .pytorch, .pytorchMKL, .pytorchFused: .pytorch
    }
  }

  /// Whether the implementation is optax'.
  var isOptax: Bool { self == .optax || self == .optaxEager }

  /// Whether numbers below the least normal one become zero, as operands and as results.
  ///
  /// TensorFlow and XLA set the processor so in all of their threads, PyTorch leaves it alone.
  public var flushesSubnormals: Bool { convention == .tensorflow }

  /// The arithmetic of a record under a convention.
  ///
  /// A record's own choice stands as long as it belongs to the convention; otherwise it is
  /// ``tensorflow`` or ``pytorchFused``.
  ///
  /// - Parameters:
  ///   - record: The optimizer's record.
  ///   - convention: The family that the caller asks for, `nil` to leave it to the record.
  /// - Returns: The arithmetic to use.
  /// - Throws: `StateError` with code `invalidArgument` when the record names no arithmetic, or when
  ///   neither record nor caller say which.
  public static func resolve(
    _ record: OptimizerRecord,
    convention: Convention?
  ) throws -> Arithmetic {
    if let value = record.hyperparameters["arithmetic"] {
      guard let own = value.word.flatMap(Arithmetic.init) else {
        throw StateError(
          .invalidArgument,
          "optimizer '\(record.kind)' has arithmetic=\(value)",
          expected: allCases.map(\.rawValue).joined(separator: ", ")
        )
      }
      if convention == nil || own.convention == convention { return own }
    }
    guard let family = convention ?? record.rule?.onlyConvention else {
      throw StateError(
        .invalidArgument,
        "it is not known in which arithmetic optimizer '\(record.kind)' is to be computed",
        remedy: "give the arithmetic: "
          + Convention.allCases.map(\.rawValue).joined(separator: " or ")
      )
    }
    return family.plainArithmetic
  }
}
