public import Tensors

/// A tensor as a safetensors file has it.
public struct SafetensorsTensor: Sendable {
  /// Its name.
  public let name: String

  /// Type of the elements.
  public let type: SafetensorsType

  /// Elements along each axis, row-major.
  public let shape: Shape

  /// The elements as the hub keeps them.
  ///
  /// Four-bit ones take a byte each. Six-bit ones, which the hub has no type for, are a vector of the
  /// `uint8` that hold them.
  public let tensor: Tensor

  /// The bytes in the file.
  let stored: Tensor

  /// A tensor to be written.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - tensor: The elements.
  /// - Throws: `StateError` with code `unsupported` when safetensors has no such type, when an odd
  ///   number of four-bit elements does not fill whole bytes, or when the name is the format's own.
  public init(_ name: String, _ tensor: Tensor) throws {
    guard let type = SafetensorsType(tensor.elementType) else {
      throw StateError(
        .unsupported,
        "safetensors has no element type \(tensor.elementType.rawValue)",
        tensor: name
      )
    }
    let stored = type == .f4 ? try tensor.packingNibbles() : tensor
    try self.init(name, type, tensor.shape, tensor: tensor, stored: stored)
  }

  /// A tensor of bytes in a file's own packing.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - type: Type of the elements.
  ///   - shape: Elements along each axis.
  ///   - stored: The bytes, as many as type and shape ask for.
  /// - Throws: `StateError` with code `malformed` when bytes and shape disagree.
  public init(_ name: String, _ type: SafetensorsType, _ shape: Shape, stored: Tensor) throws {
    let expected = try Self.byteCount(of: type, shape)
    guard stored.byteCount == expected else {
      throw StateError(
        .malformed,
        "the tensor's bytes do not fit \(type.rawValue)\(shape)",
        tensor: name,
        expected: "\(expected) bytes",
        found: "\(stored.byteCount)"
      )
    }
    let tensor: Tensor
    switch type.elementType {
    case .float4E2M1FN?: tensor = try stored.unpackingNibbles(as: .float4E2M1FN, shape)
    case let elementType?: tensor = try Tensor(elementType, shape, source: stored.source)
    case nil: tensor = stored
    }
    try self.init(name, type, shape, tensor: tensor, stored: stored)
  }

  private init(
    _ name: String,
    _ type: SafetensorsType,
    _ shape: Shape,
    tensor: Tensor,
    stored: Tensor
  ) throws {
    guard name != SafetensorsFile.metadataName else {
      throw StateError(.unsupported, "the name belongs to the format itself", tensor: name)
    }
    self.name = name
    self.type = type
    self.shape = shape
    self.tensor = tensor
    self.stored = stored
  }

  /// Bytes of a tensor.
  ///
  /// - Parameters:
  ///   - type: Type of the elements.
  ///   - shape: Elements along each axis.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `malformed` when they overflow or are no whole number.
  static func byteCount(of type: SafetensorsType, _ shape: Shape) throws -> Int {
    let (bits, overflow) = shape.elementCount.multipliedReportingOverflow(by: type.bits)
    // The reference counts in bits of 64 unsigned; what overflows 63 here fits no machine.
    guard !overflow else {
      throw StateError(.malformed, "shape \(shape) of \(type.rawValue) overflows")
    }
    guard bits % 8 == 0 else {
      throw StateError(.malformed, "\(type.rawValue)\(shape) fills no whole bytes")
    }
    return bits / 8
  }
}
