internal import ByteIO
internal import Synchronization
internal import Tensors

/// How large the updates `m/(√v + epsilon)` are that moments make, over all their elements.
public struct UpdateSize: Sendable {
  private var count = 0
  private var sumOfSquares = 0.0

  /// The largest of them.
  public private(set) var largest = 0.0

  /// The variable that has the largest.
  public private(set) var variable: String?

  /// Root of their mean square.
  public var rms: Double { count == 0 ? 0 : (sumOfSquares / Double(count)).squareRoot() }

  /// What a plan's moments make of an update as they are and as they are after it.
  ///
  /// Moments of `float32` that are concerned as a whole are compared with their checksums.
  ///
  /// For a declaration "after" is what the corrected update is; the moments are the same.
  ///
  /// - Parameters:
  ///   - plan: What is done.
  ///   - progress: Told of the bytes done.
  /// - Returns: Both sizes, whether an epsilon was not known and left out, and what rounding costs where
  ///   moments of `float32` are unfolded.
  /// - Throws: `StateError` when a tensor cannot be read.
  /// - Complexity: O(bytes of the moments).
  public static func measure(
    _ plan: DebiasPlan,
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws -> (
    before: UpdateSize, after: UpdateSize, lacksEpsilon: Bool, loss: RoundingLoss?
  ) {
    let batch = 1 << 17
    let jobs = plan.parts.enumerated().flatMap { place, part in
      stride(from: part.elements.lowerBound, to: part.elements.upperBound, by: batch).map {
        (part: place, elements: $0..<min($0 + batch, part.elements.upperBound))
      }
    }
    let isUnfolding = plan.operation == .unfold
    // The numbers are at hand: what rounding costs is counted in the same pass.
    let countsLoss =
      isUnfolding
      && plan.parts.allSatisfy { part in
        part.first.elementType == .float32 && part.second.elementType == .float32
      }
    let losses = Mutex(RoundingLoss())
    let sums = Mutex([(first: CRC32C, second: CRC32C)?](repeating: nil, count: jobs.count))
    let parts = plan.parts
    let checks = parts.map { $0.isWhole }
    let total = jobs.reduce(0) { $0 + $1.elements.count }
    let sizes = Mutex([(UpdateSize, UpdateSize)](repeating: (.init(), .init()), count: parts.count))
    let done = Atomic<Int>(0)
    try Workers.forEach(
      count: jobs.count,
      makeState: { MomentBuffers(capacity: batch) },
      body: { buffers, number in
        let job = jobs[number]
        let part = parts[job.part]
        try buffers.read(part.first, part.second, job.elements, name: part.variable)
        let factors = part.factors
        let (one, two) =
          isUnfolding
          ? (factors.first, 1 / factors.second.squareRoot())
          : (1 / factors.first, factors.second.squareRoot())
        // √(v/f) + e is (√v + e·√f)/√f, so that one root serves both.
        let found = buffers.sizes(
          epsilon: Float(part.epsilon ?? 0),
          scale: Float(one * two),
          epsilonScale: Float(two)
        )
        sizes.withLock { sizes in
          sizes[job.part].0.add(found.before, in: part.variable)
          sizes[job.part].1.add(found.after, in: part.variable)
        }
        if checks[job.part] {
          let found = buffers.sums
          sums.withLock { $0[number] = found }
        }
        if countsLoss {
          let loss = buffers.loss(factors)
          losses.withLock { $0.add(loss) }
        }
        try progress?(done.add(job.elements.count, ordering: .relaxed).newValue, total)
      }
    )
    var read = [(first: CRC32C, second: CRC32C)](
      repeating: (CRC32C(), CRC32C()),
      count: parts.count
    )
    for (job, sum) in zip(jobs, sums.withLock { $0 }) {
      guard let sum else { continue }
      read[job.part].first.add(sum.first, count: 4 * job.elements.count)
      read[job.part].second.add(sum.second, count: 4 * job.elements.count)
    }
    for (part, sum) in zip(parts, read) where part.isWhole {
      let name = part.variable
      try TensorPass.check(NamedTensor("\(name)/\(SlotName.firstMoment)", part.first), sum.first)
      try TensorPass.check(NamedTensor("\(name)/\(SlotName.secondMoment)", part.second), sum.second)
    }
    var (before, after) = (UpdateSize(), UpdateSize())
    // In the order of the variables, so that sums do not depend on which core was faster.
    for (one, other) in sizes.withLock({ $0 }) {
      before.add(one)
      after.add(other)
    }
    return (
      before, after, parts.contains { $0.epsilon == nil },
      countsLoss ? losses.withLock { $0 } : nil
    )
  }

  private mutating func add(_ found: MomentBuffers.Size, in variable: String) {
    count += found.count
    sumOfSquares += found.sumOfSquares
    if found.largest > largest || self.variable == nil {
      (largest, self.variable) = (found.largest, variable)
    }
  }

  private mutating func add(_ other: UpdateSize) {
    count += other.count
    sumOfSquares += other.sumOfSquares
    if other.largest > largest || variable == nil {
      (largest, variable) = (other.largest, other.variable)
    }
  }
}
