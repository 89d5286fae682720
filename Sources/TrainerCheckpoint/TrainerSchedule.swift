internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The schedule of a Trainer's run, put together out of what its files say, and believed only where it
/// gives the rate that the scheduler has on record.
enum TrainerSchedule {
  private static let kinds = [
    "linear": "hf_linear", "cosine": "hf_cosine", "constant": "hf_constant",
    "cosine_with_restarts": "hf_cosine_with_restarts", "polynomial": "hf_polynomial",
    "constant_with_warmup": "hf_constant_with_warmup", "inverse_sqrt": "hf_inverse_sqrt",
  ]

  /// The schedule, `nil` where it is not certain.
  ///
  /// - Parameters:
  ///   - arguments: The path of `training_args.bin`.
  ///   - scheduler: The path of `scheduler.pt`.
  ///   - totalSteps: The run's number of updates.
  /// - Returns: The schedule, or `nil`.
  static func find(arguments: String, scheduler: String, totalSteps: Int64?) -> ScheduleRecord? {
    // What cannot be decoded as data is left alone: the files are carried along whatever they hold.
    guard let totalSteps, totalSteps > 0, let settings = try? settings(arguments),
      let present = try? TorchFile.open(scheduler, allowing: .torch).tree,
      let bases = present["base_lrs"]?.elements?.compactMap(\.number), let base = bases.first,
      bases.allSatisfy({ $0 == base }), let step = present["last_epoch"]?.int,
      let rates = present["_last_lr"]?.elements?.compactMap(\.number), let rate = rates.first,
      let type = settings["lr_scheduler_type"].flatMap(word), let kind = kinds[type],
      settings["lr_scheduler_kwargs"]?.items?.isEmpty ?? true,
      let warmup = warmupSteps(settings, totalSteps)
    else { return nil }
    var parameters: [String: HyperparameterValue] = ["learning_rate": .double(base)]
    if kind != "hf_constant" { parameters["num_warmup_steps"] = .int(warmup) }
    if !["hf_constant", "hf_constant_with_warmup", "hf_inverse_sqrt"].contains(kind) {
      parameters["num_training_steps"] = .int(totalSteps)
    }
    let record = ScheduleRecord(kind: kind, parameters: parameters)
    guard let found = try? Schedule(record).learningRate(at: step),
      abs(found - rate) <= 1e-12 * max(abs(rate), base)
    else { return nil }
    return record
  }

  /// The run's settings, whatever classes they are pickled with; nothing is imported.
  private static func settings(_ path: String) throws -> PickleValue {
    let archive = try ZipArchive(try PositionalFile.open(path), sumsMayLack: true)
    guard let root = TorchArchive.root(of: archive), let member = archive["\(root)/data.pkl"] else {
      throw StateError(.malformed, "no pickle", file: path)
    }
    let bytes = try archive.bytes(of: member, limit: TorchArchive.recordLimit)
    var reader = PickleReader(BlockCursor(bytes, base: member.offset), allowing: .any)
    guard case .call(let call)? = try reader.read().value.object?.content, let state = call.state
    else { throw StateError(.malformed, "no object with a state", file: path) }
    return state
  }

  /// A text, or the value of an enumeration that is made of one.
  private static func word(_ value: PickleValue) -> String? {
    if let text = value.text { return text }
    if case .call(let call)? = value.object?.content { return call.arguments.elements?.first?.text }
    return nil
  }

  /// The warm-up as the Trainer counts it: a number of updates, or a share of them.
  private static func warmupSteps(_ settings: PickleValue, _ totalSteps: Int64) -> Int64? {
    let steps = settings["warmup_steps"]?.number ?? 0
    let ratio = steps > 0 && steps < 1 ? steps : settings["warmup_ratio"]?.number ?? 0
    if steps >= 1 { return Int64(exactly: steps) }
    return Int64(exactly: (Double(totalSteps) * ratio).rounded(.up))
  }
}
