internal import ByteIO
internal import Tensors
public import TrainingState

/// Bytes of a store that another program has changed, accepted with new checksums.
///
/// A store's sums tell damage from intent only as long as somebody answers for the intent: what differs is named, and
/// what is not selected must not differ.
public struct Reseal: Sendable {
  /// A tensor whose bytes are not those of its checksum.
  public struct Accepted: Sendable, Hashable {
    /// Its name.
    public let name: String

    /// The sum on record, `nil` where there was none.
    public let before: UInt32?

    /// The sum of its bytes.
    public let after: UInt32
  }

  /// What was accepted, in the state's order.
  public private(set) var accepted: [Accepted] = []

  /// Tensors that were read.
  public let tensorCount: Int

  /// The state, its changed tensors without the sums that no longer hold: whoever writes it makes new ones.
  public let state: TrainingState

  /// Compares every tensor of a state with its checksum.
  ///
  /// - Parameters:
  ///   - state: The state of a store, read with ``TrainingState/ReadOptions/acceptsEdits``.
  ///   - isSelected: Chooses the tensors that may differ, by their names.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` with code `checksumMismatch` where a tensor differs that is not selected, `unsupported` when
  ///   no tensor is selected.
  /// - Complexity: O(bytes) time.
  public init(
    _ state: TrainingState,
    isSelected: (String) -> Bool = { _ in true },
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    let tensors = state.allTensors.map { NamedTensor($0.name, $0.tensor) }
    let names = tensors.map(\.name)
    guard names.contains(where: isSelected) else {
      throw StateError(.unsupported, "no tensor is selected")
    }
    tensorCount = tensors.count
    let sums = try TensorPass.sums(tensors, progress: progress)
    var isChanged: [Bool] = []
    for (tensor, sum) in zip(tensors, sums) {
      let isAccepted = isSelected(tensor.name)
      if !isAccepted { try Self.checkUnselected(tensor, sum) }
      let differs =
        isAccepted && tensor.tensor.byteCount > 0
        && tensor.tensor.checksum != sum.value
      isChanged.append(differs)
      guard differs else { continue }
      accepted.append(
        Accepted(name: tensor.name, before: tensor.tensor.checksum, after: sum.value)
      )
    }
    self.state = try Self.unsealing(state, isChanged)
  }

  private static func checkUnselected(_ tensor: NamedTensor, _ sum: CRC32C) throws {
    do {
      try TensorPass.check(tensor, sum)
    } catch var error as StateError {
      error.remedy = "select the tensor with --match as well, or restore it from a copy"
      throw error
    }
  }

  /// The state without the sums of some of its tensors, which are in the order of `allTensors`.
  private static func unsealing(_ state: TrainingState, _ isChanged: [Bool]) throws -> TrainingState
  {
    var copy = state
    var place = 0
    func pass(_ tensor: inout StateTensor) {
      if isChanged[place] { tensor.tensor = tensor.tensor.withoutChecksum }
      place += 1
    }
    for variable in copy.variables.indices {
      if var value = copy.variables[variable].value {
        pass(&value)
        copy.variables[variable].value = value
      }
      for slot in copy.variables[variable].slots.indices {
        pass(&copy.variables[variable].slots[slot].tensor)
      }
    }
    if let step = copy.globalStep {
      var tensor = step.tensor
      pass(&tensor)
      copy.globalStep = try GlobalStep(tensor, bytes: try tensor.tensor.bytes(limit: 8))
    }
    for index in copy.optimizerTensors.indices { pass(&copy.optimizerTensors[index]) }
    for index in copy.extras.indices { pass(&copy.extras[index]) }
    return copy
  }
}

extension Tensor {
  /// The same bytes, for which nobody vouches.
  fileprivate var withoutChecksum: Tensor {
    Tensor(elementType, shape, byteCount: byteCount, source: source)
  }
}
