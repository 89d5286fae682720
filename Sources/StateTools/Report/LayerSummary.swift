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
      let name = LayerName.of(variable.name)
      let key = ExactName(name)
      if layers[key] == nil { order.append(key) }
      layers[key, default: LayerSummary(name: name)].add(variable, numbers)
    }
    let summaries = order.compactMap { layers[$0] }
    // Sorted names put layer_10 before layer_2.
    return summaries.sorted { LayerName.precedes($0.name, $1.name) }
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
}
