internal import Tensors
internal import TorchContainer

/// The flat tensors of a checkpoint's groups, and how ranks share them.
///
/// Stages 1 and 2 cut a group as a whole, each rank an equal part with fill behind the last; stage 3 cuts every
/// parameter, and its groups are parts of the optimizer's.
struct ZeroCut {
  /// A flat tensor in parts.
  struct Parts {
    fileprivate let parts: [Tensor]

    /// A rank's part.
    func part(of rank: Int) throws -> Tensor { parts[rank] }
  }

  /// A group.
  struct Group {
    /// Which of the optimizer's groups it is, or is of.
    let source: Int
    /// The parameters in the order in which they are flattened.
    let members: [ZeroContent.Member]
    /// Where each begins.
    let starts: [Int]
    /// Elements left free behind each.
    let gaps: [Int]
    /// Elements of a rank's part.
    let part: Int
    /// Elements of all parameters and gaps.
    let count: Int
    let slots: [(key: String, parts: Parts)]
    let numbers: [(key: String, value: PickleValue)]
    fileprivate let masters: Parts
    fileprivate let leavesFill: Bool

    /// Elements of a rank's part behind the last parameter.
    func padding(of rank: Int) -> Int { min(max((rank + 1) * part - count, 0), part) }

    /// A rank's part of the masters, which DeepSpeed saves without the fill.
    func master(of rank: Int) throws -> Tensor {
      let whole = try masters.part(of: rank)
      guard leavesFill, padding(of: rank) > 0 else { return whole }
      let count = whole.shape.elementCount - padding(of: rank)
      return try whole.slice(try TensorBlock(starts: [0], lengths: [count], in: whole.shape))
    }
  }

  let groups: [Group]

  /// Whether parameters are cut one by one, as stage 3 does.
  let cutsParameters: Bool

  /// Cuts a checkpoint's content.
  ///
  /// - Parameters:
  ///   - content: What it holds.
  ///   - ranks: How many ranks there are to be.
  /// - Throws: `StateError` with code `unsupported` when members of a group have other slots or counts than the rest.
  init(_ content: ZeroContent, ranks: Int) throws {
    let own = content.record[ZeroExtras.optimizer]
    let config = content.record[ZeroExtras.rest]?["ds_config"]?["zero_optimization"]
    cutsParameters = Self.stage(own) == 3
    if cutsParameters {
      let limit = config?["sub_group_size"]?.number ?? 1e9
      groups = try content.groups.enumerated().flatMap { index, group in
        try Self.subgroups(group, ranks, limit).map { members in
          try Self.cutEach(members, index, ranks)
        }
      }
      return
    }
    let alignment = ZeroLayout.alignment(config, content.type)
    let alternates = config?["round_robin_gradients"]?.bool == true
    groups = try content.groups.enumerated().map { index, group in
      var members = group.members
      if alternates {
        members = RoundRobin.order(members.count, ranks: ranks).map { group.members[$0] }
      }
      return try Self.cutWhole(
        members,
        index,
        ranks,
        alignment: alignment,
        leavesFill: own == nil || own?["zero_stage"] != nil
      )
    }
  }

  private static func stage(_ record: PickleValue?) -> Int64? {
    guard let value = record?["zero_stage"] else { return nil }
    if let number = value.int { return number }
    guard case .call(let call)? = value.object?.content else { return nil }
    return call.arguments.elements?.first?.int
  }

  // MARK: Stages 1 and 2

  private static func cutWhole(
    _ members: [ZeroContent.Member],
    _ source: Int,
    _ ranks: Int,
    alignment: Int,
    leavesFill: Bool
  ) throws -> Group {
    let counts = members.map(\.master.shape.elementCount)
    let gaps = ZeroLayout.gaps(behind: counts, alignment: alignment)
    var starts: [Int] = []
    var end = 0
    for (count, gap) in zip(counts, gaps) {
      starts.append(end)
      end += count + gap
    }
    let part = ZeroLayout.part(of: end, ranks: ranks)
    func flat(_ tensors: [Tensor]) throws -> Parts {
      let whole = Shape.vector(part * ranks)
      var pieces: [(block: TensorBlock, tensor: Tensor)] = []
      var position = 0
      func add(_ tensor: Tensor) throws {
        let count = tensor.shape.elementCount
        if count == 0 { return }
        let block = try TensorBlock(starts: [position], lengths: [count], in: whole)
        pieces.append((block, try tensor.reshaped(.vector(count))))
        position += count
      }
      for (tensor, gap) in zip(tensors, gaps) {
        try add(tensor)
        try add(try Tensor.constant(0, .float32, .vector(gap)))
      }
      try add(try Tensor.constant(0, .float32, .vector(part * ranks - position)))
      let group = try Tensor.assemble(.float32, whole, from: pieces)
      return Parts(
        parts: try (0..<ranks).map { rank in
          try group.slice(try TensorBlock(starts: [rank * part], lengths: [part], in: whole))
        }
      )
    }
    return Group(
      source: source,
      members: members,
      starts: starts,
      gaps: gaps,
      part: part,
      count: end,
      slots: try slots(members).map { ($0.key, try flat($0.tensors)) },
      numbers: try numbers(members),
      masters: try flat(members.map(\.master)),
      leavesFill: leavesFill
    )
  }

