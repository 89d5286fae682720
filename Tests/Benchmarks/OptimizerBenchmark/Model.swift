import Dispatch
import OptimizerCore
import Tensors

/// The variables of a BERT of the usual size, 110 million parameters, in memory.
@safe final class Model {
  /// Shapes of the variables.
  static let shapes: [[Int]] = {
    let layer = [
      [768, 768], [768], [768, 768], [768], [768, 768], [768], [768, 768], [768], [768], [768],
      [768, 3072], [3072], [3072, 768], [768], [768], [768],
    ]
    let rest = [[30_522, 768], [512, 768], [2, 768], [768], [768], [768, 768], [768]]
    return rest + (0..<12).flatMap { _ in layer }
  }()

  private let rows: [[UnsafeMutableBufferPointer<Float>]]

  init() {
    unsafe rows = Self.shapes.map { shape in
      let count = shape.reduce(1, *)
      let values: [Float] = [0.02, 1e-3, 0, 0]
      return unsafe values.map { value in
        let row = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        unsafe row.initialize(repeating: value)
        return unsafe row
      }
    }
  }

  deinit {
    for index in unsafe rows.indices { unsafe rows[index].forEach { unsafe $0.deallocate() } }
  }

  /// Parameters of the model.
  static var count: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  /// All variables for one update.
  func steps(_ optimizer: Optimizer) throws -> [VariableStep] {
    let context = try StepContext(step: 10, learningRate: 1e-9)
    return try unsafe zip(Self.shapes, rows).enumerated().map { index, pair in
      let (shape, row) = unsafe pair
      let plan = try optimizer.plan(
        for: "kernel\(index)",
        shape: Shape(shape),
        types: UpdateTypes()
      )
      return unsafe VariableStep(
        plan,
        UpdateBuffers(
          parameter: UnsafeMutableRawBufferPointer(row[0]),
          gradient: UnsafeRawBufferPointer(row[1]),
          slots: [UnsafeMutableRawBufferPointer(row[2]), UnsafeMutableRawBufferPointer(row[3])]
        ),
        context
      )
    }
  }

  /// Reads four arrays and writes three of them with next to no arithmetic, on all cores.
  func stream() {
    let length = 1 << 17
    for index in unsafe rows.indices {
      nonisolated(unsafe) let row = unsafe rows[index]
      let count = unsafe row[0].count
      DispatchQueue.concurrentPerform(iterations: (count + length - 1) / length) { part in
        let (p, g, m, v) = unsafe (row[0], row[1], row[2], row[3])
        for i in part * length..<min((part + 1) * length, count) {
          let x = unsafe g[i]
          unsafe p[i] += x
          unsafe m[i] += x
          unsafe v[i] += x
        }
      }
    }
  }
}
