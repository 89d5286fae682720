/// A way of naming slots, and of ordering them in a list, that several files share.
public enum Dialect: String, Sendable, Hashable, CaseIterable {
  /// google-research/bert's `optimization.py`: a suffix behind the variable's name.
  case bert
  /// `tf.compat.v1.train`: the optimizer's name as a suffix, numbered from the second slot on.
  case tensorFlow = "tensorflow"
  /// Mesh TensorFlow, with which T5 was trained: a word behind the variable's name, without a slash.
  case meshTensorFlow = "mesh_tensorflow"
  /// `tf.compat.v1.train` in an object graph: the optimizers' own names of their slots.
  case tensorFlowObjects = "tensorflow_objects"
  /// The keys of `torch.optim`'s state.
  case torch
  /// The keys of the state of transformers' own optimizers.
  case transformers
  /// The keys of bitsandbytes' state, which are one optimizer's as well as another's.
  case bitsandbytes
  /// The keys of the state of apex' optimizers.
  case apex
  /// The keys of the state of timm's own optimizers.
  case timm
  /// The keys of the state of pytorch_optimizer's.
  case pytorchOptimizer = "pytorch_optimizer"
  /// The keys of the state of prodigyopt's Prodigy.
  case prodigyopt
  /// The keys of MLX' optimizer state, one letter each.
  case mlx
  /// Keras up to 2.3, which had several backends.
  case kerasMultiBackend = "keras_multi_backend"
  /// `OptimizerV2`: tf.keras up to TensorFlow 2.10, `tf_keras.optimizers.legacy` later.
  case tfKerasLegacy = "tf_keras_legacy"
  /// `tf_keras.optimizers`: tf.keras from TensorFlow 2.11 on.
  case tfKeras = "tf_keras"
  /// Keras 3.
  case keras3
  /// bert4keras, whose optimizers are subclasses of `OptimizerV2`.
  case bert4keras
  /// The fields of optax' states, such as `ScaleByAdamState`.
  case optax

  /// The dialects that files of torch's can be in.
  public static let torchFamily: [Dialect] =
    [.torch, .transformers, .apex, .bitsandbytes] + libraries

  /// Libraries of optimizers for torch, whose arithmetic and settings are their own; a record names its library.
  public static let libraries: [Dialect] = [.timm, .pytorchOptimizer, .prodigyopt]
}
