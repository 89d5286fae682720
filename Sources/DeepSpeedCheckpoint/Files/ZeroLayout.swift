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

  /// Elements left free behind parameters, so that each but the first begins at a multiple.
  ///
  /// - Parameters:
  ///   - counts: The parameters' elements.
  ///   - alignment: The multiple.
  /// - Returns: One number for each, 0 for the last.
  static func gaps(behind counts: [Int], alignment: Int) -> [Int] {
    var end = 0
    return counts.enumerated().map { index, count in
      end += count
      let gap = index == counts.count - 1 ? 0 : (alignment - end % alignment) % alignment
      end += gap
      return gap
    }
  }

  /// The multiple of elements at which parameters begin.
  ///
  /// - Parameters:
  ///   - config: What the run's configuration says of ZeRO.
  ///   - type: The type that the model computes in.
  /// - Returns: The multiple, 1 where parameters follow one another.
  static func alignment(_ config: PickleValue?, _ type: ElementType) -> Int {
    guard config?["parameter_alignment"]?.bool == true else { return 1 }
    return 16 / min(16, type.byteWidth ?? 4)
  }

  /// Elements of a rank's part of a group that is cut as a whole.
  ///
  /// - Parameters:
  ///   - count: The group's elements.
  ///   - ranks: How many ranks there are.
  /// - Returns: The elements, an even number.
  static func part(of count: Int, ranks: Int) -> Int {
    let unit = 2 * ranks
    return (count / unit + (count % unit == 0 ? 0 : 1)) * 2
  }

  /// The parameters that a rank has elements of.
  ///
  /// - Parameters:
  ///   - rank: The rank.
  ///   - ranks: How many there are.
  /// - Returns: The parameters.
  func members(of rank: Int, ranks: Int) -> [Member] {
    let part = Self.part(of: count, ranks: ranks)
    return members.filter { member in
      let own = member.shape.elementCount
      if cutsParameters { return rank * (own / ranks + (own % ranks == 0 ? 0 : 1)) < own }
      return max(member.start, rank * part) < min(member.start + own, (rank + 1) * part)
    }
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
    if !cutsParameters { try checkEqual(parts, names) }
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

  /// Refuses parts that are not of one cut: they are equally long, but for fill that is left out at the end.
  private func checkEqual(_ parts: [Tensor], _ names: [String]) throws {
    let counts = parts.map(\.shape.elementCount)
    let usual = Self.part(of: count, ranks: parts.count)
    let part = counts.contains(usual) ? usual : counts.max() ?? 0
    var left = count
    for (own, name) in zip(counts, names) {
      let filled = min(part, left)
      guard own == part || own == filled else {
        throw StateError(
          .malformed,
          "the ranks' parts of a group are of different cuts",
          file: name,
          expected: "\(part) elements as in another rank's",
          found: "\(own)",
          remedy: "the file may be of a save with another number of ranks"
        )
      }
      left -= filled
    }
  }
}
