internal import ByteIO
internal import Tensors
internal import TorchContainer

/// What the ranks of a ZeRO checkpoint keep of the optimizer: for each group of parameters one flat tensor of every
/// kind, each rank a part of it.
struct ZeroRanks {
  /// A rank's file.
  struct Rank {
    let name: String
    let path: String
    let file: TorchFile
    let state: PickleValue
  }

  let ranks: [Rank]

  /// Whether parameters are cut one by one, as stage 3 does, rather than their group as a whole.
  let cutsParameters: Bool

  /// Opens all ranks' files.
  init(_ files: ZeroFiles) throws {
    ranks = try files.optimizers.map { name in
      let path = FileSystem.path(files.folder, name)
      let file = try files.open(name)
      guard let state = file.tree["optimizer_state_dict"], state.items != nil else {
        throw StateError(.malformed, "the file has no optimizer_state_dict", file: path)
      }
      return Rank(name: name, path: path, file: file, state: state)
    }
    cutsParameters = ranks.first?.state["fp32_flat_groups"] != nil
    for rank in ranks where (rank.state["fp32_flat_groups"] != nil) != cutsParameters {
      throw StateError(.malformed, "the ranks are of different stages of ZeRO", file: rank.path)
    }
  }

  /// The stage that the files say, `nil` where they say none.
  var stage: Int64? {
    guard let value = ranks.first?.state["zero_stage"] else { return nil }
    if let number = value.int { return number }
    guard case .call(let call)? = value.object?.content else { return nil }
    return call.arguments.elements?.first?.int
  }

  /// What a rank keeps for a group: a dictionary of tensors and numbers.
  func entry(_ rank: Rank, _ group: Int) -> PickleValue? {
    let base =
      cutsParameters ? rank.state["optimizer_state_dict"] : rank.state["base_optimizer_state"]
    if let list = base?.elements { return list.indices.contains(group) ? list[group] : nil }
    return base?["state"]?.items?.first { $0.key.int == Int64(group) }?.value
  }

  /// The groups' settings in a rank's file, empty where an elastic checkpoint has none.
  func settings(of rank: Rank) -> [PickleValue] {
    let key = cutsParameters ? "optimizer_state_dict" : "base_optimizer_state"
    return rank.state[key]?["param_groups"]?.elements ?? []
  }

  /// A rank's part of the float32 masters of a group.
  func master(_ rank: Rank, _ group: Int) throws -> Tensor? {
    let key = cutsParameters ? "fp32_flat_groups" : "single_partition_of_fp32_groups"
    guard let list = rank.state[key]?.elements, list.indices.contains(group) else { return nil }
    return try tensor(list[group], rank)
  }

  /// The tensor that a value is, `nil` where it is none; a vector, however it was laid out.
  func tensor(_ value: PickleValue, _ rank: Rank) throws -> Tensor? {
    guard let object = value.object else { return nil }
    do {
      guard let description = try TorchTensor(object) else { return nil }
      return try rank.file.tensor(description)
    } catch let error as StateError {
      throw error.inContext(file: rank.path)
    }
  }
}
