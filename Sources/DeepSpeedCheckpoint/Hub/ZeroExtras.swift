internal import ByteIO
internal import Tensors
internal import TrainingState

/// Names of what a state carries along for DeepSpeed, and of the attributes by which a checkpoint is laid out again.
enum ZeroExtras {
  /// Before the name of a file beside the checkpoint's own.
  static let file = "file/"

  /// Before the name of a file beside the ranks' files.
  static let inside = "tag/"

  /// Of the state: the name of the checkpoint's directory.
  static let tag = "deepspeed.tag"

  /// Of the state: the step that the checkpoint had when it was read.
  static let step = "deepspeed.step"

  /// Of the state: how many ranks the optimizer was cut for.
  static let ranks = "deepspeed.ranks"

  /// Of the tree: what the files say beside parameters and slots.
  static let record = "~zero"

  /// Of the record: what a rank's dictionary has beside parameters and slots.
  static let optimizer = "optimizer"

  /// Of the record: what a rank's file has beside its dictionary.
  static let rest = "file"

  /// Of the record: the names of numbers that the files keep as tensors.
  static let tensorKeys = "tensor_keys"

  /// Of the record: the type that the model computes in.
  static let type = "dtype"

  /// Of the record: what the names of the optimizer's files begin with.
  static let prefix = "prefix"

  /// The slot that holds the float32 copy of a parameter of half the precision.
  static let master = SlotName.master.rawValue
}

extension ZeroExtras {
  /// By how much the step is another than that of the checkpoint that was read, `nil` where one of them is not known.
  static func move(of state: TrainingState) -> Int64? {
    guard case .int(let before)? = state.attributes[step], let now = state.globalStep?.value,
      before >= 0, now >= 0
    else { return nil }
    return now - before
  }

  /// Writes the files that were beside the checkpoint's own.
  static func copyFiles(of state: TrainingState, to output: OutputDirectory, at folder: String)
    throws
  {
    var placements: [TensorPass.Placement] = []
    for extra in state.extras {
      for (mark, place) in [(file, ""), (inside, folder)]
      where extra.name.utf8.starts(with: mark.utf8) {
        let target = try output.add(place + String(extra.name.dropFirst(mark.count)))
        placements.append(.init(NamedTensor(extra.name, extra.tensor), file: target, offset: 0))
      }
    }
    _ = try TensorPass.copy(placements)
  }
}
