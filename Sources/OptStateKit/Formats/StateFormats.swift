internal import ByteIO
internal import KerasCheckpoint
internal import NumPyArchive
internal import PyTorchCheckpoint
internal import Safetensors
internal import StateStore
internal import TensorFlowCheckpoint
internal import Tensors
internal import TrainerCheckpoint
public import TrainingState

/// The formats that states are read from and written in.
public enum StateFormats {
  private static let readers: [any StateReader.Type] = [
    StateStoreReader.self, TensorFlowReader.self, PyTorchReader.self, HuggingFaceReader.self,
    KerasArchiveReader.self, KerasWeightsReader.self, SafetensorsReader.self, NumPyReader.self,
  ]

  private static let writers: [any StateWriter.Type] = [
    StateStoreWriter.self, TensorFlowWriter.self, TensorFlowObjectWriter.self,
    KerasLegacyWriter.self, KerasArchiveWriter.self, KerasWeightsWriter.self,
    SafetensorsWriter.self, NumPyWriter.self, PyTorchWriter.self, HuggingFaceWriter.self,
  ]

  /// Names of the formats that can be written, as `--to` takes them.
  public static var writable: [String] { writers.map { $0.format } }

  /// Opens a state, whatever format it is in; no tensor is read.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix; its content decides, not its name.
  ///   - options: What the files themselves do not say.
  /// - Returns: The state and the name of its format.
  /// - Throws: `StateError` with code `notFound` when nothing is there, `unsupported` when it is no
  ///   state that is known, `malformed` and the like when it breaks its format's rules.
  public static func open(
    _ path: String,
    options: ReadOptions = ReadOptions()
  ) throws -> (state: TrainingState, format: String) {
    for reader in readers where try reader.recognizes(path) {
      let opened = try read(path, with: reader, options)
      do {
        try opened.state.checkNames()
      } catch let error as StateError {
        throw error.inContext(file: path)
      }
      return opened
    }
    switch FileSystem.kind(of: path) {
    case nil where FileSystem.isHidden(path):
      throw StateError(.inputOutput, "cannot be reached: Permission denied", file: path)
    case nil:
      throw StateError(
        .notFound,
        "no such file, directory or checkpoint prefix",
        file: path,
        remedy: "a TensorFlow checkpoint is named by its prefix, such as model.ckpt-20"
      )
    case .directory:
      throw StateError(
        .unsupported,
        "the directory holds no state that is known",
        file: path,
        expected: "a TensorFlow 'checkpoint' file in it"
      )
    case .other:
      throw StateError(.unsupported, "is no regular file", file: path)
    case .file:
      throw StateError(
        .unsupported,
        "the file is no state that is known",
        file: path,
        expected: readers.map { $0.format }.joined(separator: " or ")
      )
    }
  }

  private static func read(
    _ path: String,
    with reader: any StateReader.Type,
    _ options: ReadOptions
  ) throws -> (state: TrainingState, format: String) {
    // Several formats are HDF5 files, whose catalog is costly enough to be read once only.
    if reader == StateStoreReader.self { return try HDF5Formats.open(path, options) }
    let state = try reader.read(path, options: options)
    // A store remembers where its state came from; of every other format that is the format itself.
    return (state, reader.format == StateStoreReader.format ? reader.format : state.sourceFormat)
  }

  /// The format that an output is to have.
  ///
  /// - Parameters:
  ///   - path: The output's path, whose name may tell.
  ///   - requested: The format asked for.
  ///   - fallback: The format where neither tells.
  ///   - source: The format that the state was first read from: one name may stand for two formats.
  /// - Returns: One of ``writable``.
  /// - Throws: `StateError` with code `invalidArgument`, listing the choices.
  public static func output(
    _ path: String,
    requested: String?,
    fallback: String? = nil,
    source: String? = nil
  ) throws -> String {
    let choices = writable.joined(separator: ", ")
    if let requested {
      guard writable.contains(requested) else {
        throw StateError(
          .invalidArgument,
          "no format '\(requested)'",
          expected: "one of \(choices)"
        )
      }
      return requested
    }
    let name = FileSystem.name(of: path)
    // `.h5` says HDF5 and no more: a command that keeps the format of a legacy Keras file keeps it.
    if fallback == KerasLegacyWriter.format, name.hasSuffix(".h5"), !name.hasSuffix(".weights.h5") {
      return KerasLegacyWriter.format
    }
    // Lightning and others call torch's archives so: a command that keeps the format keeps theirs.
    if fallback == PyTorchWriter.format, name.hasSuffix(".ckpt") { return PyTorchWriter.format }
    if let told = told(by: name) ?? fallback, writable.contains(told) {
      // The name of a checkpoint does not show whether it holds an object graph.
      let hasGraph = source == TensorFlowObjectWriter.format && told == TensorFlowWriter.format
      return hasGraph ? TensorFlowObjectWriter.format : told
    }
    throw StateError(
      .invalidArgument,
      "the name does not tell the output's format",
      file: path,
      remedy: "pass --to with one of \(choices)"
    )
  }

  /// Writes a state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - path: The file, directory or prefix to make.
  ///   - format: One of ``writable``.
  ///   - options: How to write.
  /// - Throws: `StateError` as ``StateWriter/write(_:to:options:)``.
  public static func write(
    _ state: TrainingState,
    to path: String,
    format: String,
    options: WriteOptions = WriteOptions()
  ) throws {
    guard let writer = writers.first(where: { $0.format == format }) else {
      throw StateError(.invalidArgument, "no format '\(format)'")
    }
    if format != StateStoreWriter.format,
      state.variables.contains(where: { $0.slots.contains { !$0.history.isPlain } })
    {
      options.note?(
        "\(format) cannot record when slots were reset or that a correction is folded in; "
          + "an optstate store (.h5) can"
      )
    }
    if options.deflateLevel == nil { try checkRoom(for: state, at: path) }
    try writer.write(state, to: path, options: options)
  }

  /// Finds out before any work is done whether a tensor is larger than what is free: a typing error makes it so.
  private static func checkRoom(for state: TrainingState, at path: String) throws {
    let tensors = state.variables.flatMap { [$0.value].compactMap(\.self) + $0.slots.map(\.tensor) }
    guard let largest = tensors.max(by: { $0.tensor.byteCount < $1.tensor.byteCount }),
      let room = FileSystem.room(at: path), largest.tensor.byteCount > room
    else { return }
    throw StateError(
      .cannotCreate,
      "No space left on device: the tensor is larger than what is free",
      file: path,
      tensor: largest.name,
      expected: "at most \(room) bytes",
      found: "\(largest.tensor.byteCount)"
    )
  }

  private static func told(by name: String) -> String? {
    if name.hasSuffix(".weights.h5") { return KerasWeightsWriter.format }
    if name.hasSuffix(".keras") { return KerasArchiveWriter.format }
    if name.hasSuffix(".h5") || name.hasSuffix(".hdf5") { return StateStoreWriter.format }
    if name.hasSuffix(".index") || name.contains(".ckpt") { return TensorFlowWriter.format }
    if name.hasSuffix(".safetensors") || name.hasSuffix(".safetensors.index.json") {
      return SafetensorsWriter.format
    }
    if name.hasSuffix(".npz") || name.hasSuffix(".npy") { return NumPyWriter.format }
    if [".pt", ".pth", ".bin"].contains(where: name.hasSuffix) { return PyTorchWriter.format }
    return nil
  }
}
