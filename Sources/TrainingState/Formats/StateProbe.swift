public import ByteIO
internal import Tensors

/// A path that may hold a state, looked at by one format after the other: what is opened once stays open.
public final class StateProbe {
  /// A file, a directory or a prefix.
  public let path: String

  /// What stands there, `nil` when nothing does.
  public let kind: FileSystem.Kind?

  private var opened: PositionalFile?
  private var findings: [ObjectIdentifier: Any] = [:]

  /// What was found, so that nothing found is told from not looked for.
  private struct Found<Finding> {
    let finding: Finding
  }

  /// Looks at a path.
  ///
  /// - Parameter path: A file, a directory or a prefix.
  public init(_ path: String) {
    self.path = path
    kind = FileSystem.kind(of: path)
  }

  /// The file, `nil` where the path is none.
  ///
  /// - Returns: The open file, the same for all who ask.
  /// - Throws: `StateError` when it cannot be opened.
  public func file() throws -> PositionalFile? {
    guard kind == .file else { return nil }
    if let opened { return opened }
    let file = try PositionalFile.open(path)
    opened = file
    return file
  }

  /// Whether the path is a file that begins with some bytes.
  ///
  /// - Parameter signature: The bytes.
  /// - Returns: Whether it does.
  /// - Throws: `StateError` when it cannot be read.
  public func begins(with signature: [UInt8]) throws -> Bool {
    guard let file = try file(), try file.size() >= signature.count else { return false }
    return try file.bytes(at: 0, count: signature.count) == signature
  }

  /// What one format found out, for the next one that asks.
  ///
  /// - Parameter find: Finds it out, the first time.
  /// - Returns: What was found.
  /// - Throws: What `find` throws.
  public func finding<Finding>(_ find: () throws -> Finding) rethrows -> Finding {
    let key = ObjectIdentifier(Finding.self)
    if let known = findings[key] as? Found<Finding> { return known.finding }
    let finding = try find()
    findings[key] = Found(finding: finding)
    return finding
  }
}
