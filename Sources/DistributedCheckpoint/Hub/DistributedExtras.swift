/// Names of what a state carries along for a distributed checkpoint, and of the attributes by which it is laid out
/// again as it was.
enum DistributedExtras {
  /// Before the name of an object that nobody here can read, kept as its archive.
  static let object = "~object/"

  /// Before the name of a file beside the checkpoint's own.
  static let file = "file/"

  /// Of the state: the directories that the checkpoint consists of, relative to it.
  static let parts = "dcp.parts"

  /// Of the state: how many ranks wrote the checkpoint.
  static let ranks = "dcp.ranks"

  /// Of the state: the places of optimizers' dictionaries that were flattened; a directory follows where there is one.
  static let flattened = "dcp.flattened:"

  /// Stands in a tree for an object that nobody here can read: what is outside the pickle is one.
  static let opaque = "object"
}
