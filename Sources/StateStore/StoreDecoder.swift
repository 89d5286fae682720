internal import ByteIO
internal import HDF5
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Turns the catalog of a native file into a state.
struct StoreDecoder {
  private typealias Name = StoreNames.Attribute

  private let catalog: HDF5Catalog
  private let file: PositionalFile
  private let cache = ChunkCache()
  private let options: ReadOptions

  init(_ catalog: HDF5Catalog, file: PositionalFile, options: ReadOptions) {
    self.catalog = catalog
    self.file = file
    self.options = options
  }

  func state() throws -> TrainingState {
    var state = TrainingState(origin: try header())
    var contents = Contents()
    for object in catalog.objects {
      guard let dataset = object.dataset else { continue }
      contents.add(object.path.joined(separator: "/"), bytes: dataset.byteCount)
    }
    state.contents = contents
    let root = catalog.object("")?.attributes ?? [:]
    if case .text(let naming) = root[Name.naming] { state.naming = naming }
    if let source = catalog.object(StoreNames.source) {
      state.attributes = source.attributes.mapValues(AttributeValue.init)
    }
    let records = StoreRecords(catalog)
    try state.readOptimizer { state in
      state.schedule = try records.schedule([StoreNames.schedule])
      state.optimizer = try records.optimizer([StoreNames.optimizer])
      state.optimizers = try records.optimizers()
    }
    var extras: [(number: Int, tensor: StateTensor)] = []
    var variables: [ExactName: (index: Int64, variable: Variable)] = [:]
    for object in catalog.objects {
      guard let first = object.path.first else { continue }
      let path = object.path.joined(separator: "/")
      do {
        switch first {
        case StoreNames.source, StoreNames.schedule, StoreNames.optimizer, StoreNames.optimizers:
          continue
        case StoreNames.extras:
          if object.path.count == 1, object.dataset == nil { continue }
          extras.append((try number(ofExtra: object), try tensor(object, try extraName(object))))
        default:
          if object.dataset == nil {
            guard object.path.last != StoreNames.value else {
              throw StateError(.malformed, "a group stands where a dataset should")
            }
            // A file that a program made by hand may leave out the order; then names decide.
            let index = object.attributes[Name.index]
            let value = catalog.object("\(path)/\(StoreNames.value)")
            guard index != nil || (value != nil && value?.attributes[Name.role] == nil) else {
              continue
            }
            var variable = Variable(StoreNames.name(of: object.path), value: nil)
            try state.readOptimizer { _ in
              variable.step = try object.attributes[Name.step].map { try integer($0, Name.step) }
            }
            variables[ExactName(path)] = (
              try index.map { try integer($0, Name.index) } ?? .max, variable
            )
          } else {
            try place(object, &state, &variables)
          }
        }
      } catch let error as StateError {
        let own = error.inContext(tensor: "/" + path)
        guard first != StoreNames.extras, object.path.last != StoreNames.value,
          object.dataset != nil, error.code.concernsData
        else { throw own }
        // Whatever is wrong with a slot or the step, the parameters are there.
        state.fault = state.fault ?? own
      }
    }
    state.extras = extras.sorted { $0.number < $1.number }.map(\.tensor)
    state.variables = variables.values.sorted {
      ($0.index, ExactName($0.variable.name)) < ($1.index, ExactName($1.variable.name))
    }
    .map { entry in
      var variable = entry.variable
      variable.slots.sort {
        ($0.tensor.index ?? Int.max, $0.name) < ($1.tensor.index ?? Int.max, $1.name)
      }
      return variable
    }
    return state.fault == nil ? state : state.withParametersAlone()
  }

  /// Puts a dataset where it belongs: a variable's value, a slot, the step, or the optimizer's.
  private func place(
    _ object: HDF5Object,
    _ state: inout TrainingState,
    _ variables: inout [ExactName: (index: Int64, variable: Variable)]
  ) throws {
    let parent = ExactName(object.path.dropLast().joined(separator: "/"))
    let component = object.path[object.path.count - 1]
    let isValue = component == StoreNames.value
    let name = StoreNames.name(of: isValue ? Array(object.path.dropLast()) : object.path)
    let role = object.attributes[Name.role]
    if role == .text(StoreNames.optimizerRole) {
      state.optimizerTensors.append(try tensor(object, name))
    } else if role == .text(StoreNames.stepRole) || object.path == [StoreNames.globalStep] {
      guard state.globalStep == nil else {
        throw StateError(.malformed, "is a second global step")
      }
      var name = name
      if case .text(let own)? = object.attributes[Name.name] { name = own }
      let step = try tensor(object, name)
      let bytes =
        options.acceptsEdits
        ? try step.tensor.bytes(limit: 8)
        : try TensorPass.verifiedBytes(of: NamedTensor(name, step.tensor))
      state.globalStep = try GlobalStep(step, bytes: bytes)
    } else if variables[parent] != nil {
      if isValue {
        variables[parent]?.variable.value = try tensor(object, name)
      } else if let link = StoreNames.quantizedSlot(of: component) {
        guard catalog.object("\(parent.text)/\(link)")?.attributes[Name.block] != nil else {
          throw StateError(.malformed, "the part belongs to no slot in eight bits", expected: link)
        }
        state.contents?.claim(object.path.joined(separator: "/"), as: .slot)
      } else {
        let slot = SlotName(rawValue: StoreNames.slot(of: component))
        let tensor = try slotTensor(object, name, parent.text)
        let history = try SlotHistory(
          object.attributes,
          rows: tensor.tensor.shape.dimensions.first ?? 1
        )
        variables[parent]?.variable.slots.append(Slot(slot, tensor, history: history))
      }
    } else {
      throw StateError(
        .malformed,
        "the dataset belongs to no variable",
        remedy: "its group needs the attribute '\(Name.index)'"
      )
    }
  }

