internal import Tensors
internal import TorchContainer

/// Where the parameters of a group lie in the flat tensors of the ranks.
///
/// Source: DeepSpeed 0.19, `runtime/zero/stage_1_and_2.py` and `stage3.py`.
struct ZeroLayout {
  /// A parameter of a group.
  struct Member {
    let name: String
    let shape: Shape
    /// Its first element: in the group as a whole, or in every rank's part where parameters are cut one by one.
    let start: Int
  }

  let members: [Member]

  /// Elements of the group, or of a rank's part of it, with the gaps behind parameters.
  let count: Int

  private let cutsParameters: Bool

  /// Lays a group out.
  ///
  /// - Parameters:
  ///   - shapes: The parameters and their shapes, in the order in which they are flattened.
  ///   - gaps: Elements left free behind each, none where the list is empty.
  ///   - ranks: How many ranks there are.
  ///   - cutsParameters: Whether parameters are cut one by one.
  /// - Throws: `StateError` with code `malformed`.
  init(
    _ shapes: [(name: String, shape: Shape)],
    gaps: [Int],
    ranks: Int,
    cutsParameters: Bool
  ) throws {
    var members: [Member] = []
    var end = 0
    guard gaps.isEmpty || gaps.count == shapes.count, gaps.allSatisfy({ $0 >= 0 }) else {
      throw StateError(.malformed, "the gaps behind parameters are not as many as these")
    }
    for (index, (name, shape)) in shapes.enumerated() {
      members.append(Member(name: name, shape: shape, start: end))
      let own = shape.elementCount
      let part = cutsParameters ? own / ranks + (own % ranks == 0 ? 0 : 1) : own
      let (next, overflow) = end.addingReportingOverflow(part)
      let (last, carry) = next.addingReportingOverflow(gaps.isEmpty ? 0 : gaps[index])
      guard !overflow, !carry else {
        throw StateError(.malformed, "the sizes of a group's parameters overflow", tensor: name)
      }
      end = last
    }
    self.members = members
    count = end
    self.cutsParameters = cutsParameters
  }

  /// A parameter put together out of the ranks' parts.
  ///
  /// - Parameters:
  ///   - member: The parameter.
  ///   - parts: The flat tensors of all ranks, checked by ``check(_:_:)``.
  /// - Returns: The tensor in the parameter's shape.
  /// - Throws: `StateError` with code `malformed` when the parts do not hold it.
  func tensor(_ member: Member, from parts: [Tensor]) throws -> Tensor {
    let total = member.shape.elementCount
    let flat = Shape.vector(total)
    var pieces: [(block: TensorBlock, tensor: Tensor)] = []
    func add(_ part: Tensor, _ first: Int, _ count: Int, at start: Int) throws {
      if count <= 0 { return }
      let piece = try part.strided(
        part.elementType,
        .vector(count),
        strides: [1],
        offset: first
      )
      pieces.append((try TensorBlock(starts: [start], lengths: [count], in: flat), piece))
    }
    if cutsParameters {
      let own = total / parts.count + (total % parts.count == 0 ? 0 : 1)
      for (rank, part) in parts.enumerated() {
        let start = min(total, rank * own)
        try add(part, member.start, min(own, total - start), at: start)
      }
    } else {
      var begin = 0
      for part in parts {
        let end = begin + part.shape.elementCount
        let from = max(begin, member.start)
        try add(part, from - begin, min(end, member.start + total) - from, at: from - member.start)
        begin = end
      }
    }
    let type = parts.first?.elementType ?? .float32
    if pieces.count == 1 { return try pieces[0].tensor.reshaped(member.shape) }
    return try Tensor.assemble(type, flat, from: pieces).reshaped(member.shape)
  }

  /// Refuses parts that cannot hold the group.
  ///
  /// - Parameters:
  ///   - parts: The flat tensors of all ranks.
  ///   - names: The ranks' files.
  /// - Throws: `StateError` with code `malformed`, naming the rank's file.
  func check(_ parts: [Tensor], _ names: [String]) throws {
    var total = 0
    for (part, name) in zip(parts, names) {
      guard part.shape.rank == 1, part.elementType == parts[0].elementType else {
        throw StateError(
          .malformed,
          "a rank's part of a group is no vector of the type that the others have",
          file: name,
          found: "\(part.elementType.rawValue)\(part.shape)"
        )
      }
      guard !cutsParameters || part.shape.elementCount == count else {
        throw StateError(
          .malformed,
          "a rank's part of a group has not the size that its parameters take",
          file: name,
          expected: "\(count) elements for \(parts.count) ranks",
          found: "\(part.shape.elementCount)",
          remedy: "the file may be of a save with another number of ranks"
        )
      }
      total += part.shape.elementCount
    }
    // The last parts may have no fill, and gaps behind the last parameter need not be there.
    let needed = members.last.map { $0.start + $0.shape.elementCount } ?? 0
    guard cutsParameters || total >= needed else {
      throw StateError(
        .malformed,
        "the ranks' parts of a group are too small for its parameters",
        expected: "\(needed) elements",
        found: "\(total)",
        remedy: "a file may be of a save with another number of ranks"
      )
    }
  }
}
