public import ByteIO
internal import Tensors

/// What the numbers of a tensor look like as a whole.
///
/// Extremes, mean, RMS and norm are over the finite elements; sums are kept in `Double`.
public struct TensorStatistics: Sendable, Hashable {
  /// Elements in all.
  public private(set) var count = 0
  /// Elements that are zero.
  public private(set) var zeros = 0
  /// Elements that are no number.
  public private(set) var nan = 0
  /// Elements that are infinite.
  public private(set) var inf = 0
  /// The smallest finite element, `nil` when there is none.
  public private(set) var min: Double?
  /// The largest finite element, `nil` when there is none.
  public private(set) var max: Double?

  private var sum = 0.0
  private var sumOfSquares = 0.0

  private var finite: Int { count - nan - inf }

  /// Mean of the finite elements, `nil` when there is none.
  public var mean: Double? { finite == 0 ? nil : sum / Double(finite) }

  /// Root of the mean square of the finite elements, `nil` when there is none.
  public var rms: Double? { finite == 0 ? nil : (sumOfSquares / Double(finite)).squareRoot() }

  /// Euclidean norm of the finite elements.
  public var norm: Double { sumOfSquares.squareRoot() }

  /// The report of the statistics.
  public var json: JSONValue {
    .object([
      "min": JSONValue(min), "max": JSONValue(max), "mean": JSONValue(mean), "rms": JSONValue(rms),
      "norm": .double(norm), "zeros": .int(Int64(zeros)), "nan": .int(Int64(nan)),
      "inf": .int(Int64(inf)),
    ])
  }

  /// Statistics of many tensors in one pass.
  ///
  /// - Parameters:
  ///   - tensors: The tensors.
  ///   - progress: Told of the bytes done.
  /// - Returns: Those of each tensor, `nil` where its elements are no numbers.
  /// - Throws: `StateError` when a source fails or does not match its checksum.
  /// - Complexity: O(bytes) time.
  static func of(
    _ tensors: [NamedTensor],
    progress: TensorPass.Progress?
  ) throws -> [TensorStatistics?] {
    let results = try unsafe TensorPass.map(tensors, progress: progress) { index, _, bytes in
      try unsafe TensorStatistics(bytes, tensors[index].tensor.elementType)
    }
    return try zip(tensors, results).map { tensor, result in
      try TensorPass.check(tensor, result.sum)
      guard tensor.tensor.elementType.isNumeric else { return nil }
      return result.pieces.reduce(into: TensorStatistics()) { $0.add($1) }
    }
  }

  private init() {}

  private init(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) throws {
    guard type.isNumeric, let width = type.byteWidth else { return }
    if type == .float32 {
      unsafe add(float32: bytes)
      return
    }
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: bytes.count / width)
    defer { unsafe numbers.deallocate() }
    try unsafe ElementConversion.toDouble(bytes, type, numbers)
    for index in numbers.indices { unsafe add(numbers[index]) }
  }

  /// The common case without a detour: as ``add(_:)``, without an optional in the loop.
  private mutating func add(float32 bytes: UnsafeRawBufferPointer) {
    let total = bytes.count / 4
    var (low, high) = (Float.infinity, -Float.infinity)
    for index in 0..<total {
      let number = unsafe bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      if number.isFinite {
        low = Swift.min(low, number)
        high = Swift.max(high, number)
        let wide = Double(number)
        sum += wide
        sumOfSquares += wide * wide
        zeros += number == 0 ? 1 : 0
      } else if number.isNaN {
        nan += 1
      } else {
        inf += 1
      }
    }
    count += total
    if finite > 0 { (min, max) = (Double(low), Double(high)) }
  }

  private mutating func add(_ number: Double) {
    count += 1
    if number.isNaN {
      nan += 1
    } else if number.isInfinite {
      inf += 1
    } else {
      zeros += number == 0 ? 1 : 0
      sum += number
      sumOfSquares += number * number
      min = Swift.min(min ?? number, number)
      max = Swift.max(max ?? number, number)
    }
  }

  private mutating func add(_ other: TensorStatistics) {
    count += other.count
    zeros += other.zeros
    nan += other.nan
    inf += other.inf
    sum += other.sum
    sumOfSquares += other.sumOfSquares
    min = [min, other.min].compactMap(\.self).min()
    max = [max, other.max].compactMap(\.self).max()
  }
}
