internal import Tensors
internal import TrainingState

/// Names of what a state carries along for PyTorch, and of the attributes by which a file is laid out
/// again as it was.
enum TorchExtras {
  /// The pickle with the tree of everything that is not a tensor's data.
  static let pickle = "~pickle"

  /// Before the key of a storage of which tensors show a part only, or nothing.
  static let storage = "~storage/"

  /// Before the name of an archive's record.
  static let record = "~record/"

  /// Of the state: the archive's records in their order; a file's prefix follows where there is one.
  static let records = "pytorch.records:"

  /// Of the state: the folder of the records, where it is not called after the file.
  static let root = "pytorch.root"

  /// Of the state: a sum over the storages' sums, by which the archive's identity is known to hold.
  static let contents = "pytorch.contents:"

  /// Of the state: names of the optimizer's parameters in the order of their numbers, where it keeps nothing yet for
  /// some; a file's prefix follows where there is one.
  static let parameters = "pytorch.parameters:"

  /// Of the state: that nothing says which numbers the optimizer's parameters have, for which it keeps nothing yet; a file's
  /// prefix follows where there is one.
  static let assumed = "pytorch.order_assumed:"

  /// Of the state: the updates that the file counts; behind a colon the name of one of several optimizers.
  static let step = "pytorch.step"

  /// A tensor of bytes.
  static func bytes(_ name: String, _ content: [UInt8]) throws -> StateTensor {
    StateTensor(name, try Tensor(.uint8, .vector(content.count), bytes: content))
  }
}
