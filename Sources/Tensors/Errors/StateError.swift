/// What went wrong with a training state, where, and what to do about it.
///
/// A decoding error names the file, the tensor and the absolute byte offset as far as they are
/// known; it never quotes tensor values.
public struct StateError: Error, Sendable {
  /// The family of the error, which decides how a program ends.
  public var code: Code

  /// What happened, one sentence without a full stop.
  public var message: String

  /// Path of the file concerned.
  public var file: String?

  /// Name of the tensor concerned.
  public var tensor: String?

  /// Absolute byte offset in the file.
  public var offset: Int?

  /// What should have been there.
  public var expected: String?

  /// What was there.
  public var found: String?

  /// What the reader of the message can do.
  public var remedy: String?

  /// Describes an error.
  ///
  /// - Parameters:
  ///   - code: Its family.
  ///   - message: What happened, one sentence without a full stop.
  ///   - file: Path of the file concerned.
  ///   - tensor: Name of the tensor concerned.
  ///   - offset: Absolute byte offset in the file.
  ///   - expected: What should have been there.
  ///   - found: What was there.
  ///   - remedy: What the reader of the message can do.
  public init(
    _ code: Code,
    _ message: String,
    file: String? = nil,
    tensor: String? = nil,
    offset: Int? = nil,
    expected: String? = nil,
    found: String? = nil,
    remedy: String? = nil
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.tensor = tensor
    self.offset = offset
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }

  /// The same error with the context filled in that its thrower did not know.
  ///
  /// - Parameters:
  ///   - file: Path of the file concerned.
  ///   - tensor: Name of the tensor concerned.
  /// - Returns: The completed error.
  public func inContext(file: String? = nil, tensor: String? = nil) -> StateError {
    var copy = self
    copy.file = copy.file ?? file
    copy.tensor = copy.tensor ?? tensor
    return copy
  }
}

extension StateError: CustomStringConvertible {
  /// One line: file, tensor, offset, what happened, expected against found, the remedy.
  public var description: String {
    let (file, tensor) = (self.file.map(Self.shortened), self.tensor.map(Self.shortened))
    let (expected, found) = (self.expected.map(Self.shortened), self.found.map(Self.shortened))
    var text = file.map { "\($0): " } ?? ""
    if let tensor { text += "tensor '\(tensor)': " }
    if let offset { text += "byte \(offset): " }
    text += Self.shortened(message)
    switch (expected, found) {
    case (let expected?, let found?): text += " (expected \(expected), found \(found))"
    case (let expected?, nil): text += " (expected \(expected))"
    case (nil, let found?): text += " (found \(found))"
    case (nil, nil): break
    }
    if let remedy { text += "; \(Self.shortened(remedy))" }
    return text.visible
  }

  /// The longest part of a message, in bytes.
  private static let longestPart = 2_048

  private static func shortened(_ text: String) -> String { text.shortened(to: longestPart) }
}
