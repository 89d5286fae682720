internal import ByteIO
internal import Tensors
internal import TrainingState

/// The attributes by which a state remembers how its files were laid out, so that they can be written
/// back identically.
enum Layout {
  /// Of the state: whose header the files had, where it is not the reference writer's.
  static let style = "safetensors.style"

  /// Of the state: that its file describes it.
  static let described = "safetensors.described"

  /// Of the state: names of the files of a sharded set.
  static let shards = "safetensors.shards"

  /// Of the state: what the index of a sharded set says of it, as JSON.
  static let indexMetadata = "safetensors.index_metadata"

  /// Of a tensor: the number of its file in a sharded set, where it is not the first.
  static let shard = "safetensors.shard"

  /// Of a variable: that the file has it as another name of a tensor.
  static let tied = "safetensors.tied"

  /// Name of the extras that hold a file's metadata as JSON, followed in a set of several by a colon
  /// and the number of the file.
  static let metadataExtra = SafetensorsFile.metadataName

  /// The name of the extra that holds a file's metadata.
  static func metadataExtra(_ shard: Int) -> String {
    shard == 0 ? metadataExtra : "\(metadataExtra):\(shard)"
  }

  /// A file's metadata as an extra.
  static func extra(_ metadata: [(name: String, text: String)], _ shard: Int) throws -> StateTensor
  {
    var object = JSONObject()
    for (name, text) in metadata { object[name] = .string(text) }
    let bytes = JSONValue.object(object).bytes(isCompact: true)
    return StateTensor(
      metadataExtra(shard),
      try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
    )
  }

  /// The metadata that an extra holds.
  static func metadata(_ extra: StateTensor) throws -> [(name: String, text: String)] {
    let bytes = try TensorPass.verifiedBytes(
      of: NamedTensor(extra.name, extra.tensor),
      limit: Limits[.headerBytes]
    )
    guard case .object(let object) = try JSONReader.value(of: bytes) else {
      throw StateError(.malformed, "the metadata is no object", tensor: extra.name)
    }
    return try object.members.map { name, value in
      guard case .string(let text) = value else {
        throw StateError(.malformed, "the metadata '\(name)' is no text", tensor: extra.name)
      }
      return (name, text)
    }
  }

  /// A tensor of the file as one of the state, an extra where the hub has no type for it.
  static func tensor(_ tensor: SafetensorsTensor, index: Int, shard number: Int) -> StateTensor {
    var result = StateTensor(tensor.name, tensor.tensor, index: index)
    if number > 0 { result.attributes[shard] = .int(Int64(number)) }
    if tensor.type.elementType == nil {
      result.attributes[StateTensor.foreignType] = .string(tensor.type.rawValue)
      result.attributes[StateTensor.foreignShape] = .string(
        tensor.shape.dimensions.map(String.init).joined(separator: ",")
      )
    }
    return result
  }

  /// A tensor of the state as one of a file.
  static func tensor(_ tensor: StateTensor) throws -> SafetensorsTensor {
    guard case .string(let word)? = tensor.attributes[StateTensor.foreignType],
      case .string(let sizes)? = tensor.attributes[StateTensor.foreignShape]
    else { return try SafetensorsTensor(tensor.name, tensor.tensor) }
    let dimensions = sizes.split(separator: ",").map { Int($0) }
    guard let type = SafetensorsType(rawValue: word), !dimensions.contains(nil) else {
      throw StateError(
        .malformed,
        "the attribute \(StateTensor.foreignType) or \(StateTensor.foreignShape) is damaged",
        tensor: tensor.name
      )
    }
    return try SafetensorsTensor(
      tensor.name,
      type,
      try Shape(dimensions.compactMap { $0 }),
      stored: tensor.tensor
    )
  }

  /// The number of a tensor's file.
  static func shard(of tensor: StateTensor) -> Int {
    if case .int(let number)? = tensor.attributes[shard] { Int(clamping: number) } else { 0 }
  }
}
