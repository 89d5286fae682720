/// Names and attributes by which Keras' files, and states that came from them, speak.
enum KerasNames {
  static let modelWeights = "model_weights"
  static let optimizerWeights = "optimizer_weights"
  static let topLevel = "top_level_model_weights"
  static let layerNames = "layer_names"
  static let weightNames = "weight_names"
  static let modelConfig = "model_config"
  static let trainingConfig = "training_config"
  static let version = "keras_version"
  static let backend = "backend"

  static let config = "config.json"
  static let metadata = "metadata.json"
  static let weightsMember = "model.weights.h5"

  /// What the type of a counter is remembered under: the backends of JAX and PyTorch count in `int32`.
  static let counters = "keras"

  /// Of the group of an optimizer's variables in files of ours: the variables whose slots they are, in order.
  static let owners = "optstate_owners"

  /// Attributes that a state keeps for the way back.
  enum Attribute {
    /// Of the state: `model` or `weights`.
    static let layout = "keras.layout"
    /// Of the state: all layers of a legacy file, in order.
    static let layers = "keras.layer_names"
    static let version = "keras.version"
    static let backend = "keras.backend"
    /// Of the state: paths of `vars` groups, each followed by a tab and its `name`, if it has one.
    static let groups = "keras.groups"
    /// Of the state: that a loss-scaling optimizer wraps the one whose slots these are.
    static let lossScale = "keras.loss_scale"
    /// Of a variable: the group of the layer that it is in.
    static let layer = "keras.layer"
    /// Of a tensor of the optimizer: the group whose list it is in, where that is not the optimizer's.
    static let list = "keras.list"
    /// Of the state: the groups of the optimizers that were read, where that is not the one that a model is compiled with.
    static let optimizers = "keras.optimizers"
    /// Of the state: the groups of optimizers that have never run.
    static let idle = "keras.idle_optimizers"
    /// Of a tensor of one of several optimizers: that it counts its updates.
    static let counter = "keras.counter"
  }

  /// A weight's name without TensorFlow's output number.
  static func plain(_ name: String) -> String {
    guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) else { return name }
    let digits = name.utf8[name.utf8.index(after: colon)...]
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return name }
    return String(name[..<colon])
  }

  /// The components of a path, told apart by bytes.
  static func components(_ path: String) -> [String] {
    path.unicodeScalars.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
  }
}
