internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// Whether the files of a Trainer's checkpoint say the same of the run.
///
/// A step that is skipped for overflow counts in the record and not in the optimizer, and several processes step a scheduler
/// several times: only what no run leaves behind is a contradiction.
struct TrainerAgreement {
  private let state: TrainingState
  private let directory: String
  private let files: Set<String>

  /// Takes in a state that was read.
  ///
  /// - Parameters:
  ///   - state: The state with its step.
  ///   - directory: Where it was read from.
  ///   - files: The names of the files there.
  init(_ state: TrainingState, _ directory: String, _ files: [String]) {
    self.state = state
    self.directory = directory
    self.files = Set(files)
  }

  /// What does not go together, a sentence each.
  ///
  /// - Returns: The sentences.
  /// - Throws: `StateError` when a file cannot be read; what is no data of its kind is left alone.
  func contradictions() throws -> [String] {
    try [steps].compactMap(\.self) + scheduler() + [adapter()].compactMap(\.self)
  }

  private var steps: String? {
    guard files.contains(TrainerFiles.state), let counted = state.globalStep?.value,
      let seen = state.variables.compactMap(\.step).max(), seen > counted
    else { return nil }
    return
      "\(TrainerFiles.state) says step \(counted), and \(TrainerFiles.optimizer) has seen \(seen) "
      + "updates"
  }

  /// What cannot be decoded as data is left alone: the file is carried along whatever it holds.
  private func scheduler() throws -> [String] {
    let path = FileSystem.path(directory, TrainerFiles.scheduler)
    guard files.contains(TrainerFiles.scheduler), let record = state.optimizer,
      let tree = try StateError.whereDecoded({ try TorchFile.open(path, allowing: .torch).tree })
    else { return [] }
    let groups = max(1, record.groups.count)
    var found: [String] = []
    if let bases = tree["base_lrs"]?.elements, bases.count != groups {
      found.append(
        "\(TrainerFiles.scheduler) has rates of \(bases.count) groups, and "
          + "\(TrainerFiles.optimizer) has \(groups)"
      )
    }
    guard let rates = tree["_last_lr"]?.elements?.compactMap(\.number), rates.count == groups,
      let shared = record.hyperparameters["learning_rate"]?.number
    else { return found }
    for (index, rate) in rates.enumerated() {
      let own =
        record.groups.isEmpty
        ? shared : record.groups[index].overrides["learning_rate"]?.number ?? shared
      if abs(own - rate) > 1e-6 * max(abs(own), abs(rate)) {
        found.append(
          "\(TrainerFiles.scheduler) has the rate \(rate) for group \(index), and "
            + "\(TrainerFiles.optimizer) \(own)"
        )
        break
      }
    }
    return found
  }

  /// The rank in an adapter's configuration against that of its tensors.
  private func adapter() throws -> String? {
    let name = "adapter_config.json"
    guard files.contains(name),
      let value = try StateError.whereDecoded({
        let path = FileSystem.path(directory, name)
        let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the configuration")
        return try JSONReader.value(of: bytes)
      }),
      case .object(let config) = value,
      case .int(let rank)? = config["r"], config["peft_type"] == .string("LORA")
    else { return nil }
    if case .object(let pattern)? = config["rank_pattern"], !pattern.members.isEmpty { return nil }
    let other = state.variables.first { variable in
      variable.name.hasSuffix(".lora_A.weight")
        && variable.value?.tensor.shape.dimensions.first.map { Int64($0) != rank } == true
    }
    guard let other, let found = other.value?.tensor.shape.dimensions.first else { return nil }
    return "\(name) says rank \(rank), and \(other.name) has \(found)"
  }
}
