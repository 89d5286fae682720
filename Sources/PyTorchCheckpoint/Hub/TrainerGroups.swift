/// How Hugging Face's Trainer tells parameters that decay from those that do not.
///
/// Source: `transformers/trainer.py`, `get_decay_parameter_names`.
package enum TrainerGroups {
  /// Whether a parameter is spared weight decay: a bias, or part of a normalization.
  package static func isSpared(_ name: String) -> Bool {
    let lowered = name.lowercased()
    if ["bias", "layernorm", "rmsnorm"].contains(where: lowered.contains) { return true }
    // Layers of the normalizing class go by their class; these are what they are called.
    return lowered.split(separator: ".").contains {
      $0 == "norm" || $0.hasSuffix("_norm") || $0.hasPrefix("ln_")
    }
  }

  /// Whether a parameter is a bias by its name.
  package static func isBias(_ name: String) -> Bool { name.contains("bias") }

  /// Buffers that modules keep among their parameters: they are saved and not trained.
  package static func isBuffer(_ name: String) -> Bool {
    let last = name.split(separator: ".").last.map(String.init) ?? name
    return [
      "running_mean", "running_var", "num_batches_tracked", "position_ids", "token_type_ids",
      "inv_freq", "masked_bias",
    ].contains(last)
  }
}
