internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// The optimizer as a configuration of Keras describes it.
struct OptimizerConfig {
  /// The whole configuration.
  let root: JSONTree

  /// Where in it the optimizer's class and values stand.
  let path: [String]

  /// The class without the package that it was registered in.
  let className: String

  /// Whether loss scaling wraps the optimizer.
  var isWrapped: Bool { path.last == "inner_optimizer" }

  /// The optimizer of a legacy file's `training_config`, or the one that loss scaling wraps; `nil`
  /// where it has none.
  init?(training root: JSONTree) {
    self.init(root, below: ["optimizer_config"])
  }

  /// The optimizer of a `.keras` archive's `config.json`, or the one that loss scaling wraps; `nil`
  /// where the model was not compiled.
  init?(archive root: JSONTree) {
    self.init(root, below: ["compile_config", "optimizer"])
  }

  private init?(_ root: JSONTree, below outer: [String]) {
    if let config = OptimizerConfig(root, at: outer + ["config", "inner_optimizer"]) {
      self = config
    } else if let config = OptimizerConfig(root, at: outer) {
      self = config
    } else {
      return nil
    }
  }

  /// The optimizer at a place of a configuration, `nil` where none is.
  init?(_ root: JSONTree, at path: [String]) {
    guard let name = root.at(path)?["class_name"]?.text, root.at(path)?["config"]?.members != nil
    else { return nil }
    self.root = root
    self.path = path
    className = name.split(separator: ">").last.map(String.init) ?? name
  }

  /// The optimizer's values.
  var values: JSONTree { root.at(path + ["config"]) ?? .null }

  /// A truth value of the optimizer; absent is false.
  func flag(_ name: String) -> Bool { values[name]?.flag ?? false }

  /// Whether the rate comes from a schedule object, which leaves no variable for it.
  var hasScheduleObject: Bool {
    if case .object = values["learning_rate"] { true } else { false }
  }

  // MARK: Kind

  /// The optimizer's entry, by the class or by the values that only one has; `nil` where neither tells.
  var known: OptimizerDescription? {
    OptimizerCatalog.description(
      ofKerasClass: className,
      with: Set((values.members ?? []).map(\.name))
    )
  }

  /// The hub's word for the rule.
  ///
  /// A class that Keras does not have is its author's own, though an entry of another framework's goes by its name.
  var kind: String {
    if let known { return known.kind }
    let name = className.lowercased()
    return OptimizerCatalog.description(of: name) == nil ? name : "own_" + name
  }

  /// Whether bert4keras' own Adam is behind the class.
  var isBERT4Keras: Bool { values["bias_correction"] != nil }
}