  /// A slot's tensor, put together from its parts where it is kept in eight bits.
  private func slotTensor(
    _ object: HDF5Object,
    _ name: String,
    _ parent: String
  ) throws -> StateTensor {
    var slot = try tensor(object, name)
    guard let block = object.attributes[Name.block] else { return slot }
    let component = object.path[object.path.count - 1]
    let parts = try [StoreNames.scalesPrefix, StoreNames.mapPrefix].map { prefix in
      guard let part = catalog.object("\(parent)/\(prefix)\(component)") else {
        throw StateError(
          .malformed,
          "the slot is kept in eight bits and has no \(prefix)\(component)"
        )
      }
      return try tensor(part, name).tensor
    }
    let count = try integer(block, Name.block)
    guard count > 0, let size = Int(exactly: count) else {
      throw StateError(.malformed, "a block of a slot has \(count) elements")
    }
    slot.tensor = try Quantization(
      codes: slot.tensor,
      scales: parts[0],
      map: parts[1],
      blockSize: size
    )
    .values()
    return slot
  }

  private func header() throws -> Origin {
    let root = catalog.object("")?.attributes ?? [:]
    guard root[Name.format] == .text(StoreNames.format) else {
      throw StateError(
        .unsupported,
        "an HDF5 file, but no optstate store",
        expected: "the attribute format = \"\(StoreNames.format)\" on the root group"
      )
    }
    guard let stated = root[Name.version] else {
      throw StateError(.malformed, "the store has no \(Name.version)")
    }
    let version = try integer(stated, Name.version)
    guard version == StoreNames.version else {
      throw StateError(
        .unsupported,
        "the store has another \(Name.version)",
        expected: "\(StoreNames.version)",
        found: "\(version)",
        remedy: "read it with a newer optstate"
      )
    }
    guard case .text(let sourceFormat) = root[Name.sourceFormat] else {
      throw StateError(.malformed, "the store has no \(Name.sourceFormat)")
    }
    guard case .text(let word) = root[Name.sourceFramework] else {
      return Origin(recorded: sourceFormat)
    }
    return Origin(sourceFormat, Origin.Framework(rawValue: word) ?? .unknown)
  }

  private func tensor(_ object: HDF5Object, _ name: String) throws -> StateTensor {
    guard let dataset = object.dataset else {
      throw StateError(.malformed, "a group stands where a dataset should")
    }
    var type: ElementType?
    var shape: Shape?
    if case .text(let word) = object.attributes[Name.type] {
      guard let known = ElementType(rawValue: word) else {
        throw StateError(.unsupported, "the element type '\(word)' is unknown")
      }
      type = known
      if known.byteWidth == nil {
        guard case .integers(let dimensions) = object.attributes[Name.shape] else {
          throw StateError(.malformed, "a dataset of \(word)s has no \(Name.shape)")
        }
        shape = try Shape(dimensions.map { Int($0) })
      }
    }
    var checksum: UInt32?
    if let stated = object.attributes[Name.checksum] {
      let value = try integer(stated, Name.checksum)
      guard let sum = UInt32(exactly: value) else {
        throw StateError(.malformed, "\(Name.checksum) is no 32-bit sum", found: "\(value)")
      }
      checksum = sum
    }
    var result = StateTensor(
      name,
      try dataset.tensor(in: file, cache: cache, as: type, shape: shape, checksum: checksum)
    )
    result.place = object.path.joined(separator: "/")
    if case .text(let sourceName) = object.attributes[Name.sourceName] {
      result.sourceName = sourceName
    }
    result.index = try object.attributes[Name.index].map { Int(try integer($0, Name.index)) }
    result.attributes = object.attributes.filter { !Name.ofDataset.contains($0.key) }
      .mapValues(AttributeValue.init)
    return result
  }

  private func number(ofExtra object: HDF5Object) throws -> Int {
    guard object.path.count == 2, let number = Int(object.path[1]), number >= 0,
      ExactName(String(number)) == ExactName(object.path[1])
    else { throw StateError(.malformed, "an extra has no number", expected: "0, 1, …") }
    return number
  }

  private func extraName(_ object: HDF5Object) throws -> String {
    guard case .text(let name) = object.attributes[Name.name] else {
      throw StateError(.malformed, "an extra has no \(Name.name)")
    }
    return name
  }

  private func integer(_ value: HDF5Value, _ name: String) throws -> Int64 {
    switch value {
    case .integer(let number): return number
    case .unsigned(let number): return Int64(number)
    default: throw StateError(.malformed, "the attribute '\(name)' is no integer")
    }
  }
}
