package import ByteIO
package import Tensors
package import TorchContainer
package import TrainingState

/// A file of PyTorch's to be written: a tree, its tensors, and how the archive is laid out.
package struct TorchOutput {
  /// A pickle of another protocol or of another program: it is written again where nothing in it changed.
  package struct Original {
    let encoded: [UInt8]
    let bytes: [UInt8]
  }

  let tree: PickleValue
  private let original: Original?
  package let storages: [StoragePlan.Storage]
  let records: [(name: String, content: [UInt8])]
  let root: String
  let contents: String?

  /// Names of the tensors.
  package let names: Set<ExactName>

  /// Prepares a file.
  ///
  /// - Parameters:
  ///   - tree: The tree.
  ///   - tensors: Its tensors.
  ///   - original: The pickle that the tree came from, where it is encoded in another way.
  ///   - nodes: Makes objects.
  ///   - state: Where the layout of an earlier file may be on record.
  ///   - prefix: Before the names of what belongs to this file.
  ///   - root: The folder of the records.
  ///   - note: Told of views that do not stay views.
  /// - Throws: `StateError` with code `unsupported` when PyTorch has no such elements, or what reading
  ///   throws.
  package init(
    _ tree: PickleValue,
    _ tensors: [StoragePlan.Node],
    original: Original? = nil,
    nodes: TorchNodes,
    state: TrainingState,
    prefix: String = "",
    root: String,
    note: ((String) -> Void)?
  ) throws {
    self.tree = tree
    self.original = original
    self.root = root
    names = Set(tensors.map { ExactName($0.name) })
    var bases: [ExactName: Tensor] = [:]
    var kept: [ExactName: StateTensor] = [:]
    for extra in state.extras {
      kept[ExactName(extra.name)] = extra
      let mark = prefix + TorchExtras.storage
      if extra.name.utf8.starts(with: mark.utf8) {
        bases[ExactName(String(extra.name.dropFirst(mark.count)))] = extra.tensor
      }
    }
    let plan = try StoragePlan(tensors, bases: bases, nodes: nodes)
    if let first = plan.separated.first {
      note?("\(plan.separated.count) tensors that shared a storage get one of their own: \(first)")
    }
    storages = plan.storages(of: tree, keepingUnmentioned: true)
    if case .strings(let order)? = state.attributes[TorchExtras.records + prefix] {
      records = try Self.withPlace(storages, in: order).map { name in
        guard let extra = kept[ExactName(prefix + TorchExtras.record + name)] else {
          return (name, [])
        }
        let named = NamedTensor(extra.name, extra.tensor)
        return (name, try TensorPass.verifiedBytes(of: named, limit: TorchArchive.recordLimit))
      }
    } else {
      records = TorchLayout.standard.map { ($0.name, Array($0.content.utf8)) }
    }
    if case .string(let sum)? = state.attributes[TorchExtras.contents + prefix] {
      contents = sum
    } else {
      contents = nil
    }
  }

  /// The order of an archive's records, with a place for storages where it had none of them.
  private static func withPlace(_ storages: [StoragePlan.Storage], in order: [String]) -> [String] {
    if storages.isEmpty || order.contains(TorchRecord.storages) { return order }
    var order = order
    let place = order.firstIndex(of: "version") ?? order.count
    order.insert(TorchRecord.storages, at: place)
    return order
  }

  /// Bytes of all storages.
  package var byteCount: Int {
    storages.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.tensor.byteCount } }
  }

  /// Begins the archive of a new file, whose content is streamed together with that of others.
  ///
  /// - Parameter file: An empty file, open for writing.
  /// - Returns: What writes it.
  /// - Throws: `StateError` as `ZipWriter.add(_:parts:)`.
  package func archive(in file: PositionalFile) throws -> ZipWriter {
    let writer = ZipWriter(file, layout: .pytorch)
    for (name, content) in TorchLayout.standard {
      switch name {
      case TorchRecord.storages:
        for storage in storages {
          try writer.add("\(root)/data/\(storage.key)", parts: storage.parts)
        }
      case "data.pkl": try writer.add("\(root)/data.pkl", bytes: PickleWriter.encode(tree))
      default: try writer.add("\(root)/\(name)", bytes: Array(content.utf8))
      }
    }
    return writer
  }

  /// Writes the archive.
  package func write(to file: PositionalFile, progress: TensorPass.Progress?) throws {
    let writer = ZipWriter(file, layout: .pytorch)
    var names: [String] = []
    for (name, content) in records {
      switch name {
      case TorchRecord.storages:
        for storage in storages {
          try writer.add("\(root)/data/\(storage.key)", parts: storage.parts)
          names.append("data/\(storage.key)")
        }
      case "data.pkl":
        let encoded = PickleWriter.encode(tree)
        let isSame = original?.encoded == encoded
        try writer.add("\(root)/data.pkl", bytes: isSame ? original?.bytes ?? encoded : encoded)
        names.append(name)
      case ".data/serialization_id":
        // It names the contents, and is PyTorch's own only as long as these are.
        let sums = try writer.stream(progress: progress)
        let stored = zip(names, sums).filter { $0.0.utf8.starts(with: "data/".utf8) }
        if TorchArchive.contentsSum(stored.map { ($0.0, $0.1) }) == contents {
          try writer.add("\(root)/\(name)", bytes: content)
          names.append(name)
        }
      default:
        try writer.add("\(root)/\(name)", bytes: content)
        names.append(name)
      }
    }
    try writer.finish(progress: progress)
  }
}
