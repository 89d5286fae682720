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

  init(_ part: TorchSurvey.Part, _ tensors: [ExactName: TorchSurvey.Found]) throws {
    self.part = part
    let content = try TorchOptimizer(part)
    self.content = content
    let slots = content.entries.map { entry in
      (entry.value.items ?? []).enumerated().compactMap { place, item in
        tensors[ExactName(entry.path.item(item.key, place).text)].map {
          (item.key.text ?? "\(place)", $0)
        }
      }
    }
    self.slots = slots
    var counts: [ParameterID: Int64] = [:]
    for group in content.groups {
      guard let count = group.counter.flatMap({ group.settings[$0]?.int }) else { continue }
      for parameter in group.parameters {
        if let id = ParameterID(parameter) { counts[id] = count }
      }
    }
    self.counts = counts
    shapes = Dictionary(
      zip(content.entries.map(\.id), slots.map { FactoredSlot.parameterShape($0) }),
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The updates that its groups count, `nil` where they count none.
  var count: Int64? { counts.values.max() }
}
