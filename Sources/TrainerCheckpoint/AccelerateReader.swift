internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads the directories of accelerate's `save_state`.
///
/// Models, optimizers and schedulers become the state, several of each where there are several; every other file is carried
/// along byte for byte.
public enum AccelerateReader: StateReader {
  /// Whether a path is a directory with files of accelerate's in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return AccelerateFiles.areAccelerates(try FileSystem.names(in: probe.path))
  }

  /// Describes the state in a directory; only headers, steps and small records are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    let files = try FileSystem.files(below: path)
    try StateError.inFile(path) { try AccelerateFiles.checkWhole(files) }
    var state = TrainingState(origin: StateFormat.accelerate.origin)
    state.contents = Contents()
    var decoded: Set<String> = []
    let models = try addModels(path, files, &decoded, &state)
    let groups = try addOptimizers(path, files, models, options, &decoded, &state)
    if state.fault == nil {
      var scheduled: Set<String> = []
      try state.readOptimizer { try addSchedulers(path, files, groups, &scheduled, &$0) }
      // Schedulers that cannot be read are carried along as they are.
      if state.fault == nil { decoded.formUnion(scheduled) }
    }
    for name in files where !decoded.contains(name) {
      let source = try ReopenedSource(FileSystem.path(path, name))
      let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
      state.extras.append(StateTensor(TrainerFiles.carried + name, tensor))
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  private static func addModels(
    _ path: String,
    _ files: [String],
    _ decoded: inout Set<String>,
    _ state: inout TrainingState
  ) throws -> [AccelerateModel] {
    let count = AccelerateFiles.count(of: .model, in: files)
    return try (0..<count).map { number in
      let front = count > 1 ? AccelerateModel.front(number) : ""
      let found = try ModelFiles(suffix: number == 0 ? "" : "_\(number)")
        .read(path, files, behind: front, into: &state)
      decoded.formUnion(found?.names ?? [])
      return AccelerateModel(front: front, isOrdered: found?.isOrdered ?? false)
    }
  }

  /// Adds the optimizers.
  ///
  /// - Returns: The groups of each.
  private static func addOptimizers(
    _ path: String,
    _ files: [String],
    _ models: [AccelerateModel],
    _ options: ReadOptions,
    _ decoded: inout Set<String>,
    _ state: inout TrainingState
  ) throws -> [[PickleValue]] {
    let count = AccelerateFiles.count(of: .optimizer, in: files)
    var names = options.parameterNames.map { $0[...] }
    var numbering: [String] = []
    let groups = try (0..<count).map { number -> [PickleValue] in
      let name = AccelerateFiles.numbered(AccelerateFiles.optimizer, number)
      decoded.insert(name)
      let fault = state.fault
      var groups: [PickleValue] = []
      try state.readOptimizer { state in
        let full = FileSystem.path(path, name)
        try StateError.inFile(full) {
          let file = try TorchFile.open(full, allowing: .torch)
          groups = file.tree["param_groups"]?.elements ?? []
          let size = groups.reduce(0) { $0 + ($1["params"]?.elements?.count ?? 0) }
          // What is left over at the end is the last one's, and refused there.
          let given = names.map { Array(number == count - 1 ? $0 : $0.prefix(size)) }
          names = names?.dropFirst(size)
          var assembly = try TorchAssembly(file, into: state, prefix: name + "/")
          try assembly.addOptimizer(
            names: given,
            named: count > 1 ? AccelerateFiles.stem(of: name) : nil,
            orders: fitting(models.flatMap { $0.orders(assembly.candidates) }, size),
            sets: fitting(
              models.map { $0.candidates(assembly.candidates) } + [assembly.candidates],
              size
            )
          )
          if count == 1 { assembly.addStep() }
          try assembly.addExtras()
          state = assembly.state
          numbering += assembly.numbering
        }
      }
      if fault == nil, state.fault != nil { state.contents?.add(name) }
      return groups
    }
    sort(&state.variables, of: models, as: numbering)
    return groups
  }

  /// The lists that an optimizer can number from end to end, all where there is none.
  ///
  /// One that is made for a whole model is the usual one; parts of a larger list would fit as well.
  private static func fitting(
    _ lists: [[ParameterOrder.Candidate]],
    _ size: Int
  ) -> [[ParameterOrder.Candidate]] {
    let exact = lists.filter { $0.count == size }
    return exact.isEmpty ? lists : exact
  }

  /// Puts variables in the order of the optimizers' numbers, which is the models' and not that of their files.
  private static func sort(
    _ variables: inout [Variable],
    of models: [AccelerateModel],
    as numbering: [String]
  ) {
    let numbers = Dictionary(
      numbering.enumerated().map { (ExactName($1), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let keys = variables.enumerated().map { place, variable -> [Int] in
      let model = models.firstIndex { variable.name.utf8.starts(with: $0.front.utf8) }
      let isOrdered = model.map { models[$0].isOrdered } ?? false
      let number = isOrdered ? 0 : numbers[ExactName(variable.name)] ?? Int.max
      return [variable.value == nil ? models.count : model ?? models.count, number, place]
    }
    variables = variables.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
      .map { variables[$0] }
  }

  private static func addSchedulers(
    _ path: String,
    _ files: [String],
    _ groups: [[PickleValue]],
    _ decoded: inout Set<String>,
    _ state: inout TrainingState
  ) throws {
    let count = AccelerateFiles.count(of: .scheduler, in: files)
    // Which of several is whose nothing says but their number.
    let isCertain = count == groups.count || groups.count == 1
    for number in groups.indices where number < count && isCertain {
      let name = AccelerateFiles.numbered(AccelerateFiles.scheduler, number)
      let full = FileSystem.path(path, name)
      try StateError.inFile(full) {
        let file = try TorchFile.open(full, allowing: .torch)
        let scheduler = TorchScheduler(file.tree, groups: groups[number])
        if groups.count > 1 {
          guard goesWith(file.tree, groups[number]) else { return }
          state.add(scheduler, at: number, countsAlone: true)
        } else if state.globalStep == nil, let calls = scheduler.calls, calls >= 0 {
          state.globalStep = GlobalStep(calls)
        }
        var assembly = try TorchAssembly(file, into: state, prefix: name + "/")
        try assembly.addExtras()
        state = assembly.state
        decoded.insert(name)
        if groups.count == 1 { state.add(scheduler) }
      }
    }
    if groups.count > 1 { state.add(nil) }
  }

  /// Whether the rates that a scheduler gave last are those of an optimizer's groups.
  private static func goesWith(_ scheduler: PickleValue, _ groups: [PickleValue]) -> Bool {
    guard let rates = scheduler["_last_lr"]?.elements else { return false }
    return rates.count == groups.count
      && zip(rates, groups).allSatisfy { rate, group in
        guard let own = group["lr"]?.number else { return true }
        return rate.number == own
      }
  }
}
