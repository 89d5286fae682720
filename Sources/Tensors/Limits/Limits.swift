/// Bounds on what a file may ask for before any of it is believed.
///
/// Each is far above what real checkpoints need and far below what exhausts a machine. Whoever trusts a
/// file that needs more raises a bound for as long as the file is read:
///
/// ```swift
/// var limits = Limits()
/// try limits.set(.tensors, to: 50_000_000)
/// let state = try Limits.$current.withValue(limits) { try StateFormats.open(path).state }
/// ```
public struct Limits: Sendable, Hashable {
  /// The bounds that hold in this task.
  @TaskLocal public static var current = Limits()

  /// Axes of a tensor; HDF5 itself stops at 32, and so does NumPy.
  public static let rank = 32

  private var changed: [Name: Int] = [:]

  /// The bounds that hold where nobody has changed one.
  public init() {}

  /// A bound that holds in this task.
  public static subscript(name: Name) -> Int {
    let changed = current.changed
    return changed.isEmpty ? name.standard : changed[name] ?? name.standard
  }

  /// Changes a bound.
  ///
  /// - Parameters:
  ///   - name: Which one.
  ///   - value: The new bound.
  /// - Throws: ``StateError`` with code `invalidArgument` when it is below 1, or above what the code can bear.
  public mutating func set(_ name: Name, to value: Int) throws {
    guard (1...name.ceiling).contains(value) else {
      throw StateError(
        .invalidArgument,
        "the limit \(name.rawValue) cannot be \(value)",
        expected: "1 to \(name.ceiling)"
      )
    }
    changed[name] = value
  }

  /// The changed bounds as text, `name=value` separated by commas, as ``init(text:)`` reads it.
  package var text: String {
    changed.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: ",")
  }

  /// Bounds from a text, such as one that a process hands to its helper.
  ///
  /// - Parameter text: Any number of `name=value`, separated by commas.
  /// - Throws: ``StateError`` with code `invalidArgument`.
  public init(text: String) throws {
    for word in text.split(separator: ",") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let name = Name(rawValue: String(parts[0])), let value = Int(parts[1])
      else {
        throw StateError(
          .invalidArgument,
          "'\(word)' is no limit",
          expected:
            "one of \(Name.allCases.map(\.rawValue).joined(separator: ", ")), = and a number"
        )
      }
      try set(name, to: value)
    }
  }
}
