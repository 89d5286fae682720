/// The names that a training state may refer to, and what may be done with each.
///
/// None of them is ever imported or called. A name that is not here is refused where it stands.
enum PickleGlobals {
  /// What a pickle may do with a name.
  enum Use {
    /// Mention it.
    case constant
    /// Call it with arguments.
    case callable
    /// Call it and give the result a state.
    case stateful
  }

  /// What may be done with a name, `nil` where it is refused.
  static func use(_ module: String, _ name: String) -> Use? {
    switch module {
    case "collections":
      switch name {
      case "OrderedDict": .stateful
      case "defaultdict", "Counter": .callable
      default: nil
      }
    case "torch._utils":
      ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"]
        .contains(name) ? .callable : nil
    case "torch", "torch.cuda":
      if name == "Size" || name == "device" {
        module == "torch" ? .callable : nil
      } else {
        isStorageOrType(name) ? .constant : nil
      }
    case "torch.storage": ["UntypedStorage", "TypedStorage"].contains(name) ? .constant : nil
    case "_codecs": name == "encode" ? .callable : nil
    case "__builtin__", "builtins":
      switch name {
      case "set", "frozenset", "complex", "slice", "bytearray": .callable
      case "int", "float", "bool", "str", "list", "dict", "tuple", "bytes": .constant
      default: nil
      }
    case "numpy.core.multiarray", "numpy._core.multiarray":
      switch name {
      case "scalar": .callable
      case "_reconstruct": .stateful
      default: nil
      }
    case "numpy":
      switch name {
      case "dtype": .stateful
      case "ndarray": .constant
      default: nil
      }
    default: nil
    }
  }

  private static func isStorageOrType(_ name: String) -> Bool {
    StorageType(className: name) != nil || TorchType.elementType(named: name) != nil
  }
}
