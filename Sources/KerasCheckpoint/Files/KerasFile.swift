internal import ByteIO
internal import HDF5
internal import Tensors
internal import TrainingState

/// An open HDF5 file of Keras: what it says about itself, and handles on its tensors.
struct KerasFile {
  let catalog: HDF5Catalog
  private let file: PositionalFile
  private let cache = ChunkCache()
  private let whole: Tensor?

  /// - Parameters:
  ///   - catalog: What the file says about itself.
  ///   - file: The file, or the archive that it is in.
  ///   - whole: The archive's member that the file is.
  init(_ catalog: HDF5Catalog, _ file: PositionalFile, in whole: Tensor? = nil) {
    self.catalog = catalog
    self.file = file
    self.whole = whole
  }

  /// A text attribute, `nil` where there is none.
  func text(_ name: String, of path: String) throws -> String? {
    switch catalog.object(path)?.attributes[name] {
    case .text(let text): return text
    case nil: return nil
    default: throw StateError(.malformed, "the attribute '\(name)' is no text", tensor: "/" + path)
    }
  }

  /// A list of names, put together where Keras had to split it; `nil` where there is none.
  ///
  /// An empty list is an empty list of numbers: NumPy makes it so.
  func names(_ name: String, of path: String) throws -> [String]? {
    let attributes = catalog.object(path)?.attributes ?? [:]
    if let whole = attributes[name] { return try list(whole, name, path) }
    guard attributes["\(name)0"] != nil else { return nil }
    var names: [String] = []
    var number = 0
    while let part = attributes["\(name)\(number)"] {
      names += try list(part, "\(name)\(number)", path)
      number += 1
    }
    return names
  }

  private func list(_ value: HDF5Value, _ name: String, _ path: String) throws -> [String] {
    switch value {
    case .texts(let names): return names
    case .reals(let none) where none.isEmpty: return []
    case .integers(let none) where none.isEmpty: return []
    default:
      throw StateError(
        .malformed,
        "the attribute '\(name)' is no list of names",
        tensor: "/" + path
      )
    }
  }

  /// A dataset as a tensor, its name in the hub still open.
  func tensor(_ path: String) throws -> Tensor {
    guard let object = catalog.object(path) else {
      throw StateError(.malformed, "the file names a dataset that it lacks", tensor: "/" + path)
    }
    do {
      guard let dataset = object.dataset else {
        throw StateError(.malformed, "a group stands where a dataset should")
      }
      let tensor = try dataset.tensor(in: file, cache: cache)
      guard let whole, tensor.byteCount > 0 else { return tensor }
      let source = GuardedSource(tensor.source, in: whole)
      return try Tensor(tensor.elementType, tensor.shape, source: source)
    } catch let error as StateError {
      throw error.inContext(file: file.path, tensor: "/" + path)
    }
  }

  /// The bytes of a small tensor.
  func bytes(_ path: String) throws -> [UInt8] {
    try TensorPass.verifiedBytes(of: NamedTensor("/" + path, try tensor(path)), limit: 64)
  }

  /// Every dataset, by its path.
  var contents: Contents {
    var contents = Contents()
    for object in catalog.objects {
      guard let dataset = object.dataset else { continue }
      contents.add(object.path.joined(separator: "/"), bytes: dataset.byteCount)
    }
    return contents
  }

  /// Paths of all datasets below a group.
  func datasets(below path: [String]) -> [String] {
    catalog.objects.filter { $0.dataset != nil && $0.path.starts(with: path) }
      .map { $0.path.joined(separator: "/") }
  }
}
