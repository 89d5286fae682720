/// A value and where it comes from.
public struct Resolved<Value: Sendable>: Sendable {
  /// The value.
  public let value: Value

  /// Where it comes from.
  public let provenance: Provenance

  init(_ value: Value, _ provenance: Provenance) {
    self.value = value
    self.provenance = provenance
  }
}
