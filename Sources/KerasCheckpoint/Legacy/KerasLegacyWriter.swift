internal import ByteIO
internal import HDF5
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes legacy `.h5` files.
///
/// A state that came from one is written back as it was, with its model and training configuration. Any
/// other becomes a file of weights with the optimizer's list beside them: a model's configuration cannot
/// be made up. Their specification is the article <doc:LegacyFiles>.
public enum KerasLegacyWriter: StateWriter {
  private typealias Name = KerasNames

  /// Writes a state into a file.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    let note = options.note ?? { _ in }
    let state = state.withPlainRate
    let prepared = try prepare(state)
    let layout = try LegacyLayout(prepared, className: className(of: prepared), note: note)
    let output = OutputSet(overwrite: options.overwrite)
    try output.add(path) { temporary in
      let file = try KerasOutput(temporary)
      try fill(file, prepared, layout, note)
      try file.finish(progress: options.progress)
    }
    tell(state, layout, note)
    try output.commit()
  }

  /// The state with its configuration and its rate as its records have them now.
  private static func prepare(_ state: TrainingState) throws -> TrainingState {
    guard state.origin == StateFormat.kerasLegacy.origin else { return state }
    var copy = state
    let extras = Dictionary(
      state.extras.map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first }
    )
    if let training = extras[Name.trainingConfig],
      let config = OptimizerConfig(
        training: try JSONTree.parse(try training.tensor.bytes(), "'\(training.name)'")
      )
    {
      let model = try extras[Name.modelConfig].map {
        ModelConfig(try JSONTree.parse(try $0.tensor.bytes(), "'\($0.name)'"))
      }
      let family = config.values["is_legacy_optimizer"] == nil ? LegacyFamily.of(state) : .current
      copy = try FreshList.completing(state, family, config, frozen: model?.frozen ?? [])
    }
    for (index, extra) in state.extras.enumerated() where extra.name == Name.trainingConfig {
      let text = try extra.tensor.bytes()
      guard
        let config = OptimizerConfig(training: try JSONTree.parse(text, "'\(extra.name)'"))
      else { continue }
      let family = LegacyFamily.of(state)
      let tree = try config.updated(
        state.optimizer,
        state.schedule,
        family,
        hasState: state.hasKerasState
      )
      if tree != config.root {
        let bytes = Array(tree.encoded.utf8)
        copy.extras[index].tensor = try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
      }
    }
    try KerasRate.write(into: &copy)
    return copy
  }

  private static func className(of state: TrainingState) -> String {
    let usual = OptimizerCatalog.all.first { $0.keras.namings.contains(state.naming ?? "") }
    return usual?.kerasClass ?? state.optimizer.flatMap { OptimizerClass.name(of: $0.kind) }
      ?? OptimizerCatalog.usual.kerasClasses[0]
  }

  private static func fill(
    _ file: KerasOutput,
    _ state: TrainingState,
    _ layout: LegacyLayout,
    _ note: (String) -> Void
  ) throws {
    let base = layout.isWhole ? [Name.modelWeights] : []
    let root = try file.group([])
    let group = try file.group(base)
    let own = layout.isOurs ? state.attributes : [:]
    if case .string(let version) = own[Name.Attribute.version] {
      try group.setByteString(Name.version, version)
      if layout.isWhole { try root.setByteString(Name.version, version) }
    }
    var backend = "tensorflow"
    if case .string(let own) = own[Name.Attribute.backend] { backend = own }
    try group.setByteString(Name.backend, backend)
    if layout.isWhole { try root.setByteString(Name.backend, backend) }
    for extra in state.extras where layout.isOurs {
      if [Name.modelConfig, Name.trainingConfig].contains(extra.name) {
        try root.setByteString(
          extra.name,
          String(decoding: try extra.tensor.bytes(), as: UTF8.self)
        )
      }
    }
    if !layout.isOurs, let config = OptimizerClass.training(state, note: note) {
      try root.setByteString(Name.trainingConfig, config.encoded)
    }
    try file.setNames(Name.layerNames, layout.layers.map(\.name), of: base)
    for layer in layout.layers { try add(layer, to: file, below: base) }
    if let top = layout.topLevel {
      try add(top, to: file, below: base)
    } else if layout.isWhole {
      try file.setNames(Name.weightNames, [], of: base + [Name.topLevel])
    }
    guard !layout.optimizer.isEmpty else { return }
    try file.setNames(
      Name.weightNames,
      layout.optimizer.map(\.name),
      of: [Name.optimizerWeights]
    )
    for entry in layout.optimizer {
      let place = [Name.optimizerWeights] + KerasNames.components(entry.name)
      try file.add(entry.tensor, at: place, named: entry.subject)
    }
  }

  private static func add(
    _ layer: LegacyLayout.Layer,
    to file: KerasOutput,
    below base: [String]
  ) throws {
    let group = base + KerasNames.components(layer.name)
    try file.setNames(Name.weightNames, layer.weights.map(\.name), of: group)
    for weight in layer.weights {
      try file.add(
        weight.tensor,
        at: group + KerasNames.components(weight.name),
        named: weight.subject
      )
    }
  }

  /// Says what the file lacks, and what Keras makes of it.
  private static func tell(
    _ state: TrainingState,
    _ layout: LegacyLayout,
    _ note: (String) -> Void
  ) {
    if !layout.isOurs {
      note(
        "a legacy .h5 of weights is written: the model's configuration is not known, so the model is "
          + "built first and load_weights fills it; the optimizer's list is in /optimizer_weights"
      )
      let unsaid = OptimizerClass.unsaid(state)
      if !unsaid.isEmpty {
        note("the optimizer's configuration does not say \(unsaid.joined(separator: ", "))")
      }
      if let schedule = state.schedule {
        note(
          "there is no place for the schedule \(schedule.kind): the model is compiled with it anew"
        )
      }
      if !state.extras.isEmpty {
        note("\(state.extras.count) tensors that only \(state.origin.format) knows are left out")
      }
    }
    let fromKeras3 = [StateFormat.kerasArchive, .kerasWeights].contains {
      $0.origin == state.origin
    }
    if !layout.optimizer.isEmpty, fromKeras3 || LegacyFamily.of(state) == .keras3 {
      note(
        "Keras 3 restores no moments from a legacy .h5, not even from its own: write .keras or "
          + ".weights.h5 for it"
      )
    }
  }
}
