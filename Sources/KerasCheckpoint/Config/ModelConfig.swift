internal import ByteIO
internal import Tensors

/// What a model's configuration says about its layers.
struct ModelConfig {
  /// A layer, by name and class.
  struct Layer {
    let name: String
    let className: String
    let values: JSONTree
    /// The layers inside, where it is a model itself.
    let inner: [Layer]

    /// Whether training changes it.
    var isTrainable: Bool { values["trainable"]?.flag ?? true }
  }

  /// The layers in the model's order; none where the class lists none.
  let layers: [Layer]

  /// Reads the configuration of a legacy file or an archive.
  init(_ root: JSONTree) {
    layers = Self.layers(of: root["config"] ?? .null, depth: 0)
  }

  private static func layers(of config: JSONTree, depth: Int) -> [Layer] {
    // Old Sequential models have the list itself for a configuration.
    let list = config["layers"]?.elements ?? (depth == 0 ? config.elements : nil) ?? []
    return list.compactMap { layer in
      guard let className = layer["class_name"]?.text else { return nil }
      let values = layer["config"] ?? .null
      return Layer(
        name: values["name"]?.text ?? layer["name"]?.text ?? "",
        className: className.split(separator: ">").last.map(String.init) ?? className,
        values: values,
        inner: layers(of: values, depth: depth + 1)
      )
    }
  }

  /// Names of the layers that are frozen, those inside others included.
  var frozen: Set<ExactName> {
    var names: Set<ExactName> = []
    func visit(_ layers: [Layer], _ isFrozen: Bool) {
      for layer in layers {
        let isFrozen = isFrozen || !layer.isTrainable
        if isFrozen { names.insert(ExactName(layer.name)) }
        visit(layer.inner, isFrozen)
      }
    }
    visit(layers, false)
    return names
  }

  /// Whether variables stand in the order of the layers that the configuration lists.
  ///
  /// A layer that has objects inside, of which it says nothing, may hold them in any order.
  ///
  /// - Parameter names: The variables' names.
  /// - Returns: Whether they are known to.
  func orders(_ names: [String]) -> Bool {
    var last: [Int] = []
    var inner: [[Int]: String] = [:]
    for name in names {
      let parts = KerasNames.components(name).dropLast()
      var list = layers
      var path: [Int] = []
      for part in parts {
        guard let place = list.firstIndex(where: { ExactName($0.name) == ExactName(part) }) else {
          break
        }
        path.append(place)
        list = list[place].inner
      }
      let rest = parts.dropFirst(path.count).joined(separator: "/")
      guard !path.isEmpty, !path.lexicographicallyPrecedes(last), inner[path] ?? rest == rest else {
        return false
      }
      inner[path] = rest
      last = path
    }
    return true
  }
}
