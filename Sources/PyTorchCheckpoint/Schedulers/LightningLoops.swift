internal import Tensors
internal import TorchContainer

/// What Lightning counts beside `global_step`: epochs, batches and steps of its loops, by which it resumes.
///
/// Source: `lightning/pytorch/loops/progress.py` of 2.6.
struct LightningLoops {
  private let value: PickleValue

  /// Takes the dictionary `loops` of a checkpoint in.
  init(_ value: PickleValue) { self.value = value }

  /// Starts the loops anew.
  ///
  /// - Parameter step: The global step that they shall go with.
  /// - Throws: `StateError` with code `unsupported` for another step than 0: how many epochs and batches that would be
  ///   depends on the data.
  func set(_ step: Int64) throws {
    guard step == 0 else {
      throw StateError(
        .unsupported,
        "Lightning resumes by epochs and batches, and how many go with step \(step) depends on the data",
        expected: "step 0, which starts them anew",
        remedy: "let Lightning run to that step"
      )
    }
    PickleTree.forEach(value) { object in
      guard let items = object.items else { return }
      object.setItems(
        items.map { key, value in
          if value.int != nil { return (key, .int(0)) }
          return (key, value.bool == nil ? value : .bool(false))
        }
      )
    }
  }
}
