internal import ByteIO
internal import Tensors

/// `trainer_state.json`: what the Trainer remembers of a run.
struct TrainerState {
  private var object: JSONObject

  /// Reads the record of a checkpoint.
  static func read(_ path: String) throws -> TrainerState {
    let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the record")
    return try TrainerState(bytes)
  }

  init(_ bytes: [UInt8]) throws {
    guard case .object(let object) = try JSONReader.value(of: bytes) else {
      throw StateError(.malformed, "the record is no object", offset: 0)
    }
    self.object = object
  }

  /// A record with no more in it than a run needs to go on.
  init(step: Int64, totalSteps: Int64?) {
    // The Trainer looks for its own control among the callbacks when it saves again.
    let switches = [
      "should_epoch_stop", "should_evaluate", "should_log", "should_save", "should_training_stop",
    ]
    var arguments = JSONObject()
    for name in switches { arguments[name] = .bool(false) }
    let control: JSONObject = ["args": .object(arguments), "attributes": .object(JSONObject())]
    object = [
      "best_global_step": .null, "best_metric": .null, "best_model_checkpoint": .null,
      "epoch": .double(0), "eval_steps": .int(500), "global_step": .int(step),
      "is_hyper_param_search": .bool(false), "is_local_process_zero": .bool(true),
      "is_world_process_zero": .bool(true), "log_history": .array([]), "logging_steps": .int(500),
      "max_steps": .int(totalSteps ?? step), "num_input_tokens_seen": .int(0),
      "num_train_epochs": .int(1), "save_steps": .int(500),
      "stateful_callbacks": .object(["TrainerControl": .object(control)]), "total_flos": .double(0),
      "train_batch_size": .int(1), "trial_name": .null, "trial_params": .null,
    ]
  }

  /// Updates applied, `nil` where the record does not say.
  func globalStep() throws -> Int64? { try count("global_step") }

  /// Updates of the whole run, `nil` where the record does not say.
  func maxSteps() throws -> Int64? { try count("max_steps") }

  /// Replaces the number of updates applied.
  mutating func setGlobalStep(_ step: Int64?) { object["global_step"] = JSONValue(step) }

  private func count(_ name: String) throws -> Int64? {
    switch object[name] {
    case nil, .null?: return nil
    case .int(let count)?: return count
    case let other?:
      throw StateError(
        .malformed,
        "'\(name)' of the record is no 64-bit integer",
        found: String(other.text.prefix(40))
      )
    }
  }

  var bytes: [UInt8] { Array((JSONValue.object(object).text + "\n").utf8) }
}
