@testable import OptimizerCore

/// Numbers at a fixed place in memory.
@safe final class Row<Number: TestNumber> {
  private let buffer: UnsafeMutableBufferPointer<Number>

  init(_ values: [Number]) {
    unsafe buffer = .allocate(capacity: values.count)
    _ = unsafe buffer.initialize(fromContentsOf: values)
  }

  deinit { unsafe buffer.deallocate() }

  var values: [Number] {
    get { unsafe Array(buffer) }
    set { for (index, value) in newValue.enumerated() { unsafe buffer[index] = value } }
  }

  /// The memory, as long as the row lives.
  @unsafe var bytes: UnsafeMutableRawBufferPointer { unsafe UnsafeMutableRawBufferPointer(buffer) }

  /// The memory as a rule takes it, as long as the row lives.
  var lane: Lane<Number>? {
    // The row owns `buffer.count` numbers.
    unsafe buffer.baseAddress.map { unsafe Lane($0, count: buffer.count) }
  }
}
