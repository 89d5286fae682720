public import ByteIO
internal import Tensors
internal import TrainingState

/// Whether every byte of a state is what its checksums say.
public struct Verification: Sendable {
  /// Something that does not hold.
  public struct Failure: Sendable {
    /// Name of the tensor, `nil` when the failure concerns no single one.
    public let tensor: String?
    /// What does not hold.
    public let message: String
  }

  /// Path that was verified.
  public let path: String

  /// Name of the format, `nil` when the state could not be opened because of a tensor's checksum.
  public let format: String?

  /// Tensors that were read.
  public private(set) var tensorCount = 0

  /// Bytes that were read.
  public private(set) var byteCount = 0

  /// What does not hold, none for a sound state.
  public private(set) var failures: [Failure] = []

  /// Tensors for which the file records no sum.
  public private(set) var withoutChecksum: [String] = []

  /// Reads everything and compares it with the checksums on record.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix.
  ///   - readOptions: What the files themselves do not say.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when the state cannot be read for another reason than a checksum.
  /// - Complexity: O(bytes) time.
  public init(
    _ path: String,
    readOptions: ReadOptions = ReadOptions(),
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) throws {
    self.path = path
    let state: TrainingState
    do {
      let opened = try StateFormats.open(path, options: readOptions)
      (state, format) = (opened.state, opened.format)
    } catch let error as StateError where error.code == .checksumMismatch && error.tensor != nil {
      format = nil
      failures = [Failure(tensor: error.tensor, message: error.description)]
      return
    }
    let tensors = state.allTensors.flatMap { Self.summed(NamedTensor($0.name, $0.tensor)) }
    tensorCount = tensors.count
    byteCount = tensors.reduce(0) { $0 + $1.tensor.byteCount }
    withoutChecksum = tensors.filter {
      $0.tensor.checksum == nil && !Self.verifiesItself($0.tensor)
    }
    .map(\.name)
    do {
      for (tensor, sum) in zip(tensors, try TensorPass.sums(tensors, progress: progress)) {
        check {
          try TensorPass.check(tensor, sum)
          try (tensor.tensor.source as? any VerifiableSource)?.verify()
        }
      }
    } catch let error as StateError where error.code.concernsData {
      // One tensor cannot even be read: find out which, and verify the others nevertheless.
      failures = []
      for tensor in tensors {
        check {
          do {
            try TensorPass.check(tensor, try TensorPass.sums([tensor])[0])
            try (tensor.tensor.source as? any VerifiableSource)?.verify()
          } catch let error as StateError {
            throw error.inContext(tensor: tensor.name)
          }
        }
      }
    }
  }

  private mutating func check(_ body: () throws -> Void) {
    do {
      try body()
    } catch let error as StateError {
      failures.append(
        Failure(tensor: error.tensor, message: error.inContext(file: path).description)
      )
    } catch {
      failures.append(Failure(tensor: nil, message: "\(error)"))
    }
  }

  /// The tensors whose sums vouch for a tensor: itself, or what a view of it draws from.
  private static func summed(_ tensor: NamedTensor) -> [NamedTensor] {
    let origins = tensor.tensor.source.origins
    guard tensor.tensor.checksum == nil, !origins.isEmpty else { return [tensor] }
    return origins.flatMap { summed(NamedTensor(tensor.name, $0)) }
  }

  /// Strings and variants are verified whenever they are decoded, members of archives by their own sum.
  private static func verifiesItself(_ tensor: Tensor) -> Bool {
    tensor.elementType.byteWidth == nil || tensor.byteCount == 0
      || tensor.source is any VerifiableSource
  }

  /// Whether everything holds.
  public var isSound: Bool { failures.isEmpty }

  /// The report as `verify --json` prints it.
  public var json: JSONValue {
    .object([
      "format": JSONValue(format),
      "sound": .bool(isSound),
      "tensors": .int(Int64(tensorCount)),
      "bytes": .int(Int64(byteCount)),
      "failures": .array(
        failures.map {
          .object(["tensor": JSONValue($0.tensor), "message": .string($0.message)])
        }
      ),
      "without_checksum": .array(withoutChecksum.map(JSONValue.string)),
    ])
  }
}
