internal import ByteIO
package import Tensors

/// A file of PyTorch's: a tree of data, and the storages that its tensors are views of.
package final class TorchFile {
  /// The tree that the pickle holds.
  package let tree: PickleValue

  /// The pickle itself.
  package let pickle: [UInt8]

  /// The other records of the archive in their order, storages together as one.
  package let records: [TorchRecord]

  /// The folder that all records lie in.
  package let root: String

  /// A sum over the sums of all storages, `nil` where the container has none.
  package let contents: String?

  private let path: String
  private var storages: [ExactName: Tensor]
  private var views: [ViewKey: Tensor] = [:]

  private struct ViewKey: Hashable {
    let key: ExactName
    let type: ElementType
    let offset: Int
    let shape: Shape
    let strides: [Int]
  }

  package init(
    path: String,
    pickle: [UInt8],
    tree: PickleValue,
    storages: [ExactName: Tensor],
    records: [TorchRecord],
    root: String,
    contents: String? = nil
  ) {
    self.contents = contents
    self.path = path
    self.pickle = pickle
    self.tree = tree
    self.storages = storages
    self.records = records
    self.root = root
  }

  /// Opens a file of any generation.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - globals: The names that its pickle may refer to.
  /// - Returns: The file.
  /// - Throws: `StateError` when it is no such file, or malformed.
  package static func open(
    _ path: String,
    allowing globals: PickleGlobals
  ) throws -> TorchFile {
    let file = try PositionalFile.open(path)
    do {
      if try ZipArchive.recognizes(file) {
        return try TorchArchive.read(try ZipArchive(file, sumsMayLack: true), allowing: globals)
      }
      if try LegacyFile.isTar(file) {
        throw StateError(
          .unsupported,
          "a PyTorch file in the tar container of before 2017",
          remedy: "load it with an old PyTorch and save it again"
        )
      }
      return try LegacyFile.read(file, allowing: globals)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// The keys of all storages, sorted.
  package var keys: [ExactName] { storages.keys.sorted() }

  /// The storage of a key as bytes, `nil` where there is none.
  package func bytes(of key: ExactName) -> Tensor? { storages[key] }

  /// The storage of a key as bytes.
  package func storage(_ id: TorchStorageID) throws -> Tensor {
    guard let bytes = storages[ExactName(id.key)] else {
      throw StateError(.malformed, "the file has no storage '\(id.key)'")
    }
    return bytes
  }

  /// The data of a tensor; equal views of one storage have one source.
  package func tensor(_ description: TorchTensor) throws -> Tensor {
    let key = ViewKey(
      key: ExactName(description.storage.key),
      type: description.elementType,
      offset: description.offset,
      shape: description.shape,
      strides: description.strides
    )
    if let known = views[key] { return known }
    let bytes = try storage(description.storage)
    let (end, overflow) = description.storage.count.multipliedReportingOverflow(
      by: description.storage.type.width
    )
    guard !overflow, end == bytes.byteCount else {
      throw StateError(
        .malformed,
        "storage '\(description.storage.key)' has another size than the pickle says",
        expected:
          "\(description.storage.count) elements of \(description.storage.type.width) bytes",
        found: "\(bytes.byteCount) bytes"
      )
    }
    let made = try bytes.strided(
      description.elementType,
      description.shape,
      strides: description.strides,
      offset: description.offset
    )
    views[key] = made
    return made
  }
}

/// A record of an archive that holds no storage.
package struct TorchRecord {
  /// Stands for all storages in the order in which the pickle mentions them.
  package static let storages = "data/*"

  package let name: String
  package let content: [UInt8]
}
