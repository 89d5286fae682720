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
  ///
  /// - Parameters:
  ///   - block: Whose slots 0 and 1 hold the means.
  ///   - element: The elements by their index.
  ///   - form: How the means are formed.
  ///   - average: The new mean from the old one and that of the elements.
  func updateMeans<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ element: (Int) -> Scalar,
    _ form: (some MeanForm).Type,
    _ average: (Scalar, Scalar) -> Scalar
  ) {
    let size = rows * columns
    for matrix in 0..<matrices {
      for row in 0..<rows {
        let first = matrix * size + row * columns
        let i = matrix * rows + row
        let mean = form.along(columns) { element(first + $0) }
        block.slots[0][i] = average(block.slots[0][i], mean)
      }
      for column in 0..<columns {
        let first = matrix * size + column
        let i = matrix * columns + column
        let value = { element(first + $0 * columns) }
        // A single column lies in memory like a row, and is summed like one.
        let mean = columns == 1 ? form.along(rows, value) : form.across(rows, value)
        block.slots[1][i] = average(block.slots[1][i], mean)
      }
    }
  }

  /// The mean of each matrix' row means.
  func meansOfRows<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>) -> [Scalar] {
    (0..<matrices).map { matrix in
      RoundedMeans.along(rows) { block.slots[0][matrix * rows + $0] }
    }
  }
}
