public import ByteIO
internal import StateConversion
internal import Synchronization
internal import Tensors
public import TrainingState

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
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
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
    let parts = state.allTensors.flatMap { Self.summed(NamedTensor($0.name, $0.tensor)) }
    var seen: Set<ObjectIdentifier> = []
    let members = parts.filter { part in
      part.tensor.checksum == nil && part.tensor.source is any VerifiableSource
        && seen.insert(ObjectIdentifier(part.tensor.source)).inserted
    }
    let tensors = parts.filter { !seen.contains(ObjectIdentifier($0.tensor.source)) }
    tensorCount = parts.count
    withoutChecksum = tensors.filter { !$0.tensor.isVouchedFor }.map(\.name)
    let whole = (tensors + members).reduce(0) { $0 + $1.tensor.byteCount }
    byteCount = whole
    try verify(tensors) { done, _ in try progress?(done, whole) }
    try verify(members: members)
    if !members.isEmpty { try progress?(whole, whole) }
  }

  /// Compares tensors with sums of their own.
  private mutating func verify(
    _ tensors: [NamedTensor],
    progress: @escaping @Sendable (Int, Int) throws -> Void
  ) throws {
    do {
      for (tensor, sum) in zip(tensors, try TensorPass.sums(tensors, progress: progress)) {
        try check {
          try TensorPass.check(tensor, sum)
          try Self.checkTexts(tensor)
        }
      }
    } catch let error as StateError where error.code.concernsData {
      // One tensor cannot even be read: find out which, and verify the others nevertheless.
      failures = []
      for tensor in tensors {
        try check {
          do {
            try TensorPass.check(tensor, try TensorPass.sums([tensor])[0])
            try Self.checkTexts(tensor)
          } catch let error as StateError {
            throw error.inContext(tensor: tensor.name)
          }
        }
      }
    }
  }

  /// Checks that a tensor of texts has the bytes that its lengths promise.
  private static func checkTexts(_ tensor: NamedTensor) throws {
    guard tensor.tensor.elementType == .string else { return }
    do {
      let bytes = try tensor.tensor.bytes()
      _ = try StringTensor.decode(bytes, count: tensor.tensor.shape.elementCount)
    } catch let error as StateError {
      throw error.inContext(tensor: tensor.name)
    }
  }

  /// Compares the members of archives with theirs, several at a time.
  private mutating func verify(members: [NamedTensor]) throws {
    let outcomes = Mutex([Int: StateError]())
    try Workers.forEach(
      count: members.count,
      makeState: {},
      body: { _, index in
        do {
          try (members[index].tensor.source as? any VerifiableSource)?.verify()
        } catch let error as StateError {
          outcomes.withLock { $0[index] = error.inContext(tensor: members[index].name) }
        }
      }
    )
    for (_, error) in outcomes.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      try check { throw error }
    }
  }

  private mutating func check(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as StateError where error.code.concernsData {
      failures.append(
        Failure(tensor: error.tensor, message: error.inContext(file: path).description)
      )
    }
  }

  /// The tensors whose sums vouch for a tensor: itself, or what a view of it draws from.
  private static func summed(_ tensor: NamedTensor) -> [NamedTensor] {
    let origins = tensor.tensor.source.origins
    guard tensor.tensor.checksum == nil, !origins.isEmpty else { return [tensor] }
    return origins.flatMap { summed(NamedTensor(tensor.name, $0)) }
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
