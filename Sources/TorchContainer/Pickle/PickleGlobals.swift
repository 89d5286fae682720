/// The names that a pickle may refer to, and what may be done with each.
///
/// None of them is ever imported, looked up or called. A format hands in the names that it knows; whether objects of
/// others are carried as data is its choice too.
package struct PickleGlobals: Sendable {
  /// What a pickle may do with a name.
  package enum Use: Sendable {
    /// Mention it.
    case constant
    /// Call it with arguments.
    case callable
    /// Call it and give the result a state.
    case stateful
    /// Make of it whatever a pickle can: it is a record of another program, and nobody reads it.
    case foreign
  }

  /// Which names beside the listed ones are accepted.
  package enum Others: Sendable {
    /// None.
    case refused
    /// Those that are no way to run something.
    case harmless
    /// Any: for records of which a few values are of interest, and that are written nowhere.
    case all
  }

  private let uses: [String: [String: Use]]
  private let others: Others

  /// A list of names by their modules.
  package init(_ uses: [String: [String: Use]], others: Others = .refused) {
    self.uses = uses
    self.others = others
  }

  /// What may be done with a name, `nil` where it is refused.
  package func use(_ module: String, _ name: String) -> Use? {
    if let known = uses[module]?[name] { return known }
    switch others {
    case .refused: return nil
    case .harmless: return Self.runs(module) ? nil : .foreign
    case .all: return .foreign
    }
  }

  /// Whether a module has what a forged file calls to run something.
  ///
  /// Nothing is run here, whatever the name; but what is carried along is handed on, and whoever loads that file
  /// with Python's own loader runs it. A whole `torch.nn` module is refused as well: it is code, and no state.
  private static func runs(_ module: String) -> Bool {
    let parts = module.split(separator: ".", omittingEmptySubsequences: false)
    guard let root = parts.first.map(String.init) else { return true }
    if root == "torch" {
      return parts.count == 1 || ["hub", "jit", "nn", "serialization", "utils"].contains(parts[1])
    }
    return runners.contains(root)
  }

  private static let runners: Set<String> = [
    "__builtin__", "_io", "_operator", "_pickle", "_posixsubprocess", "_thread", "asyncio", "bdb",
    "builtins", "cPickle", "cProfile", "cloudpickle", "code", "codeop", "commands", "ctypes",
    "dill", "distutils", "doctest", "ftplib", "http", "httplib", "idlelib", "imp", "importlib",
    "inspect", "io", "joblib", "marshal", "multiprocessing", "nt", "ntpath", "operator", "os",
    "pdb", "pickle", "pip", "pkgutil", "platform", "popen2", "posix", "posixpath", "profile",
    "pty", "pydoc", "requests", "runpy", "setuptools", "shutil", "signal", "site", "smtplib",
    "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "timeit", "trace", "types",
    "urllib", "urllib2", "webbrowser", "xmlrpc",
  ]

  /// Any name, all of it as data.
  package static let any = PickleGlobals([:], others: .all)

  /// What tensors and plain containers of `torch.save` need, and what users put beside them.
  package static let torch: PickleGlobals = {
    var uses: [String: [String: Use]] = [
      "collections": ["OrderedDict": .stateful, "defaultdict": .callable, "Counter": .callable],
      "torch._utils": [
        "_rebuild_tensor": .callable, "_rebuild_tensor_v2": .callable,
        "_rebuild_tensor_v3": .callable, "_rebuild_parameter": .callable,
        "_rebuild_qtensor": .callable,
      ],
      // Of sparse tensors the parts are tensors; what they are parts of is carried along.
      "torch.serialization": ["_get_layout": .callable],
      "torch.storage": ["UntypedStorage": .constant, "TypedStorage": .constant],
      "_codecs": ["encode": .callable],
      "numpy": ["dtype": .stateful, "ndarray": .constant],
      "types": ["SimpleNamespace": .stateful],
    ]
    for module in ["torch", "torch.cuda"] {
      uses[module] = Dictionary(
        uniqueKeysWithValues: (StorageType.classNames + TorchType.allNames).map { ($0, .constant) }
      )
    }
    for name in ["Size", "device"] { uses["torch"]?[name] = .callable }
    for name in TorchType.quantized + ["Tensor"] { uses["torch"]?[name] = .constant }
    let plain: [(Use, [String])] = [
      (.callable, ["set", "frozenset", "complex", "slice", "bytearray", "bytes", "range"]),
      (
        .constant,
        ["int", "float", "bool", "str", "list", "dict", "tuple", "object", "unicode"]
      ),
    ]
    for module in ["__builtin__", "builtins"] {
      for (use, names) in plain { for name in names { uses[module, default: [:]][name] = use } }
    }
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
      uses[module] = ["scalar": .callable, "_reconstruct": .stateful]
    }
    return PickleGlobals(uses, others: .harmless)
  }()
}
