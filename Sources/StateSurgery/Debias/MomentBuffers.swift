internal import ByteIO
internal import Tensors

/// A worker's memory for parts of both moments, and the sums over them.
final class MomentBuffers {
  /// Sums over the updates of some elements.
  struct Size {
    var count = 0
    var sumOfSquares = 0.0
    var largest = 0.0
  }

  private typealias Lanes = SIMD8<Float>

  private let first: WorkBuffer
  private let second: WorkBuffer
  private let capacity: Int
  private var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    first = WorkBuffer(byteCount: 4 * capacity)
    second = WorkBuffer(byteCount: 4 * capacity)
  }

  /// Reads a range of both moments as `float32`.
  func read(_ one: Tensor, _ other: Tensor, _ elements: Range<Int>, name: String) throws {
    count = min(elements.count, capacity)
    do {
      for (tensor, buffer) in [(one, first), (other, second)] {
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(4 * count)])
        try unsafe tensor.cast(to: .float32).read(into: target, at: 4 * elements.lowerBound)
      }
    } catch let error as StateError {
      throw error.inContext(tensor: name)
    }
  }

  /// CRC-32C of what was read of each moment, as long as they are `float32` themselves.
  var sums: (first: CRC32C, second: CRC32C) {
    var sums = (first: CRC32C(), second: CRC32C())
    unsafe sums.first.add(UnsafeRawBufferPointer(rebasing: first.bytes[..<(4 * count)]))
    unsafe sums.second.add(UnsafeRawBufferPointer(rebasing: second.bytes[..<(4 * count)]))
    return sums
  }

  /// Sizes of `m/(√v + epsilon)` and of `scale·m/(√v + epsilonScale·epsilon)`.
  ///
  /// Elements whose first moment is zero make no update, whatever epsilon is.
  func sizes(epsilon: Float, scale: Float, epsilonScale: Float) -> (before: Size, after: Size) {
    var before = Size(count: count)
    var after = Size(count: count)
    let (low, high) = (Lanes(repeating: epsilon), Lanes(repeating: epsilon * epsilonScale))
    let factor = Lanes(repeating: scale)
    // Sums of few numbers at a time stay exact enough in float32.
    let batch = 512
    for start in stride(from: 0, to: count, by: batch) {
      let end = min(start + batch, count)
      var (sum1, sum2) = (Lanes.zero, Lanes.zero)
      var (top1, top2) = (Lanes.zero, Lanes.zero)
      var place = start
      while place < end {
        let (m, v) = lanes(at: place, end)
        // A negative or missing second moment makes no update that could be told.
        let counts = (m .!= 0) .& (m .== m) .& (v .>= 0)
        let root = Lanes.zero.replacing(with: v, where: counts).squareRoot()
        let one = Lanes.zero.replacing(with: m / (root + low), where: counts)
        let two = Lanes.zero.replacing(with: m * factor / (root + high), where: counts)
        // Squares are compared in place of magnitudes: a maximum of lanes is a call for each.
        let (square1, square2) = (one * one, two * two)
        sum1 += square1
        sum2 += square2
        top1.replace(with: square1, where: square1 .> top1)
        top2.replace(with: square2, where: square2 .> top2)
        place += Lanes.scalarCount
      }
      before.sumOfSquares += Double(sum1.sum())
      after.sumOfSquares += Double(sum2.sum())
      before.largest = max(before.largest, Double(top1.max()).squareRoot())
      after.largest = max(after.largest, Double(top2.max()).squareRoot())
    }
    return (before, after)
  }

  /// What rounding costs both moments where they are unfolded, as long as they are `float32` themselves.
  func loss(_ factors: DebiasPlan.Factors) -> RoundingLoss {
    var loss = RoundingLoss()
    for (buffer, factor) in [(first, factors.first), (second, factors.second)] {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(4 * count)])
      unsafe loss.add(RoundingLoss.of(bytes, factor, isFolding: false))
    }
    return loss
  }

  /// The next elements of both moments, zeros beyond the end.
  private func lanes(at place: Int, _ end: Int) -> (m: SIMD8<Float>, v: SIMD8<Float>) {
    if end - place >= Lanes.scalarCount {
      return unsafe (
        first.bytes.loadUnaligned(fromByteOffset: 4 * place, as: Lanes.self),
        second.bytes.loadUnaligned(fromByteOffset: 4 * place, as: Lanes.self)
      )
    }
    var (m, v) = (Lanes.zero, Lanes.zero)
    for lane in 0..<(end - place) {
      m[lane] = unsafe first.bytes.loadUnaligned(fromByteOffset: 4 * (place + lane), as: Float.self)
      v[lane] = unsafe second.bytes.loadUnaligned(
        fromByteOffset: 4 * (place + lane),
        as: Float.self
      )
    }
    return (m, v)
  }
}
