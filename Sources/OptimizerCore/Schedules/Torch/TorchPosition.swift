/// Where a scheduler of PyTorch's stands after some calls.
package struct TorchPosition: Sendable {
  /// Calls that are followed one by one, each rate made out of the one before as PyTorch does.
  package static let limit: Int64 = 1 << 22

  /// One of the schedulers that it consists of, itself where there is no other.
  package struct Part: Sendable {
    /// Its calls, -1 before it has begun.
    package var epoch: Int64
    /// The rate that it gave last.
    package var rate: Double
  }

  /// Calls so far.
  package internal(set) var step: Int64 = 0
  /// The rate.
  package internal(set) var rate: Double
  /// The schedulers that it consists of.
  package internal(set) var parts: [Part]

  /// How far a call lies into its cycle, and how long that one is.
  ///
  /// - Parameters:
  ///   - epoch: Calls so far.
  ///   - first: The first cycle's length, at least 1.
  ///   - stretch: How many times as long each next one is, at least 1.
  /// - Returns: PyTorch's `T_cur` and `T_i`.
  package static func cycle(
    _ epoch: Int64,
    first: Int64,
    stretch: Int64
  ) -> (current: Int64, length: Int64) {
    if stretch == 1 { return (epoch % first, first) }
    var (current, length) = (epoch, first)
    while current >= length {
      current -= length
      let (longer, overflow) = length.multipliedReportingOverflow(by: stretch)
      length = overflow ? .max : longer
    }
    return (current, length)
  }
}
