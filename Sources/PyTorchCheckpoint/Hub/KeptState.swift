internal import OptimizerCatalog
internal import Tensors
internal import TorchContainer

/// What one optimizer of a file keeps: its dictionary, and the tensors in it.
struct KeptState {
  typealias ParameterID = TorchOptimizer.ParameterID

  let part: TorchSurvey.Part
  let content: TorchOptimizer

  /// The tensors of each entry by their keys.
  let slots: [[(key: String, found: TorchSurvey.Found)]]

  /// The counts that groups keep for their parameters.
  let counts: [ParameterID: Int64]

  /// The parameters' shapes, as far as what is kept for them tells.
  let shapes: [ParameterID: Shape?]

  /// Takes a dictionary apart.
  ///
  /// - Parameters:
  ///   - part: The dictionary.
  ///   - tensors: The tensors of the file by their places.
  ///   - number: Reads a number, which may be kept as a tensor.
  /// - Throws: `StateError` with code `malformed` when a group's count is no whole number, or what reading throws.
  init(
    _ part: TorchSurvey.Part,
    _ tensors: [ExactName: TorchSurvey.Found],
    number: (PickleValue) throws -> Double?
  ) throws {
    self.part = part
    let content = try TorchOptimizer(part)
    self.content = content
    let slots = content.entries.map { entry in
      entry.kept.compactMap { one in tensors[ExactName(one.path.text)].map { (one.key, $0) } }
    }
    self.slots = slots
    var counts: [ParameterID: Int64] = [:]
    let start = content.rule?.row.countStart ?? 0
    func whole(_ value: PickleValue) throws -> Int64 {
      guard let count = try value.int ?? number(value).flatMap({ Int64(exactly: $0) }),
        count >= start
      else {
        throw StateError(
          .malformed,
          "the step of a parameter group is no whole number that could be one",
          tensor: part.path.text,
          offset: value.object?.offset
        )
      }
      return count
    }
    for group in content.groups {
      guard let counter = content.counter(of: group), let value = group.settings[counter] else {
        continue
      }
      let count = try whole(value)
      for parameter in group.parameters {
        if let id = ParameterID(parameter) { counts[id] = count - start }
      }
    }
    if case .state? = content.rule?.row.counter, let common = content.common {
      let count = try whole(common.value)
      for id in content.order { counts[id] = count }
    }
    self.counts = counts
    shapes = Dictionary(
      zip(content.entries.map(\.id), slots.map { FactoredSlot.parameterShape($0, content.rule) }),
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The updates that its groups count, `nil` where they count none.
  var count: Int64? { counts.values.max() }
}
