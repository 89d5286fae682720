internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

extension OptimizerRecord {
  /// The record as its optimizer has it after a number of updates.
  ///
  /// What counts updates is set; at 0 everything that updates change is what it was before the first one. At another number
  /// nobody knows what it would be, and it stays.
  ///
  /// - Parameter step: The number of updates.
  /// - Returns: The record.
  func after(_ step: Int64) -> OptimizerRecord {
    func changed(
      _ values: [String: HyperparameterValue],
      of kind: String
    ) -> [String: HyperparameterValue] {
      var copy = values
      let own = OptimizerCatalog.description(of: kind)?.scalars ?? []
      for scalar in own + OptimizerCatalog.wrapperScalars where values[scalar.key] != nil {
        if scalar.isCount {
          copy[scalar.key] = .int(step)
        } else if step == 0 {
          copy[scalar.key] = scalar.beginsAs.flatMap { values[$0] } ?? scalar.beginning
        }
      }
      return copy
    }
    var copy = self
    copy.hyperparameters = changed(hyperparameters, of: kind)
    for (place, group) in groups.enumerated() {
      copy.groups[place].overrides = changed(group.overrides, of: group.kind ?? kind)
    }
    return copy
  }
}
