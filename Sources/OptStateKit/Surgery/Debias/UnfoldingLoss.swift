internal import ByteIO
internal import Synchronization
internal import Tensors

/// What rounding costs when a correction is taken out of moments: the distance between the moments and
/// what folding the unfolded ones again would give.
public struct UnfoldingLoss: Sendable, Hashable {
  /// Elements of both moments.
  public private(set) var elements = 0

  /// Elements that folding again would not bring back exactly.
  public private(set) var changed = 0

  /// The largest distance in representable numbers.
  public private(set) var largestULP: UInt64 = 0

  /// Measures the loss of a plan that unfolds.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - progress: Told of the elements done.
  /// - Throws: `StateError` when a tensor cannot be read.
  /// - Complexity: O(bytes of the moments).
  public init(_ plan: DebiasPlan, progress: (@Sendable (Int, Int) -> Void)? = nil) throws {
    let batch = 1 << 16
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
    let sums = Mutex(UnfoldingLoss())
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
        let found: UnfoldingLoss
        do {
          try unsafe tensor.read(into: before, at: elements.lowerBound * width)
          if tensor.elementType == .float32 {
            found = unsafe Self.loss(of: UnsafeRawBufferPointer(before), factor)
          } else {
            let after = unsafe UnsafeMutableRawBufferPointer(
              rebasing: buffers.1.bytes[..<(elements.count * width)]
            )
            try unsafe tensor.multiplied(by: factor).divided(by: factor)
              .read(into: after, at: elements.lowerBound * width)
            let difference = unsafe ElementDifference(
              UnsafeRawBufferPointer(before),
              UnsafeRawBufferPointer(after),
              tensor.elementType,
              start: elements.lowerBound,
              tolerance: .ulp(0)
            )
            var loss = UnfoldingLoss()
            loss.elements = elements.count
            loss.changed = difference.count
            loss.largestULP = difference.largestULP ?? 0
            found = loss
          }
        } catch let error as StateError {
          throw error.inContext(tensor: name)
        }
        let done = sums.withLock { sums in
          sums.elements += found.elements
          sums.changed += found.changed
          sums.largestULP = max(sums.largestULP, found.largestULP)
          return sums.elements
        }
        progress?(done, total)
      }
    )
    self = sums.withLock { $0 }
  }

  private init() {}

  /// The common case: a product and a quotient, each rounded once, have the sign of the element, so
  /// that their distance is that of their bits.
  private static func loss(of bytes: UnsafeRawBufferPointer, _ factor: Double) -> UnfoldingLoss {
    var loss = UnfoldingLoss()
    var (changed, largest) = (0, Int32(0))
    let count = bytes.count / 4
    for index in 0..<count {
      let number = unsafe bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      let back = Float(Double(Float(Double(number) * factor)) / factor)
      let distance = Int32(bitPattern: back.bitPattern) &- Int32(bitPattern: number.bitPattern)
      let size = distance < 0 ? 0 &- distance : distance
      changed += size == 0 ? 0 : 1
      largest = size > largest ? size : largest
    }
    loss.elements = count
    loss.changed = changed
    loss.largestULP = UInt64(largest.magnitude)
    return loss
  }
}
