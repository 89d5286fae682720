/// The names of the native layout, and the escapes that keep foreign names out of their way.
enum StoreNames {
  static let format = "optstate"
  static let version: Int64 = 1

  static let value = "@value"
  static let optimizer = "@optimizer"
  static let optimizers = "@optimizers"
  static let schedule = "@schedule"
  static let extras = "@extras"
  static let source = "@source"
  static let groups = "groups"

  /// Optimizer and schedule of one among several, below its group in ``optimizers``.
  static let ownOptimizer = "optimizer"
  static let ownSchedule = "schedule"

  /// A slot whose plain name is taken by a group: some variable's name continues the slot's path.
  static let slotPrefix = "@slot."

  /// Before the link of a slot in eight bits: its scales, and the map of its codes.
  static let scalesPrefix = "@scales."
  static let mapPrefix = "@map."

  /// The attributes that the layout itself gives a dataset or a group.
  enum Attribute {
    static let format = "format"
    static let version = "format_version"
    static let createdBy = "created_by"
    static let naming = "naming"
    static let sourceFormat = "source_format"
    static let sourceFramework = "source_framework"
    static let index = "index"
    static let step = "step"
    static let role = "role"
    static let checksum = "crc32c"
    static let sourceName = "source_name"
    static let type = "dtype"
    static let shape = "shape"
    static let name = "name"
    static let kind = "kind"
    static let members = "members"
    static let since = "since"
    static let folded = "folded"
    static let block = "block"

    /// Those of a dataset; every other one is the source format's own.
    static let ofDataset: Set = [
      checksum, index, sourceName, type, shape, role, name, since, folded, block,
    ]
  }

  /// The value of ``Attribute/role`` for a tensor of the optimizer as a whole.
  static let optimizerRole = "optimizer"

  /// The value of ``Attribute/role`` for the global step.
  static let stepRole = "step"

  /// Where the global step is, with or without a role.
  static let globalStep = "global_step"

  /// Where the global step is in a state that has a variable of its name.
  static let stepBesideVariable = "@global_step"

  /// The components under which HDF5 files a name.
  ///
  /// HDF5 drops empty components and takes `.` for the group itself; `@` is the layout's own.
  static func components(of name: String) -> [String] {
    // By scalars: a slash or an @ before a combining mark is another character, but the same byte.
    name.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { part in
      let component = String(part)
      return needsMark(component) ? "@" + component : component
    }
  }

  /// Whether a component cannot be a link as it is.
  static func needsMark(_ component: String) -> Bool {
    component.isEmpty || component == "." || isReserved(component)
  }

  /// Whether a component begins with the layout's own mark.
  static func isReserved(_ component: String) -> Bool {
    component.unicodeScalars.first == "@"
  }

  /// The slot that a component in a variable's group stands for.
  static func slot(of component: String) -> String {
    component.utf8.starts(with: slotPrefix.utf8)
      ? String(component.unicodeScalars.dropFirst(slotPrefix.unicodeScalars.count)) : component
  }

  /// The link of the slot in eight bits that a component is a part of, `nil` where it is none.
  static func quantizedSlot(of component: String) -> String? {
    for prefix in [scalesPrefix, mapPrefix] where component.utf8.starts(with: prefix.utf8) {
      return String(component.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
    }
    return nil
  }

  /// The name that components stand for.
  static func name(of components: some Sequence<String>) -> String {
    components.map { isReserved($0) ? String($0.unicodeScalars.dropFirst()) : $0 }
      .joined(separator: "/")
  }
}
