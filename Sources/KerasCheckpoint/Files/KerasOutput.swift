internal import ByteIO
internal import HDF5
internal import Tensors
internal import TrainingState

/// An HDF5 file being written: groups and datasets at paths, their bytes in one pass at the end.
final class KerasOutput {
  /// Bytes that a list of names may take before Keras splits it.
  private static let listLimit = 64_512

  private let path: String
  private let file: HDF5File
  private var groups: [ExactName: HDF5Group] = [:]
  private var pending: [(tensor: NamedTensor, dataset: HDF5Dataset)] = []
  private var taken: Set<ExactName> = []

  /// Creates a file, which must not exist.
  init(_ path: String) throws {
    self.path = path
    file = try HDF5File(creating: path)
  }

  /// A group, made where it is missing, with those above it.
  @discardableResult
  func group(_ components: [String]) throws -> HDF5Group {
    guard let last = components.last else { return file.root }
    let key = ExactName(components.joined(separator: "/"))
    if let known = groups[key] { return known }
    guard !taken.contains(key) else {
      throw StateError(
        .unsupported,
        "HDF5 has no place for a name that another one continues",
        tensor: key.text
      )
    }
    let made = try group(Array(components.dropLast())).createGroup(last)
    groups[key] = made
    return made
  }

  /// Creates a dataset and remembers where its bytes come from.
  func add(_ tensor: Tensor, at components: [String], named name: String) throws {
    guard let last = components.last, last != "." else {
      throw StateError(.unsupported, "HDF5 has no place for this name", tensor: name)
    }
    guard tensor.elementType.byteWidth != nil else {
      throw StateError(
        .unsupported,
        "a Keras file has no place for \(tensor.elementType.rawValue)s",
        tensor: name
      )
    }
    let key = ExactName(components.joined(separator: "/"))
    guard groups[key] == nil, taken.insert(key).inserted else {
      throw StateError(.unsupported, "two tensors would have the same place", tensor: name)
    }
    let dataset = try group(Array(components.dropLast())).createDataset(
      last,
      tensor.elementType,
      tensor.shape.dimensions,
      asNumPy: true
    )
    if tensor.byteCount > 0 { pending.append((NamedTensor(name, tensor), dataset)) }
  }

  /// Gives a group a list of names, split as Keras splits it.
  func setNames(_ attribute: String, _ names: [String], of components: [String]) throws {
    let group = try group(components)
    let longest = names.map(\.utf8.count).max() ?? 0
    guard longest <= Self.listLimit else {
      throw StateError(.unsupported, "Keras takes no name of \(longest) bytes", tensor: names.first)
    }
    var parts = 1
    while (names.count + parts - 1) / parts * longest > Self.listLimit { parts += 1 }
    guard parts > 1 else { return try group.setByteStrings(attribute, names) }
    let (size, extra) = names.count.quotientAndRemainder(dividingBy: parts)
    var start = 0
    for part in 0..<parts {
      let end = start + size + (part < extra ? 1 : 0)
      try group.setByteStrings("\(attribute)\(part)", Array(names[start..<end]))
      start = end
    }
  }

  /// The file's bytes in order: its structure, and between it the tensors themselves.
  func parts() throws -> [NamedTensor] {
    try file.flush()
    let placed = try pending.map { entry in
      (tensor: entry.tensor, offset: try offset(of: entry))
    }
    try file.close()
    let skeleton = try PositionalFile.openForWriting(path)
    var parts: [NamedTensor] = []
    var end = 0
    func addStructure(until next: Int) throws {
      guard next > end else { return }
      let source = FileSource(skeleton, at: end)
      let tensor = try Tensor(.uint8, .vector(next - end), source: source)
      parts.append(NamedTensor("the weights' structure", tensor))
    }
    for (tensor, offset) in placed.sorted(by: { $0.offset < $1.offset }) {
      try addStructure(until: offset)
      parts.append(tensor)
      end = offset + tensor.tensor.byteCount
    }
    try addStructure(until: try skeleton.size())
    return parts
  }

  private func offset(of entry: (tensor: NamedTensor, dataset: HDF5Dataset)) throws -> Int {
    guard let offset = try entry.dataset.offset() else {
      throw StateError(.cannotCreate, "the dataset has no place", tensor: entry.tensor.name)
    }
    return offset
  }

  /// Gives every dataset its bytes, verified on the way.
  func finish(progress: TensorPass.Progress?) throws {
    try file.flush()
    let target = try PositionalFile.openForWriting(path)
    let placements = try pending.map { entry in
      TensorPass.Placement(entry.tensor, file: target, offset: try offset(of: entry))
    }
    try file.close()
    _ = try TensorPass.copy(placements, progress: progress)
  }
}
