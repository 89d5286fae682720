#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// How far a number of a variable is from the same number of its peers.
struct PeerDeviation {
  /// Which of the variable's numbers it is.
  let measure: Int

  /// How many times the median of the peers it is.
  let factor: Double

  /// Least factor that counts, and how many times the usual deviation it has to be.
  private static let (leastFactor, leastScore) = (8.0, 6.0)

  /// Peers that it takes to say what is usual.
  private static let leastPeers = 5

  /// The farthest of each variable's numbers, `nil` where all are as those of its peers.
  ///
  /// Peers are the variables of the same part in all layers, such as all query kernels; where these are too few, all
  /// variables. Usual is the median absolute deviation of the logarithms.
  ///
  /// - Parameter variables: Names, and as many numbers of each; none, zeros and what is not finite have no peers.
  /// - Returns: As many deviations.
  /// - Complexity: O(n log n) time.
  static func all(of variables: [(name: String, numbers: [Double?])]) -> [PeerDeviation?] {
    var found = [PeerDeviation?](repeating: nil, count: variables.count)
    let parts = variables.map { ExactName(LayerName.part(of: $0.name)) }
    for measure in 0..<(variables.first?.numbers.count ?? 0) {
      let logarithms = variables.map { variable in
        variable.numbers[measure].flatMap { $0 > 0 && $0.isFinite ? log($0) : nil }
      }
      let places = logarithms.indices.filter { logarithms[$0] != nil }
      let usual = Usual(places.compactMap { logarithms[$0] })
      let ofPart = Dictionary(grouping: places) { parts[$0] }
        .mapValues { Usual($0.compactMap { logarithms[$0] }) }
      for place in places {
        guard let own = logarithms[place],
          let peers = [ofPart[parts[place]], usual].compactMap(\.self)
            .first(where: { $0.count >= leastPeers })
        else { continue }
        let deviation = own - peers.median
        guard abs(deviation) >= max(log(leastFactor), leastScore * peers.deviation),
          abs(deviation) > abs(found[place].map { log($0.factor) } ?? 0)
        else { continue }
        found[place] = PeerDeviation(measure: measure, factor: exp(deviation))
      }
    }
    return found
  }

  /// What is usual among some logarithms.
  private struct Usual {
    let count: Int
    let median: Double
    let deviation: Double

    init(_ numbers: [Double]) {
      count = numbers.count
      let median = numbers.median
      self.median = median
      deviation = 1.4826 * numbers.map { abs($0 - median) }.median
    }
  }
}
