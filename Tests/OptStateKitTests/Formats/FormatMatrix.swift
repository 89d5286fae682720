import OptStateKit
import OptimizerCatalog
import TestSupport
import Testing

@testable import ByteIO

/// An optimizer's state through a format: what comes back is the same, or was refused, or a note says what the format
/// does not hold.
struct FormatMatrix {
  /// An optimizer, its hyper-parameters and its slots.
  struct Subject: Sendable, CustomTestStringConvertible {
    let kind: String
    let values: [String: HyperparameterValue]
    let slots: Set<SlotName>

    var testDescription: String {
      OptimizerRecord(kind: kind, hyperparameters: values).description
    }
  }

  /// What became of an optimizer in a format.
  enum Cell: String, CaseIterable {
    /// It came back the same.
    case same
    /// A note says what did not.
    case noted
    /// It was refused, and nothing written.
    case refused
  }

  static let formats = StateFormats.all.filter { $0.writer != nil }

  /// Takes every subject through every format, and says how many cells became what.
  static func run(_ subjects: [Subject], _ what: String) async throws {
    let cells = try await withThrowingTaskGroup(of: [(String, Cell)].self) { group in
      for subject in subjects {
        group.addTask { try formats.map { ($0.name, try FormatMatrix(subject).cell($0)) } }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(cells.count == subjects.count * formats.count)
    for format in formats {
      let own = cells.filter { $0.0 == format.name }.map(\.1)
      let counts = Cell.allCases.map { cell in "\(own.count { $0 == cell }) \(cell)" }
      print("\(format.name): \(subjects.count) \(what), " + counts.joined(separator: ", "))
    }
  }

  private let subject: Subject

  private init(_ subject: Subject) { self.subject = subject }

  private func state() throws -> TrainingState {
    var number: Float = 0
    func tensor(_ name: String, _ shape: Shape) throws -> StateTensor {
      let values = (0..<shape.elementCount).map { _ -> Float in
        number += 1
        return number / 64
      }
      return StateTensor(name, try floats(values, shape.dimensions))
    }
    let variables = try [("dense/kernel", [6, 4]), ("dense/bias", [4])].map { name, sizes in
      let shape = try Shape(sizes)
      let isMatrix = sizes.count > 1
      let isFactored = subject.slots.contains(.factoredRow)
      let kept = subject.slots.sorted().filter { !(isFactored && $0 == .secondMoment && isMatrix) }
      return Variable(
        name,
        value: try tensor(name, shape),
        slots: try kept.compactMap { slot in
          let form = SlotDescription.of(slot)?.form ?? .elementwise
          return try form.shape(for: shape).map {
            Slot(slot, try tensor("\(name)/\(slot)", $0))
          }
        }
      )
    }
    return TrainingState(
      variables: variables,
      globalStep: GlobalStep(7),
      optimizer: OptimizerRecord(kind: subject.kind, hyperparameters: subject.values),
      origin: Origin(recorded: "optstate")
    )
  }

  /// What is not as it was, and the words by which a note may say so.
  private func losses(_ old: TrainingState, _ new: TrainingState) throws -> [(
    what: String, words: [String]
  )] {
    var losses: [(String, [String])] = []
    let before = Dictionary(uniqueKeysWithValues: old.variables.map { ($0.name, $0) })
    for variable in new.variables {
      guard let own = before[variable.name] else {
        losses.append(("a variable \(variable.name) that was none", []))
        continue
      }
      #expect(try variable.value?.tensor.bytes() == own.value?.tensor.bytes())
      let missing = Set(own.slots.map(\.name)).subtracting(variable.slots.map(\.name))
      if !missing.isEmpty {
        losses.append(("the slots \(missing) of \(own.name)", ["slots", "buffers"]))
      }
      for slot in variable.slots {
        guard let source = own[slot.name] else {
          losses.append(("a slot \(slot.name) of \(own.name) that was none", []))
          continue
        }
        if try source.tensor.tensor.bytes() != slot.tensor.tensor.bytes() {
          losses.append(("the numbers of \(own.name)/\(slot.name)", []))
        }
      }
    }
    if new.variables.count < before.count { losses.append(("variables", [])) }
    let step = new.globalStep?.value ?? new.variables.compactMap(\.step).first
    if step != 7 { losses.append(("the step, which is \(step ?? -1)", ["step"])) }
    if new.optimizer == nil {
      losses.append(("the optimizer", ["records of optimizer", "optimizer"]))
    } else if let record = old.optimizer, let own = new.optimizer {
      if own.kind != record.kind {
        losses.append(("the kind, which is \(own.kind)", [record.kind]))
      }
      let resolved = try? Optimizer(own).record.hyperparameters
      for (key, value) in record.hyperparameters {
        let found = own.hyperparameters[key] ?? resolved?[key]
        if found != value, try !Self.isSame(key, old, new) {
          losses.append(("\(key), which is \(found.map { "\($0)" } ?? "gone")", [key]))
        }
      }
    }
    return losses
  }

  /// Whether a hyper-parameter that is written in other words means the same.
  private static func isSame(_ key: String, _ old: TrainingState, _ new: TrainingState) throws
    -> Bool
  {
    let optimizers = try [old, new].map { try ResolvedOptimizer($0) }
    switch key {
    // Whose roundings are followed is the file's to say.
    case "arithmetic": return true
    case "bias_correction": return optimizers[0].correctsBias == optimizers[1].correctsBias
    // Groups may say what decays.
    case "exclude_from_weight_decay", "weight_decay_pattern":
      return try old.variables.allSatisfy { variable in
        let decays = try optimizers.map { optimizer -> Double in
          if try optimizer.isSparedDecay(variable.name) { return 0 }
          return optimizer.value("weight_decay", for: variable.name)?.value.number ?? 0
        }
        return decays[0] == decays[1]
      }
    default: return false
    }
  }

  private func cell(_ format: StateFormat) throws -> Cell {
    let folder = try TemporaryDirectory()
    let state = try self.state()
    let mark = format.marks.first.map { $0 + "-7" }
    let output = folder("m" + (mark ?? format.suffixes.first ?? "-7"))
    let notes = Notes()
    let error = try stateError {
      try StateFormats.write(
        state,
        to: output,
        format: format.name,
        options: WriteOptions(note: notes.add)
      )
    }
    if let error {
      #expect(
        error.code == .unsupported || error.code == .invalidArgument,
        "\(format.name): \(error)"
      )
      #expect(
        !format.abilities.contains(.anyState),
        "\(format.name) refuses \(subject.testDescription): \(error)"
      )
      #expect(try folder.names.isEmpty, "\(format.name)")
      return .refused
    }
    // A Trainer numbers its parameters, those that decay first.
    let order = format.abilities.contains(.configuration) ? ["dense/kernel", "dense/bias"] : nil
    // One state of optax' is that of several optimizers.
    let optimizer = format.origin.framework == .jax ? state.optimizer : nil
    let options = ReadOptions(parameterNames: order, optimizer: optimizer)
    let losses = try losses(state, try StateFormats.open(output, options: options).state)
    for loss in losses {
      let isSaid = notes.all.contains { note in loss.words.contains { note.contains($0) } }
      #expect(
        isSaid,
        "\(format.name) lost \(loss.what) of \(subject.testDescription); notes: \(notes.all)"
      )
    }
    return losses.isEmpty ? .same : .noted
  }
}
