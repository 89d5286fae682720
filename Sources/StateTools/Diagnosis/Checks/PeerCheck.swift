internal import ByteIO
internal import Tensors
internal import TrainingState

/// Whether the moments of each variable are to each other, and lie, as those of its peers do.
///
/// A second moment that is a hundredfold breaks no bound, nor do two moments that were exchanged and lost their signs, or
/// that were both transposed: only the other variables of the state show it.
struct PeerCheck {
  private typealias Entry = (variable: Variable, survey: VariableSurvey, moments: MomentSurvey)

  /// How many times smaller than usual the greatest ratio of a variable is that stands out.
  ///
  /// In runs of perceptrons,
  /// convolutions and transformers over 3000 updates it was at least a fifth of the median.
  private static let factor = 8.0

  /// Below this all gradients have all but vanished, and second moments remember larger ones, each variable's its own.
  private static let leastUsual = 0.1

  /// Elements that a variable needs for its greatest ratio to mean something.
  private static let leastCount = 16

  /// What the findings are, in the order of the variables.
  let findings: [Finding]

  /// Looks at the moments.
  ///
  /// - Parameters:
  ///   - subject: The state.
  ///   - others: What was found before; a variable is not reported twice.
  /// - Throws: `StateError` when reading the second moments of square matrices again fails.
  init(_ subject: DiagnosisSubject, besides others: [Finding]) throws {
    let known = Set(others.compactMap { $0.variable.map(ExactName.init) })
    let entries = subject.entries.compactMap { variable, survey -> Entry? in
      guard let moments = survey.moments, !known.contains(ExactName(variable.name)),
        subject.survey.decays.bound(of: variable.name) != nil
      else { return nil }
      return (variable, survey, moments)
    }
    findings = Self.small(entries, subject) + (try Self.turned(entries, subject))
  }

  // MARK: Ratios

  /// Variables whose first moments are too small for their second ones.
  private static func small(_ entries: [Entry], _ subject: DiagnosisSubject) -> [Finding] {
    let large = entries.filter {
      $0.variable[.firstMoment]?.tensor.tensor.shape.elementCount ?? 0 >= leastCount
        && $0.moments.largest > 0
        // Squares that have vanished are no measure.
        && $0.survey.slots[.secondMoment]?.statistics.max ?? 0 > 1e-30
    }
    let sorted = large.map(\.moments.largest).sorted()
    guard sorted.count >= 5, sorted[sorted.count / 2] >= leastUsual else { return [] }
    let median = sorted[sorted.count / 2]
    let outliers = large.filter { $0.moments.largest * factor < median }
    // What many have is no exception.
    guard outliers.count * 4 <= large.count else { return [] }
    return outliers.map { entry in
      let first = entry.survey.slots[.firstMoment]?.statistics
      let isOneSided = first?.min ?? -1 >= 0
      let signs =
        isOneSided
        ? "; \(SlotName.firstMoment) has no negative element: it may be an \(SlotName.secondMoment), and the other the "
          + "\(SlotName.firstMoment) without its signs"
        : ""
      return Finding(
        .unlikePeers,
        variable: entry.variable.name,
        "\(SlotName.firstMoment) is too small beside \(SlotName.secondMoment)",
        evidence:
          "the greatest |m|/√v is \(Numbers.short(entry.moments.largest)), that of the middle one of \(large.count) "
          + "variables \(Numbers.short(median))" + signs,
        consequence:
          "its updates are some \(Numbers.short(median / entry.moments.largest)) times smaller than those of the others",
        remedy: subject.remedies.reset(entry.variable.name),
        advice:
          "better convert again from the source; where the variable's gradients have all but vanished, that is as it should be"
      )
    }
  }

  // MARK: Orientation

  /// A square matrix and the bias beside it, whose squares go with those of one of its axes.
  private struct Square {
    let variable: Variable
    let second: Tensor
    let bias: Tensor
    let size: Int
  }

