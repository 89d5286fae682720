internal import Tensors

/// What wrappers around a model put in front of the names of all its parameters.
public enum WrapperPrefix {
  /// What stands there, and who puts it there.
  private static let words = [
    (prefix: "module.", wrapper: "DistributedDataParallel"),
    (prefix: "_orig_mod.", wrapper: "torch.compile"),
    (prefix: "_fsdp_wrapped_module.", wrapper: "FullyShardedDataParallel"),
  ]

  /// The prefix that all names have in common, that of several wrappers around one another included.
  ///
  /// - Parameter names: The names of a model's parameters.
  /// - Returns: The prefix, empty where there is none.
  public static func common(_ names: some Sequence<String>) -> String {
    var prefix: String?
    for name in names {
      guard let known = prefix else {
        prefix = own(name)
        if prefix?.isEmpty != false { return "" }
        continue
      }
      // What is not in front of every name belongs to the model.
      var shared = known
      while !name.utf8.starts(with: shared.utf8) {
        guard let last = words.first(where: { shared.hasSuffix($0.prefix) }) else { return "" }
        shared.removeLast(last.prefix.count)
      }
      if shared.isEmpty { return "" }
      prefix = shared
    }
    return prefix ?? ""
  }

  /// Who puts a prefix there, from the outside in.
  ///
  /// - Parameter prefix: What ``common(_:)`` returned.
  /// - Returns: The names of the wrappers.
  public static func wrappers(_ prefix: String) -> [String] {
    var rest = prefix[...]
    var wrappers: [String] = []
    while let word = words.first(where: { rest.hasPrefix($0.prefix) }) {
      wrappers.append(word.wrapper)
      rest = rest.dropFirst(word.prefix.count)
    }
    return wrappers
  }

  private static func own(_ name: String) -> String {
    var prefix = ""
    while let word = words.first(where: { name.dropFirst(prefix.count).hasPrefix($0.prefix) }) {
      prefix += word.prefix
    }
    // A name has to be left.
    return prefix.count < name.count ? prefix : ""
  }
}
