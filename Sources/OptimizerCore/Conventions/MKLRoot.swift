import CKernels

/// The square root of ``Arithmetic/pytorchMKL``.
///
/// PyTorch's builds for x86 take the root of `float32` tensors from Intel's library, which refines the processor's own
/// approximation of the reciprocal root. Its bits are those of the kind of processor that trained, off by 1 ULP from the
/// correctly rounded root for every sixth number. A `float64` root is correctly rounded here; the library's is off by
/// 1 ULP for 1.4 % of numbers.
public enum MKLRoot: String, Sendable, Hashable, CaseIterable {
  /// AMD with AVX2, with or without AVX-512: equal to the library's for every `float32` number.
  case amd
  /// Intel with AVX-512: read in the library's code, not compared with it.
  case intelAVX512 = "intel_avx512"
  /// Another processor: the root is correctly rounded.
  case unknown

  /// The one of this processor.
  public static let ofProcessor: MKLRoot =
    switch optstate_root_path() {
    case OPTSTATE_ROOT_AMD_AVX2: .amd
    case OPTSTATE_ROOT_AVX512: .intelAVX512
    default: .unknown
    }

  /// Whether the library's bits have been seen to be reproduced.
  public var isExact: Bool { self == .amd }
}
