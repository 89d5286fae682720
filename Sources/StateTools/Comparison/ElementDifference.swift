internal import ByteIO
internal import OptimizerCore
package import Tensors

/// How the elements of two tensors of one type and shape differ.
package struct ElementDifference: Sendable {
  /// Elements outside the tolerance.
  package var count = 0

  /// Largest distance in representable numbers, among elements that are numbers on both sides.
  package var largestULP: UInt64?

  /// Largest difference relative to the larger magnitude.
  package var largestRelative: Double?

  /// Row-major place of the element that differs most; a NaN against a number counts most of all.
  package var place: Int?

  private var rank = 0.0

  package init() {}

  /// Compares two ranges of bytes that are not equal.
  ///
  /// - Parameters:
  ///   - first: Elements of one side.
  ///   - second: As many elements of the other.
  ///   - type: Their type, of fixed width.
  ///   - start: Row-major place of the first element.
  ///   - tolerance: What counts as equal.
  package init(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    _ type: ElementType,
    start: Int,
    tolerance: Tolerance
  ) {
    if type == .float32 {
      self = unsafe ElementDifference(float32: first, second, start: start, tolerance: tolerance)
      return
    }
    let width = type.byteWidth ?? 1
    for element in 0..<first.count / width {
      let range = element * width..<(element + 1) * width
      let one = unsafe UnsafeRawBufferPointer(rebasing: first[range])
      let other = unsafe UnsafeRawBufferPointer(rebasing: second[range])
      if unsafe one.hasSameBytes(as: other) { continue }
      let distance = unsafe Self.distance(one, other, type)
      guard !distance.isWithin(tolerance) else { continue }
      count += 1
      if let ulp = distance.ulp { largestULP = max(largestULP ?? 0, ulp) }
      if let relative = distance.relative { largestRelative = max(largestRelative ?? 0, relative) }
      let weight = distance.ulp.map(Double.init) ?? .infinity
      if place == nil || weight > rank { (place, rank) = (start + element, weight) }
    }
  }

  /// The common case at the speed of memory.
  private init(
    float32 first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    start: Int,
    tolerance: Tolerance
  ) {
    let found: FloatDifference
    switch tolerance {
    case .ulp(let limit): found = unsafe FloatDifference(first, second, ulp: limit, relative: nil)
    case .relative(let limit):
      found = unsafe FloatDifference(first, second, ulp: 0, relative: limit)
    }
    count = found.count
    largestULP = found.largestULP
    largestRelative = found.largestRelative
    place = found.place.map { start + $0 }
    rank = found.hasNaN ? .infinity : Double(found.largestULP ?? 0)
  }

  package mutating func add(_ other: ElementDifference) {
    count += other.count
    if let ulp = other.largestULP { largestULP = max(largestULP ?? 0, ulp) }
    if let relative = other.largestRelative {
      largestRelative = max(largestRelative ?? 0, relative)
    }
    if let place = other.place, self.place == nil || other.rank > rank {
      (self.place, rank) = (place, other.rank)
    }
  }

  /// How far two elements of different bits are apart; nothing known of both for a NaN, or for elements
  /// that are no numbers.
  private struct Distance {
    var ulp: UInt64?
    var relative: Double?

    func isWithin(_ tolerance: Tolerance) -> Bool {
      switch tolerance {
      case .ulp(let limit): ulp.map { $0 <= limit && limit > 0 } ?? false
      case .relative(let limit): relative.map { $0 <= limit } ?? false
      }
    }
  }

  private static func distance(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    _ type: ElementType
  ) -> Distance {
    func bits<Bits: FixedWidthInteger & UnsignedInteger>(_: Bits.Type) -> (Bits, Bits) {
      unsafe (
        first.loadUnaligned(as: Bits.self), second.loadUnaligned(as: Bits.self)
      )
    }
    func floating(_ one: Double, _ other: Double, _ ulp: UInt64) -> Distance {
      if one.isNaN || other.isNaN { return Distance() }
      let largest = max(abs(one), abs(other))
      if largest.isInfinite { return Distance(ulp: ulp, relative: .infinity) }
      return Distance(ulp: ulp, relative: largest == 0 ? 0 : abs(one - other) / largest)
    }
    func whole(_ one: Int64, _ other: Int64) -> Distance {
      let apart = one > other ? UInt64(bitPattern: one &- other) : UInt64(bitPattern: other &- one)
      let largest = max(one.magnitude, other.magnitude)
      return Distance(ulp: apart, relative: Double(apart) / Double(largest))
    }
    switch type {
    case .float32:
      let (one, other) = bits(UInt32.self)
      return floating(
        Double(Float(bitPattern: one)),
        Double(Float(bitPattern: other)),
        steps(UInt64(one), UInt64(other), sign: 31)
      )
    case .float64:
      let (one, other) = bits(UInt64.self)
      return floating(
        Double(bitPattern: one),
        Double(bitPattern: other),
        steps(one, other, sign: 63)
      )
    case .float16:
      let (one, other) = bits(UInt16.self)
      return floating(
        Double(Float16(bitPattern: one)),
        Double(Float16(bitPattern: other)),
        steps(UInt64(one), UInt64(other), sign: 15)
      )
    case .bfloat16:
      let (one, other) = bits(UInt16.self)
      return floating(
        Double(Float(BFloat16(bitPattern: one))),
        Double(Float(BFloat16(bitPattern: other))),
        steps(UInt64(one), UInt64(other), sign: 15)
      )
    case .int8:
      let (one, other) = bits(UInt8.self)
      return whole(Int64(Int8(bitPattern: one)), Int64(Int8(bitPattern: other)))
    case .int16:
      let (one, other) = bits(UInt16.self)
      return whole(Int64(Int16(bitPattern: one)), Int64(Int16(bitPattern: other)))
    case .int32:
      let (one, other) = bits(UInt32.self)
      return whole(Int64(Int32(bitPattern: one)), Int64(Int32(bitPattern: other)))
    case .int64:
      let (one, other) = bits(UInt64.self)
      return whole(Int64(bitPattern: one), Int64(bitPattern: other))
    case .uint8, .bool:
      let (one, other) = bits(UInt8.self)
      return whole(Int64(one), Int64(other))
    case .uint16:
      let (one, other) = bits(UInt16.self)
      return whole(Int64(one), Int64(other))
    case .uint32:
      let (one, other) = bits(UInt32.self)
      return whole(Int64(one), Int64(other))
    case .uint64:
      let (one, other) = bits(UInt64.self)
      let apart = one > other ? one - other : other - one
      return Distance(ulp: apart, relative: Double(apart) / Double(max(one, other)))
    default: return Distance()
    }
  }

  /// Representable numbers between two, both zeros being one.
  private static func steps(_ first: UInt64, _ second: UInt64, sign: UInt64) -> UInt64 {
    func rank(_ bits: UInt64) -> Int64 {
      let magnitude = Int64(bitPattern: bits & ((1 << sign) - 1))
      return bits >> sign == 0 ? magnitude : -magnitude
    }
    let (one, other) = (rank(first), rank(second))
    return one > other ? UInt64(bitPattern: one &- other) : UInt64(bitPattern: other &- one)
  }
}
