import Tensors

/// A shape seen as matrices over its last two axes.
struct FactoredShape {
  let rowShape: Shape
  let columnShape: Shape
  private let matrices: Int
  private let rows: Int
  private let columns: Int

  /// `nil` for a shape of fewer than two axes.
  init?(_ shape: Shape) {
    let axes = shape.dimensions
    guard axes.count >= 2,
      let rowShape = try? Shape(Array(axes.dropLast())),
      let columnShape = try? Shape(Array(axes.dropLast(2)) + [axes[axes.count - 1]])
    else { return nil }
    self.rowShape = rowShape
    self.columnShape = columnShape
    rows = axes[axes.count - 2]
    columns = axes[axes.count - 1]
    matrices = axes.dropLast(2).reduce(1, *)
  }

  /// Visits the elements with the index of their matrix, of their row's and their column's mean.
  func forEach(_ body: (_ matrix: Int, _ row: Int, _ column: Int, _ index: Int) -> Void) {
    var index = 0
    for matrix in 0..<matrices {
      for row in 0..<rows {
        for column in 0..<columns {
          body(matrix, matrix * rows + row, matrix * columns + column, index)
          index += 1
        }
      }
    }
  }

  /// Moves the means of rows and columns towards those of new elements.
  func updateMeans<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ element: (Int) -> Scalar,
    _ average: (Scalar, Scalar) -> Scalar
  ) {
    var rowSums = [Double](repeating: 0, count: matrices * rows)
    var columnSums = [Double](repeating: 0, count: matrices * columns)
    forEach { _, row, column, index in
      let value = Double(element(index))
      rowSums[row] += value
      columnSums[column] += value
    }
    for (i, sum) in rowSums.enumerated() {
      block.slots[0][i] = average(block.slots[0][i], Scalar(sum / Double(columns)))
    }
    for (i, sum) in columnSums.enumerated() {
      block.slots[1][i] = average(block.slots[1][i], Scalar(sum / Double(rows)))
    }
  }

  /// The mean of each matrix' row means.
  func meansOfRows<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>) -> [Scalar] {
    (0..<matrices).map { matrix in
      var sum = 0.0
      for row in matrix * rows..<(matrix + 1) * rows { sum += Double(block.slots[0][row]) }
      return Scalar(sum / Double(rows))
    }
  }
}
