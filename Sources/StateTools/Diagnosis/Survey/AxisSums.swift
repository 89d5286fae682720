/// Sums of a square matrix along its axes, or the elements of a vector, put together piece by piece.
struct AxisSums: Sendable {
  /// Sums of the rows, none for a vector.
  private(set) var rows: [Double] = []

  /// Sums of the columns, none for a vector.
  private(set) var columns: [Double] = []

  /// The elements of a vector, none for a matrix.
  private(set) var elements: [Double] = []

  /// Nothing yet.
  init() {}

  /// Looks at a piece.
  ///
  /// - Parameters:
  ///   - bytes: `float32` elements, aligned.
  ///   - first: Row-major place of the first.
  ///   - size: Rows and columns of the matrix, 0 for a vector.
  init(_ bytes: UnsafeRawBufferPointer, first: Int, size: Int) {
    let numbers = unsafe bytes.bindMemory(to: Float.self)
    guard size > 0 else {
      for index in 0..<numbers.count { elements.append(unsafe Double(numbers[index])) }
      return
    }
    rows = [Double](repeating: 0, count: size)
    columns = rows
    for index in 0..<numbers.count {
      let (row, column) = (first + index).quotientAndRemainder(dividingBy: size)
      let number = unsafe Double(numbers[index])
      rows[row] += number
      columns[column] += number
    }
  }

  /// Adds the piece that follows.
  mutating func add(_ next: AxisSums) {
    elements += next.elements
    guard !rows.isEmpty else {
      (rows, columns) = (next.rows, next.columns)
      return
    }
    for index in rows.indices {
      rows[index] += next.rows[index]
      columns[index] += next.columns[index]
    }
  }
}
