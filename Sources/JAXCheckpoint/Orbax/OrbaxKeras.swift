internal import ByteIO
internal import KerasCheckpoint
internal import Tensors
internal import TrainingState

/// What Keras' callback `OrbaxCheckpoint` saves: its variables by their paths, and the model's configuration.
struct OrbaxKeras {
  private static let variables = ["trainable_variables", "non_trainable_variables"]

  private let root: TreeNode
  private let configuration: JSONTree?

  /// Looks at the items of a checkpoint; `nil` where they are not Keras'.
  ///
  /// - Parameter trees: The items.
  /// - Throws: `StateError` with code `malformed` when the configuration cannot be read.
  init?(_ trees: [(item: OrbaxFolder.Item, tree: OrbaxTree)]) throws {
    let found = trees.first { _, tree in
      tree.root["trainable_variables"] != nil && tree.root["non_trainable_variables"] != nil
    }
    guard let found else { return nil }
    root = found.tree.root
    configuration = try trees.lazy.compactMap { item, _ in try Self.configuration(item.path) }.first
  }

  /// The configuration among the texts of an item.
  private static func configuration(_ folder: String) throws -> JSONTree? {
    let path = FileSystem.path(folder, "_strings.json")
    guard FileSystem.kind(of: path) == .file else { return nil }
    do {
      let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the texts")
      guard let text = try JSONTree.parse(bytes, "_strings.json")["config"]?.text else {
        return nil
      }
      return try JSONTree.parse(Array(text.utf8), "the model's configuration")
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// The state.
  func state(_ options: ReadOptions) throws -> TrainingState {
    var variables: [KerasVariables.Weight] = []
    var others: [KerasVariables.Tensor] = []
    for branch in root.children {
      let isVariables = Self.variables.contains(branch.key)
      branch.forEachLeaf { keys, leaf in
        guard case .array(let tensor) = leaf.content else { return }
        let name = (isVariables ? keys : [branch.key] + keys).joined(separator: "/")
        let member = KerasVariables.Tensor(name: name, place: leaf.path.text, tensor: tensor)
        if isVariables {
          let isTrainable = branch.key == Self.variables[0]
          variables.append(KerasVariables.Weight(member, isTrainable: isTrainable))
        } else {
          others.append(member)
        }
      }
    }
    return try KerasVariables(
      variables: variables,
      optimizer: others.filter { $0.name.hasPrefix("optimizer_variables/") },
      others: others.filter { !$0.name.hasPrefix("optimizer_variables/") },
      configuration: configuration
    ).state(origin: Origin(StateFormat.orbax.name, .keras), options: options)
  }
}
