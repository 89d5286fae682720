internal import ByteIO
internal import DeepSpeedCheckpoint
internal import DistributedCheckpoint
internal import JAXCheckpoint
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
  /// Every format, in the order in which inputs are looked at.
  public static let all: [StateFormat] = [
    .native, .kerasLegacy, .kerasWeights, .tensorFlow, .tensorFlowObject, .pyTorch,
    .deepSpeedUniversal, .deepSpeed, .accelerate, .huggingFace, .kerasArchive, .safetensors, .numPy,
    .distributed, .flax, .orbax,
  ]

  /// Names of the formats that can be written, as `--to` takes them.
  public static var writable: [String] { all.filter { $0.writer != nil }.map(\.name) }

  /// Name of the library's own format.
  public static let store = StateFormat.native.name

  /// Finds a format.
  ///
  /// - Parameter name: A format's name.
  /// - Returns: The format, `nil` where there is none of that name.
  public static func named(_ name: String) -> StateFormat? { all.first { $0.name == name } }

  /// Opens a state, whatever format it is in; no tensor is read.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix; its content decides, not its name.
  ///   - options: What the files themselves do not say.
  /// - Returns: The state and the name of its format.
  /// - Throws: `StateError` with code `notFound` when nothing is there, `unsupported` when it is no
  ///   state that is known, `malformed` and the like when it breaks its format's rules,
  ///   `invalidArgument` when it has no optimizer of the name that is meant.
  public static func open(
    _ path: String,
    options: ReadOptions = ReadOptions()
  ) throws -> (state: TrainingState, format: String) {
    let probe = StateProbe(path)
    try ForeignInput.refusePart(probe)
    for format in all {
      guard let reader = format.reader, try reader.recognizes(probe) else { continue }
      var state = try reader.read(probe, options: options)
      do {
        try state.sound(options).checkNames()
        state.drawUpAccount()
        if let name = options.optimizerName { state = try state.choosing(name) }
      } catch let error as StateError {
        throw error.inContext(file: path)
      }
      // A store remembers where its state came from; of every other format that is the format itself.
      return (state, format.name == StateFormat.native.name ? format.name : state.origin.format)
    }
    try ForeignInput.refuseStranger(probe)
    switch probe.kind {
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
        expected: all.filter { $0.reader != nil }.map(\.name).joined(separator: " or ")
      )
    }
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
    if let told = told(by: FileSystem.name(of: path), fallback) ?? fallback.flatMap(named),
      told.writer != nil
    {
      let variant = source.flatMap(named)
      return variant?.variantOf == told.name ? variant?.name ?? told.name : told.name
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
    guard let target = named(format), let writer = target.writer else {
      throw StateError(.invalidArgument, "no format '\(format)'")
    }
    let state = state.whole
    if !target.abilities.contains(.severalOptimizers) {
      do {
        try state.checkIsOfOneOptimizer()
      } catch var error as StateError {
        error.file = path
        error.expected = "one optimizer: \(format) holds no more"
        throw error
      }
    }
    if !target.abilities.contains(.quantizedSlots) { try state.refuseQuantizedSlots() }
    // Numbers of PyTorch's optimizers are names to nobody else.
    if target.origin.framework != .pytorch, !target.abilities.contains(.anyState) {
      try state.refuseNumberedSlots()
    }
    if !target.abilities.contains(.histories),
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

  /// The format that a file's name speaks for most; of formats that share a suffix, the one that is to be kept.
  private static func told(by name: String, _ fallback: String?) -> StateFormat? {
    let claims = all.compactMap { format in format.claim(on: name).map { (format, $0) } }
    guard let longest = claims.map(\.1).max() else { return nil }
    let best = claims.filter { $0.1 == longest }.map(\.0)
    return best.first { $0.name == fallback } ?? best.first
  }
}
