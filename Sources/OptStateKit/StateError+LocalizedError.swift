#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Tensors

extension StateError: LocalizedError {
  /// The error as one line, as `description`; `localizedDescription` is the same.
  public var errorDescription: String? { description }

  /// What happened, without file and place.
  public var failureReason: String? { message }

  /// What the reader of the message can do.
  public var recoverySuggestion: String? { remedy }
}
