/// The names that a pickle may refer to, and what may be done with each.
///
/// None of them is ever imported or called. A format hands in the names that it needs; any other is refused where it
/// stands.
package struct PickleGlobals: Sendable {
  /// What a pickle may do with a name.
  package enum Use: Sendable {
    /// Mention it.
    case constant
    /// Call it with arguments.
    case callable
    /// Call it and give the result a state.
    case stateful
    /// Make one of it without calling it, and give that a state.
    case object
  }

  private let uses: [String: [String: Use]]

  /// What may be done with names that are not listed, `nil` where they are refused.
  private let others: Use?

  /// A list of names by their modules.
  package init(_ uses: [String: [String: Use]], others: Use? = nil) {
    self.uses = uses
    self.others = others
  }

  /// Whether objects of classes that are not listed are data too.
  package var allowsObjects: Bool { others != nil }

  /// What may be done with a name, `nil` where it is refused.
  package func use(_ module: String, _ name: String) -> Use? { uses[module]?[name] ?? others }

  /// Any name, all of it as data: for records that another program's classes made and of which a few values are of
  /// interest.
  package static let any = PickleGlobals([:], others: .stateful)

  /// What tensors and plain containers of `torch.save` need.
  package static let torch: PickleGlobals = {
    var uses: [String: [String: Use]] = [
      "collections": ["OrderedDict": .stateful, "defaultdict": .callable, "Counter": .callable],
      "torch._utils": [
        "_rebuild_tensor": .callable, "_rebuild_tensor_v2": .callable,
        "_rebuild_tensor_v3": .callable, "_rebuild_parameter": .callable,
      ],
      "torch.storage": ["UntypedStorage": .constant, "TypedStorage": .constant],
      "_codecs": ["encode": .callable],
      "numpy": ["dtype": .stateful, "ndarray": .constant],
    ]
    for module in ["torch", "torch.cuda"] {
      uses[module] = Dictionary(
        uniqueKeysWithValues: (StorageType.classNames + TorchType.allNames).map { ($0, .constant) }
      )
    }
    for name in ["Size", "device"] { uses["torch"]?[name] = .callable }
    let plain: [(Use, [String])] = [
      (.callable, ["set", "frozenset", "complex", "slice", "bytearray"]),
      (.constant, ["int", "float", "bool", "str", "list", "dict", "tuple", "bytes"]),
    ]
    for module in ["__builtin__", "builtins"] {
      for (use, names) in plain { for name in names { uses[module, default: [:]][name] = use } }
    }
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
      uses[module] = ["scalar": .callable, "_reconstruct": .stateful]
    }
    return PickleGlobals(uses)
  }()
}
