/// Where a value of an optimizer comes from.
public enum Provenance: String, Sendable, Hashable {
  /// The file says it.
  case said
  /// Tensors of the file prove it.
  case proved
  /// The user says it.
  case told
  /// It is the default of the rule that the file names, in the framework that the file is from.
  case standard
  /// Nobody says it; it is what is usual.
  case assumed

  /// Whether advice that destroys may rest on it.
  public var isCertain: Bool {
    switch self {
    case .said, .proved, .told: true
    case .standard, .assumed: false
    }
  }
}
