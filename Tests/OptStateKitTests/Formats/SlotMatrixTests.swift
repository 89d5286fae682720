import OptStateKit
import OptimizerCatalog
import TestSupport
import Testing

@testable import ByteIO

/// Every optimizer of the catalogue, with and without each of its options, through every format
/// that is written: what comes back is the same, or was refused, or a note says what the format
/// does not hold.
///
/// A new entry needs no line here.
@Suite("Optimizers by formats")
struct SlotMatrixTests {
  /// An optimizer and the settings that are on.
  struct Subject: Sendable, CustomTestStringConvertible {
    let kind: String
    let settings: [String]
    let slots: Set<SlotName>

    var testDescription: String { ([kind] + settings).joined(separator: " + ") }
  }

  static let subjects: [Subject] = OptimizerCatalog.all.flatMap { known -> [Subject] in
    let always = known.slots.filter { $0.presence == .always }.map(\.name)
    let optional = known.slots.filter { $0.presence != .always }
    let wrappers: [(setting: String, slot: SlotName)] = [
      ("ema_decay", .average), ("lookahead_steps", .slowWeights),
      ("accumulation_steps", .gradientAccumulator),
    ]
    let plain = (0..<1 << optional.count).map { mask -> Subject in
      let chosen = optional.indices.filter { mask & 1 << $0 != 0 }.map { optional[$0] }
      return Subject(
        kind: known.kind,
        settings: chosen.compactMap { slot in
          if case .setting(let setting) = slot.presence { setting } else { nil }
        },
        slots: Set(always + chosen.map(\.name))
      )
    }
    return plain
      + wrappers.map { setting, slot in
        Subject(kind: known.kind, settings: [setting], slots: Set(always + [slot]))
      }
  }

  private static func shape(_ slot: SlotName?, of shape: Shape) throws -> Shape {
    switch slot.flatMap(SlotDescription.of)?.form {
    case .scalar: Shape.scalar
    case .rows: try Shape(Array(shape.dimensions.dropLast()))
    case .columns:
      try Shape(Array(shape.dimensions.dropLast(2) + shape.dimensions.suffix(1)))
    case .elementwise, nil: shape
    }
  }

  private static func state(_ subject: Subject) throws -> TrainingState {
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
      let kept = subject.slots.sorted().filter { slot in
        switch SlotDescription.of(slot)?.form {
        case .rows, .columns: isMatrix
        default: !(isFactored && slot == .secondMoment && isMatrix)
        }
      }
      return Variable(
        name,
        value: try tensor(name, shape),
        slots: try kept.map {
          Slot($0, try tensor("\(name)/\($0)", try Self.shape($0, of: shape)))
        }
      )
    }
    var values: [String: HyperparameterValue] = ["learning_rate": .double(0.125)]
    for setting in subject.settings {
      switch setting {
      case "amsgrad", "centered": values[setting] = .bool(true)
      case "lookahead_steps", "accumulation_steps": values[setting] = .int(5)
      default: values[setting] = .double(0.875)
      }
    }
    if subject.settings == ["lookahead_steps"] { values["lookahead_rate"] = .double(0.5) }
    return TrainingState(
      variables: variables,
      globalStep: GlobalStep(7),
      optimizer: OptimizerRecord(kind: subject.kind, hyperparameters: values),
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
      for (key, value) in record.hyperparameters where own.hyperparameters[key] != value {
        losses.append(
          ("\(key), which is \(own.hyperparameters[key].map { "\($0)" } ?? "gone")", [key])
        )
      }
    }
    return losses
  }

  /// What became of an optimizer in a format.
  private enum Cell: String, CaseIterable {
    /// It came back the same.
    case same
    /// A note says what did not.
    case noted
    /// It was refused, and nothing written.
    case refused
  }

  private func cell(_ subject: Subject, _ format: StateFormat) throws -> Cell {
    let folder = try TemporaryDirectory()
    let state = try Self.state(subject)
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
      #expect(!format.abilities.contains(.anyState), "\(format.name) refuses \(subject): \(error)")
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
      #expect(isSaid, "\(format.name) lost \(loss.what) of \(subject); notes: \(notes.all)")
    }
    return losses.isEmpty ? .same : .noted
  }

  @Test
  func whatIsWrittenComesBackOrIsSaid() async throws {
    let formats = StateFormats.all.filter { $0.writer != nil }
    let cells = try await withThrowingTaskGroup(of: [(String, Cell)].self) { group in
      for subject in Self.subjects {
        group.addTask { try formats.map { ($0.name, try cell(subject, $0)) } }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(cells.count == Self.subjects.count * formats.count)
    for format in formats {
      let own = cells.filter { $0.0 == format.name }.map(\.1)
      let counts = Cell.allCases.map { cell in "\(own.count { $0 == cell }) \(cell)" }
      print("\(format.name): \(Self.subjects.count) optimizers, " + counts.joined(separator: ", "))
    }
  }
}
