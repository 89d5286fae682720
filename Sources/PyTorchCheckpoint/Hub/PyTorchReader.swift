internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads what `torch.save` writes: state dictionaries of models, optimizers and schedulers, alone or
/// in a dictionary of the user's own making.
public enum PyTorchReader: StateReader {
  /// Whether a path is a file of PyTorch's, of any generation.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    if try ZipArchive.recognizes(file) {
      // PyTorch writes the pickle first; only archives of other tools must be read to be known.
      if try TorchArchive.beginsWithPickle(file) { return true }
      return try probe.finding { () -> ZipArchive? in try ZipArchive(file) }
        .flatMap(TorchArchive.root) != nil
    }
    return try LegacyFile.recognizes(file) || LegacyFile.isTar(file)
  }

  /// Describes the state in a file; only its structure and its steps are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    do {
      let file = try TorchFile.open(path, allowing: .torch)
      var assembly = try TorchAssembly(
        file,
        into: TrainingState(origin: StateFormat.pyTorch.origin)
      )
      try assembly.addModel()
      try assembly.addOptimizer(names: options.parameterNames, given: options.optimizer)
      assembly.addStep()
      try assembly.addExtras()
      assembly.addSchedule()
      var state = assembly.state
      if file.root != TorchLayout.stem(of: path), !file.root.isEmpty {
        state.attributes[TorchExtras.root] = .string(file.root)
      }
      state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
      return state
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
