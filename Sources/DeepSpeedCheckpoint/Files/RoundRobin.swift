internal import TorchContainer

/// The order in which `round_robin_gradients` flattens the parameters of a group.
enum RoundRobin {
  /// For each place in the flat group the parameter there, by its number in the model's order.
  ///
  /// - Parameters:
  ///   - count: How many parameters there are.
  ///   - ranks: How many ranks there are.
  /// - Returns: The numbers.
  static func order(_ count: Int, ranks: Int) -> [Int] {
    (0..<ranks).flatMap { rank in Array(stride(from: rank, to: count, by: ranks)) }
  }

  /// Groups of parameters in the order of the model, where a configuration has them flattened in turns.
  ///
  /// - Parameters:
  ///   - groups: The groups as they are flattened.
  ///   - ranks: How many ranks there are.
  ///   - config: The run's configuration.
  /// - Returns: The groups, as they are where nothing takes turns.
  static func inModelOrder<Element>(
    _ groups: [[Element]],
    ranks: Int,
    config: PickleValue?
  ) -> [[Element]] {
    guard ranks > 0, config?["zero_optimization"]?["round_robin_gradients"]?.bool == true else {
      return groups
    }
    return groups.map { group in
      zip(order(group.count, ranks: ranks), group).sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
