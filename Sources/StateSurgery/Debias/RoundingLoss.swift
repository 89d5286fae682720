internal import ByteIO
internal import StateTools
internal import Synchronization
internal import Tensors

/// What rounding costs when a correction is put into moments or taken out of them: the distance between
/// the moments and what the inverse of the operation would give back.
public struct RoundingLoss: Sendable, Hashable {
  /// Elements of both moments.
  public private(set) var elements = 0

  /// Elements that the inverse would not bring back exactly.
  public private(set) var changed = 0

  /// The largest distance in representable numbers.
  public private(set) var largestULP: UInt64 = 0

  /// Measures the loss of a plan that folds or unfolds.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - progress: Told of the elements done.
  /// - Throws: `StateError` when a tensor cannot be read.
  /// - Complexity: O(bytes of the moments).
  public init(_ plan: DebiasPlan, progress: (@Sendable (Int, Int) throws -> Void)? = nil) throws {
    let batch = 1 << 16
    let isFolding = plan.operation == .fold
    let tensors = plan.parts.flatMap { part in
      [
        (part.variable, part.first, part.factors.first, part.elements),
        (part.variable, part.second, part.factors.second, part.elements),
      ]
    }
    let jobs = tensors.enumerated().flatMap { place, entry in
      stride(from: entry.3.lowerBound, to: entry.3.upperBound, by: batch).map {
        (tensor: place, elements: $0..<min($0 + batch, entry.3.upperBound))
      }
    }
    let total = jobs.reduce(0) { $0 + $1.elements.count }
    let sums = Mutex(RoundingLoss())
    try Workers.forEach(
      count: jobs.count,
      makeState: { (WorkBuffer(byteCount: 8 * batch), WorkBuffer(byteCount: 8 * batch)) },
      body: { buffers, number in
        let (name, tensor, factor, _) = tensors[jobs[number].tensor]
        let elements = jobs[number].elements
        let width = tensor.elementType.byteWidth ?? 1
        let before = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffers.0.bytes[..<(elements.count * width)]
        )
        let found: RoundingLoss
        do {
          try unsafe tensor.read(into: before, at: elements.lowerBound * width)
          if tensor.elementType == .float32 {
            found = unsafe Self.of(
              UnsafeRawBufferPointer(before),
              factor,
              isFolding: isFolding
            )
          } else {
            let after = unsafe UnsafeMutableRawBufferPointer(
              rebasing: buffers.1.bytes[..<(elements.count * width)]
            )
            let view =
              isFolding
              ? try tensor.divided(by: factor).multiplied(by: factor)
              : try tensor.multiplied(by: factor).divided(by: factor)
            try unsafe view.read(into: after, at: elements.lowerBound * width)
            let difference = unsafe ElementDifference(
              UnsafeRawBufferPointer(before),
              UnsafeRawBufferPointer(after),
              tensor.elementType,
              start: elements.lowerBound,
              tolerance: .ulp(0)
            )
            var loss = RoundingLoss()
            loss.elements = elements.count
            loss.changed = difference.count
            loss.largestULP = difference.largestULP ?? 0
            found = loss
          }
        } catch let error as StateError {
          throw error.inContext(tensor: name)
        }
        let done = sums.withLock { sums in
          sums.add(found)
          return sums.elements
        }
        try progress?(done, total)
      }
    )
    self = sums.withLock { $0 }
  }

  init() {}

  /// Adds what was found in other elements.
  mutating func add(_ other: RoundingLoss) {
    elements += other.elements
    changed += other.changed
    largestULP = max(largestULP, other.largestULP)
  }

  /// The loss of `float32` elements.
  static func of(
    _ bytes: UnsafeRawBufferPointer,
    _ factor: Double,
    isFolding: Bool
  ) -> RoundingLoss {
    unsafe isFolding ? folding(bytes, factor) : unfolding(bytes, factor)
  }

  /// The common cases: a product and a quotient, each rounded once, have the sign of the element, so
  /// that their distance is that of their bits.
  private static func unfolding(_ bytes: UnsafeRawBufferPointer, _ factor: Double) -> RoundingLoss {
    var (changed, largest) = (0, Int32(0))
    for index in 0..<bytes.count / 4 {
      let number = unsafe bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      let back = Float(Double(Float(Double(number) * factor)) / factor)
      count(number, back, &changed, &largest)
    }
    return RoundingLoss(bytes.count / 4, changed, largest)
  }

  private static func folding(_ bytes: UnsafeRawBufferPointer, _ factor: Double) -> RoundingLoss {
    var (changed, largest) = (0, Int32(0))
    for index in 0..<bytes.count / 4 {
      let number = unsafe bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      let back = Float(Double(Float(Double(number) / factor)) * factor)
      count(number, back, &changed, &largest)
    }
    return RoundingLoss(bytes.count / 4, changed, largest)
  }

  @inline(__always)
  private static func count(
    _ number: Float,
    _ back: Float,
    _ changed: inout Int,
    _ largest: inout Int32
  ) {
    let distance = Int32(bitPattern: back.bitPattern) &- Int32(bitPattern: number.bitPattern)
    let size = distance < 0 ? 0 &- distance : distance
    changed += size == 0 ? 0 : 1
    largest = size > largest ? size : largest
  }

  private init(_ elements: Int, _ changed: Int, _ largest: Int32) {
    self.elements = elements
    self.changed = changed
    largestULP = UInt64(largest.magnitude)
  }
}
