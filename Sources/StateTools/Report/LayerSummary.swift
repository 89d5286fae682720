internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The variables of one layer together.
struct LayerSummary {
  /// What the layer's variables have in common, such as `bert/encoder/layer_3`.
  let name: String
  private(set) var variables = 0
  private(set) var parameters = 0

  /// Euclidean norms over the layer's elements, `nil` where no variable has the tensor.
  private(set) var valueNorm: Double?
  private(set) var firstNorm: Double?
  private(set) var secondNorm: Double?

  /// Norm of `m/(√v + epsilon)`, what a learning rate of 1 would subtract without correction.
  private(set) var stepNorm: Double?

  /// Its variables' values, folded, by name.
  private(set) var sketches: [ExactName: DifferenceSketch] = [:]

  /// How far the layer's parameters are from those of another state, `nil` where none is in both.
  func distance(to other: LayerSummary) -> Double? {
    let parts = sketches.compactMap { name, sketch in other.sketches[name].map(sketch.distance) }
    return parts.isEmpty ? nil : parts.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Each variable by itself, in the state's order.
  static func variables(of survey: StateSurvey) -> [LayerSummary] {
    zip(survey.state.variables, survey.variables).map { variable, numbers in
      var summary = LayerSummary(name: variable.name)
      summary.add(variable, numbers)
      return summary
    }
  }

  /// Layers in the order in which their first variables stand.
  static func layers(of survey: StateSurvey) -> [LayerSummary] {
    var order: [ExactName] = []
    var layers: [ExactName: LayerSummary] = [:]
    for (variable, numbers) in zip(survey.state.variables, survey.variables) {
      let name = layer(of: variable.name)
      let key = ExactName(name)
      if layers[key] == nil { order.append(key) }
      layers[key, default: LayerSummary(name: name)].add(variable, numbers)
    }
    let summaries = order.compactMap { layers[$0] }
    // Sorted names put layer_10 before layer_2.
    return summaries.sorted { Self.precedes($0.name, $1.name) }
  }

  private mutating func add(_ variable: Variable, _ numbers: VariableSurvey) {
    func joined(_ norm: Double?, _ other: Double?) -> Double? {
      guard let other else { return norm }
      return ((norm ?? 0) * (norm ?? 0) + other * other).squareRoot()
    }
    variables += 1
    parameters += variable.value?.tensor.shape.elementCount ?? 0
    valueNorm = joined(valueNorm, numbers.value?.statistics.norm)
    firstNorm = joined(firstNorm, numbers.slots[.firstMoment]?.statistics.norm)
    secondNorm = joined(secondNorm, numbers.slots[.secondMoment]?.statistics.norm)
    sketches[ExactName(variable.name)] = numbers.sketch
    stepNorm = joined(stepNorm, numbers.moments?.histogram?.sumOfSquares.squareRoot())
  }

  /// The beginning of a name up to its first number, or else its scope, two components at most.
  private static func layer(of name: String) -> String {
    let separators = name.contains("/") ? "/" : "."
    let parts = name.split(separator: Character(separators), omittingEmptySubsequences: false)
    let scope = parts.dropLast()
    let numbered = scope.firstIndex { part in
      part.utf8.contains { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
    let end = numbered.map { $0 + 1 } ?? min(2, scope.count)
    return end == 0 ? name : parts[..<end].joined(separator: separators)
  }

  /// Whether a name comes first when runs of digits count as numbers.
  private static func precedes(_ first: String, _ second: String) -> Bool {
    func key(_ name: String) -> [String] {
      name.split { !$0.isNumber || !$0.isASCII }.map { digits in
        String(repeating: "0", count: max(0, 20 - digits.count)) + digits
      }
    }
    func stem(_ name: String) -> String { String(name.filter { !($0.isNumber && $0.isASCII) }) }
    let (one, other) = (stem(first), stem(second))
    if one != other { return ExactName(one) < ExactName(other) }
    return key(first).lexicographicallyPrecedes(key(second))
  }
}
