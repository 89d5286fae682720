extension StateError {
  /// The family of an error; new ones may be added.
  public struct Code: Sendable, Hashable {
    private enum Kind: String {
      case malformed, truncated, checksumMismatch, unsupported, limitExceeded
      case invalidArgument, notFound, exists, cannotCreate, inputOutput
    }

    private let kind: Kind

    /// The bytes contradict the format's rules.
    public static let malformed = Code(kind: .malformed)
    /// The file ends before what it promises.
    public static let truncated = Code(kind: .truncated)
    /// A stored sum does not match the bytes.
    public static let checksumMismatch = Code(kind: .checksumMismatch)
    /// Valid, but nothing that this library handles.
    public static let unsupported = Code(kind: .unsupported)
    /// Beyond one of ``Limits``.
    public static let limitExceeded = Code(kind: .limitExceeded)
    /// The caller asked for something that makes no sense.
    public static let invalidArgument = Code(kind: .invalidArgument)
    /// The named input does not exist.
    public static let notFound = Code(kind: .notFound)
    /// The target exists and may not be replaced.
    public static let exists = Code(kind: .exists)
    /// The output cannot be made.
    public static let cannotCreate = Code(kind: .cannotCreate)
    /// The operating system refused to read or write.
    public static let inputOutput = Code(kind: .inputOutput)

    /// Whether the data is to blame, rather than the caller or the machine.
    public var concernsData: Bool {
      switch kind {
      case .malformed, .truncated, .checksumMismatch, .unsupported, .limitExceeded: true
      default: false
      }
    }
  }
}

extension StateError.Code: CustomStringConvertible {
  /// The code's name.
  public var description: String { kind.rawValue }
}