  /// Square matrices whose moments lie across.
  private static func turned(_ entries: [Entry], _ subject: DiagnosisSubject) throws -> [Finding] {
    let squares = squares(entries)
    guard !squares.isEmpty, let isOnRows = outputIsFirst(entries, subject.state) else { return [] }
    let groups = squares.flatMap { square in
      [square.second, square.bias].map { [NamedTensor(square.variable.name, $0)] }
    }
    let sizes = squares.flatMap { [$0.size, 0] }
    let sums = try unsafe TensorPass.mapGroups(groups) { group, first, parts in
      try unsafe FloatElements.with(parts[0], groups[group][0].tensor.elementType) { numbers in
        unsafe AxisSums(numbers, first: first, size: sizes[group])
      }
    }
    .map { $0.pieces.reduce(into: AxisSums()) { $0.add($1) } }
    return squares.enumerated().compactMap { place, square in
      let (matrix, bias) = (sums[2 * place], sums[2 * place + 1].elements)
      let (rows, columns) = (correlation(matrix.rows, bias), correlation(matrix.columns, bias))
      guard let rows, let columns else { return nil }
      let (right, wrong) = isOnRows ? (rows, columns) : (columns, rows)
      guard wrong >= 0.8, wrong - right >= 0.4 else { return nil }
      return Finding(
        .unlikePeers,
        variable: square.variable.name,
        "both moments lie across: they were transposed, and their variable was not",
        evidence:
          "the squares of its bias go with those of its \(isOnRows ? "columns" : "rows") (correlation "
          + "\(Numbers.short(wrong))) and not with those of its \(isOnRows ? "rows" : "columns") "
          + "(\(Numbers.short(right))), which are the outputs in this model",
        consequence: "every element is updated with the moments of another",
        remedy: subject.remedies.reset(square.variable.name),
        advice: "better convert again from the source under one naming"
      )
    }
  }

  private static func squares(_ entries: [Entry]) -> [Square] {
    let biases = Dictionary(
      entries.filter { $0.variable[.secondMoment]?.tensor.tensor.shape.rank == 1 }
        .map { (ExactName(scope(of: $0.variable.name)), $0.variable) },
      uniquingKeysWith: { first, _ in first }
    )
    return entries.compactMap { entry in
      guard let second = entry.variable[.secondMoment]?.tensor.tensor, second.shape.rank == 2,
        let bias = biases[ExactName(scope(of: entry.variable.name))]?[.secondMoment]?.tensor.tensor
      else { return nil }
      let size = second.shape.dimensions[0]
      guard (8...8192).contains(size), second.shape.dimensions[1] == size,
        bias.shape.elementCount == size
      else { return nil }
      return Square(variable: entry.variable, second: second, bias: bias, size: size)
    }
  }

  /// Whether a matrix has its outputs along its first axis, by those that are no squares; else by the framework.
  private static func outputIsFirst(_ entries: [Entry], _ state: TrainingState) -> Bool? {
    let biases = Dictionary(
      entries.compactMap { entry -> (ExactName, Int)? in
        guard let shape = entry.variable[.secondMoment]?.tensor.tensor.shape, shape.rank == 1 else {
          return nil
        }
        return (ExactName(scope(of: entry.variable.name)), shape.elementCount)
      },
      uniquingKeysWith: { first, _ in first }
    )
    var votes = (first: 0, last: 0)
    for entry in entries {
      guard let shape = entry.variable[.secondMoment]?.tensor.tensor.shape, shape.rank == 2,
        shape.dimensions[0] != shape.dimensions[1],
        let count = biases[ExactName(scope(of: entry.variable.name))]
      else { continue }
      if shape.dimensions[0] == count { votes.first += 1 }
      if shape.dimensions[1] == count { votes.last += 1 }
    }
    if votes.first != votes.last { return votes.first > votes.last }
    switch state.origin.framework {
    case .pytorch: return true
    case .tensorFlow, .keras, .jax: return false
    case .optstate, .unknown: return nil
    }
  }

  private static func scope(of name: String) -> String {
    let mark = name.utf8.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") }
    return mark.map { String(name[..<$0]) } ?? ""
  }

  /// Pearson's coefficient of the logarithms, `nil` where numbers are zero or all but equal.
  private static func correlation(_ one: [Double], _ other: [Double]) -> Double? {
    guard one.count == other.count, (one + other).allSatisfy({ $0 > 0 && $0.isFinite }) else {
      return nil
    }
    func centered(_ numbers: [Double]) -> [Double] {
      let logs = numbers.map(Logarithm.of)
      let mean = logs.reduce(0, +) / Double(logs.count)
      return logs.map { $0 - mean }
    }
    let (x, y) = (centered(one), centered(other))
    func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let (xx, yy) = (product(x, x), product(y, y))
    let least = 0.01 * Double(x.count)
    guard xx >= least, yy >= least else { return nil }
    return product(x, y) / (xx * yy).squareRoot()
  }
}
