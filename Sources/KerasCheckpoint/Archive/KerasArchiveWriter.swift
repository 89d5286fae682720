internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes `.keras` archives for states that came from one.
///
/// Their specification is the article <doc:Archives>.
public enum KerasArchiveWriter: StateWriter {
  private typealias Name = KerasNames

  /// Writes a state into an archive.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    let state = state.withPlainRate
    guard let config = state.extras.first(where: { $0.name == Name.config }) else {
      throw StateError(
        .unsupported,
        "a .keras archive needs the model's configuration, which this state does not have",
        remedy:
          "write --to \(StateFormat.kerasLegacy.name), or --to \(StateFormat.kerasWeights.name) "
          + "for a state of Keras 3"
      )
    }
    let tree = try JSONTree.parse(try config.tensor.bytes(), Name.config)
    var current = state
    var text = config.tensor
    // The configuration is that of the optimizer that the model was compiled with, which may not be the one that is used.
    let isCompiled = state.attributes[Name.Attribute.optimizers] == nil
    if isCompiled, let optimizer = OptimizerConfig(archive: tree) {
      let family = state.keras3OrCurrent
      let fresh = try optimizer.updated(
        state.optimizer,
        state.schedule,
        family,
        hasState: state.hasKerasState
      )
      if fresh != tree {
        let bytes = Array(fresh.encoded.utf8)
        text = try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
      }
      let hasSchedule = OptimizerConfig(archive: fresh)?.hasScheduleObject
      let complete = try FreshList.completing(
        state,
        family,
        optimizer,
        orderedBy: ModelConfig(tree),
        frozen: ModelConfig(tree).frozen
      )
      current = try RateVariable.updated(
        complete,
        hasSchedule: family == .keras3 ? hasSchedule : nil
      )
    } else {
      current = try RateVariable.updated(state, hasSchedule: nil)
    }
    try write(current, text, to: path, options)
  }

  private static func write(
    _ state: TrainingState,
    _ config: Tensor,
    to path: String,
    _ options: WriteOptions
  ) throws {
    let layout = try WeightsLayout(state)
    // The weights file is made without its data, beside the target; the data goes into the archive only.
    let scratch = OutputSet(overwrite: true)
    let weights = try scratch.add(path + ".weights") { skeleton in
      let file = try KerasOutput(skeleton)
      try layout.fill(file)
      return try file.parts()
    }
    let output = OutputSet(overwrite: options.overwrite)
    let writer = ZipWriter(try output.add(path), layout: .plain)
    let others = state.extras.filter { $0.sourceName == nil && $0.index == nil }
    let first = [Name.metadata, Name.config]
    for name in first {
      guard let extra = others.first(where: { $0.name == name }) else { continue }
      let tensor = name == Name.config ? config : extra.tensor
      try writer.add(name, parts: [NamedTensor(name, tensor)])
    }
    try writer.add(Name.weightsMember, parts: weights)
    for extra in others where !first.contains(extra.name) {
      try writer.add(extra.name, parts: [NamedTensor(extra.name, extra.tensor)])
    }
    try writer.finish(progress: options.progress)
    try output.commit()
  }
}

extension TrainingState {
  /// The family of a weights file: Keras 3 gives its groups names; tf.keras does not.
  var keras3OrCurrent: KerasFamily {
    guard case .strings(let groups) = attributes[KerasNames.Attribute.groups] else {
      return .keras3
    }
    return groups.contains { $0.utf8.contains(9) } ? .keras3 : .current
  }
}
