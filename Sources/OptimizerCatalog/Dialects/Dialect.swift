/// A way of naming slots that several files share.
public enum Dialect: String, Sendable, Hashable, CaseIterable {
  /// google-research/bert's `optimization.py`: a suffix behind the variable's name.
  case bert
  /// `tf.compat.v1.train`: the optimizer's name as a suffix, numbered from the second slot on.
  case tensorFlow = "tensorflow"
  /// The keys of `torch.optim`'s state.
  case torch
  /// The keys of the state of transformers' own optimizers.
  case transformers
  /// The keys of MLX' optimizer state, one letter each.
  case mlx
}
