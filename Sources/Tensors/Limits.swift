/// Bounds on what a file may ask for before any of it is believed.
///
/// Each is far above what real checkpoints need and far below what exhausts a machine.
public enum Limits {
  /// Axes of a tensor; HDF5 itself stops at 32.
  public static let rank = 32

  /// Bytes of a name, TensorFlow's longest test key included.
  public static let nameBytes = 1 << 20

  /// Tensors of one state.
  public static let tensors = 10_000_000

  /// Bytes of an index, a header or a catalog that must be in memory as a whole.
  public static let indexBytes = 1 << 30

  /// Bytes of a tensor whose elements differ in length, which must be in memory as a whole.
  public static let stringTensorBytes = 1 << 28

  /// Bytes of one compressed chunk after decompression.
  public static let chunkBytes = 1 << 28

  /// How often the tensors of a file may take its bytes between them.
  public static let sharing = 8

  /// Groups inside groups.
  public static let nesting = 256
}