  // MARK: Stage 3

  /// A rank's piece of a parameter, its last elements fill where the ranks do not divide it.
  static func piece(of tensor: Tensor, _ rank: Int, _ ranks: Int) throws -> Tensor {
    let count = tensor.shape.elementCount
    let own = (count + ranks - 1) / ranks
    let start = min(rank * own, count)
    let end = min(start + own, count)
    let flat = try tensor.reshaped(.vector(count))
    let piece = try flat.slice(
      try TensorBlock(starts: [start], lengths: [end - start], in: flat.shape)
    )
    if end - start == own { return piece }
    let whole = Shape.vector(own)
    let fill = try Tensor.constant(0, tensor.elementType, .vector(own - (end - start)))
    return try Tensor.assemble(
      tensor.elementType,
      whole,
      from: [
        (try TensorBlock(starts: [0], lengths: [end - start], in: whole), piece),
        (
          try TensorBlock(starts: [end - start], lengths: [own - (end - start)], in: whole),
          fill
        ),
      ]
    )
  }

  /// The groups that a group's parameters are taken together in: as soon as a rank's pieces reach the limit, one ends.
  private static func subgroups(
    _ group: ZeroContent.Group,
    _ ranks: Int,
    _ limit: Double
  ) -> [[ZeroContent.Member]] {
    var all: [[ZeroContent.Member]] = []
    var members: [ZeroContent.Member] = []
    var size = 0
    for member in group.members {
      members.append(member)
      size += (member.master.shape.elementCount + ranks - 1) / ranks
      if Double(size) >= limit {
        all.append(members)
        members = []
        size = 0
      }
    }
    return members.isEmpty ? all : all + [members]
  }

  private static func cutEach(
    _ members: [ZeroContent.Member],
    _ source: Int,
    _ ranks: Int
  ) throws -> Group {
    var starts: [Int] = []
    var end = 0
    for member in members {
      starts.append(end)
      end += (member.master.shape.elementCount + ranks - 1) / ranks
    }
    let whole = Shape.vector(end)
    func flat(_ tensors: [Tensor]) throws -> Parts {
      Parts(
        parts: try (0..<ranks).map { rank in
          let pieces = try zip(tensors, starts).map { tensor, start in
            let piece = try piece(of: tensor, rank, ranks)
            let count = piece.shape.elementCount
            return (
              block: try TensorBlock(starts: [start], lengths: [count], in: whole), tensor: piece
            )
          }
          return try Tensor.assemble(.float32, whole, from: pieces)
        }
      )
    }
    return Group(
      source: source,
      members: members,
      starts: starts,
      gaps: [],
      part: end,
      count: end,
      slots: try slots(members).map { ($0.key, try flat($0.tensors)) },
      numbers: try numbers(members),
      masters: try flat(members.map(\.master)),
      leavesFill: false
    )
  }

  // MARK: What members have in common

  private static func slots(
    _ members: [ZeroContent.Member]
  ) throws -> [(key: String, tensors: [Tensor])] {
    try (members.first?.slots ?? []).map { key, _ in
      let tensors = try members.map { member -> Tensor in
        guard member.slots.count == members[0].slots.count,
          let slot = member.slots.first(where: { $0.key == key })
        else { throw differs(member.name) }
        return slot.tensor
      }
      return (key, tensors)
    }
  }

  private static func numbers(
    _ members: [ZeroContent.Member]
  ) throws -> [(key: String, value: PickleValue)] {
    guard let first = members.first else { return [] }
    for member in members {
      guard member.slots.isEmpty == first.slots.isEmpty,
        member.numbers.count == first.numbers.count,
        zip(member.numbers, first.numbers).allSatisfy({ one, other in
          one.key == other.key && one.value.number == other.value.number
        })
      else { throw differs(member.name) }
    }
    return first.numbers
  }

  private static func differs(_ name: String) -> StateError {
    StateError(
      .unsupported,
      "ZeRO keeps slots and counts for whole groups, and the variable has others than its group",
      tensor: name,
      remedy: "reset what is missing, say one step with optstate set --step, or leave the slots out"
    )
  }
}
