import CKernels

/// The instructions that the kernels use.
enum KernelPath {
  /// The widest of this processor.
  static let best = optstate_update_path()
}
