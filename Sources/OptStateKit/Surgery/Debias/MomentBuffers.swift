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

  /// Sizes of `m/(√v + epsilon)` and of `scale·m/(√v + epsilonScale·epsilon)`.
  ///
  /// Elements whose moments are both zero make no update, whatever epsilon is.
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
        let root = v.squareRoot()
        let idle = m .== 0
        let one = (m / (root + low)).replacing(with: 0, where: idle)
        let two = (m * factor / (root + high)).replacing(with: 0, where: idle)
        sum1 += one * one
        sum2 += two * two
        top1 = pointwiseMax(top1, pointwiseMax(one, -one))
        top2 = pointwiseMax(top2, pointwiseMax(two, -two))
        place += Lanes.scalarCount
      }
      before.sumOfSquares += Double(sum1.sum())
      after.sumOfSquares += Double(sum2.sum())
      before.largest = max(before.largest, Double(top1.max()))
      after.largest = max(after.largest, Double(top2.max()))
    }
    return (before, after)
  }

  /// What rounding costs both moments, as long as they are `float32` themselves.
  func loss(_ factors: DebiasPlan.Factors, isFolding: Bool) -> RoundingLoss {
    var loss = RoundingLoss()
    for (buffer, factor) in [(first, factors.first), (second, factors.second)] {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(4 * count)])
      unsafe loss.add(RoundingLoss.of(bytes, factor, isFolding: isFolding))
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
