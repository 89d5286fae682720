public import ByteIO
internal import OptimizerCore
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
  package static func of(
    _ tensors: [NamedTensor],
    progress: TensorPass.Progress?
  ) throws -> [TensorStatistics?] {
    let results = try unsafe TensorPass.mapGroups(tensors.map { [$0] }, progress: progress) {
      index,
      _,
      parts in
      try unsafe TensorStatistics(parts[0], tensors[index].tensor.elementType)
    }
    return try zip(tensors, results).map { tensor, result in
      try TensorPass.check(tensor, result.sums[0])
      guard tensor.tensor.elementType.isNumeric else { return nil }
      return result.pieces.reduce(into: TensorStatistics()) { $0.add($1) }
    }
  }

  /// Of no elements.
  init() {}

  private init(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) throws {
    guard type.isNumeric, let width = type.byteWidth else { return }
    if type == .float32 {
      self = unsafe TensorStatistics(float32: bytes)
      return
    }
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: bytes.count / width)
    defer { unsafe numbers.deallocate() }
    try unsafe ElementConversion.toDouble(bytes, type, numbers)
    for index in numbers.indices { unsafe add(numbers[index]) }
  }

  /// Statistics of `float32` elements, aligned to them; without sums there is no mean, RMS or norm.
  init(float32 bytes: UnsafeRawBufferPointer, withSums: Bool = true) {
    let survey = unsafe FloatSurvey(bytes, withSums: withSums)
    count = bytes.count / MemoryLayout<Float>.size
    (zeros, nan, inf) = (survey.zeros, survey.nan, survey.inf)
    (sum, sumOfSquares) = (survey.sum, survey.sumOfSquares)
    if finite > 0 { (min, max) = (Double(survey.min), Double(survey.max)) }
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

  /// Adds those of the elements that follow.
  mutating func add(_ other: TensorStatistics) {
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
