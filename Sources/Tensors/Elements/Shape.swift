/// The extent of a tensor along each of its axes, in row-major order.
///
/// A shape cannot exist unless the product of its dimensions fits an `Int`, so that code behind it
/// multiplies without fear. Rank 0 is a scalar.
public struct Shape: Sendable, Hashable {
  /// Elements along each axis, none negative.
  public let dimensions: [Int]

  /// Product of the dimensions; 1 for a scalar.
  public let elementCount: Int

  /// The shape of a scalar.
  public static let scalar = Shape(vector: nil)

  private init(vector count: Int?) {
    dimensions = count.map { [$0] } ?? []
    elementCount = count ?? 1
  }

  /// Checks and keeps the dimensions of a tensor.
  ///
  /// - Parameter dimensions: Elements along each axis, as a file states them.
  /// - Throws: ``StateError`` with code `malformed` when a dimension is negative or the product
  ///   overflows, `limitExceeded` when there are more axes than ``Limits/rank``.
  public init(_ dimensions: [Int]) throws {
    guard dimensions.count <= Limits.rank else {
      throw StateError(
        .limitExceeded,
        "a shape has \(dimensions.count) axes",
        expected: "at most \(Limits.rank)"
      )
    }
    var product = 1
    var isEmpty = false
    for dimension in dimensions {
      guard dimension >= 0 else {
        throw StateError(.malformed, "a dimension of shape \(dimensions) is negative")
      }
      // A zero does not excuse its neighbours: views multiply partial products of them.
      isEmpty = isEmpty || dimension == 0
      let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else {
        throw StateError(.malformed, "the product of shape \(dimensions) overflows")
      }
      product = next
    }
    self.dimensions = dimensions
    elementCount = isEmpty ? 0 : product
  }

  /// The shape of a vector.
  ///
  /// - Parameter count: Its elements.
  /// - Returns: The shape.
  /// - Precondition: `count` is not negative.
  public static func vector(_ count: Int) -> Shape {
    precondition(count >= 0, "a vector has no negative number of elements")
    return Shape(vector: count)
  }

  /// Number of axes.
  public var rank: Int { dimensions.count }

  /// Bytes of a tensor of this shape.
  ///
  /// - Parameter type: An element type of fixed width.
  /// - Returns: The bytes.
  /// - Throws: ``StateError`` with code `malformed` when the product overflows, `unsupported` when
  ///   the type has no fixed width.
  public func byteCount(of type: ElementType) throws -> Int {
    guard let width = type.byteWidth else {
      throw StateError(.unsupported, "elements of type \(type.rawValue) have no fixed width")
    }
    let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: width)
    guard !overflow else {
      throw StateError(.malformed, "shape \(self) of \(type.rawValue) overflows in bytes")
    }
    return bytes
  }
}

extension Shape: CustomStringConvertible {
  /// The dimensions in brackets, as every framework prints them.
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }
}
