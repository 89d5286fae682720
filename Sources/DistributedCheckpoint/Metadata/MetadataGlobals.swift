internal import TorchContainer

extension PickleGlobals {
  /// The module that has the classes of a `.metadata` file.
  static let metadataModule = "torch.distributed.checkpoint.metadata"

  /// The module that has the classes of plans to save.
  static let plannerModule = "torch.distributed.checkpoint.planner"

  /// What a `.metadata` file needs: its own classes, and names of element types.
  ///
  /// Source: `torch/distributed/checkpoint/metadata.py` and `planner.py`, 2.3 to 2.15.
  static let metadata: PickleGlobals = {
    var uses: [String: [String: Use]] = [
      metadataModule: [
        "Metadata": .foreign, "TensorStorageMetadata": .foreign, "TensorProperties": .foreign,
        "ChunkStorageMetadata": .foreign, "BytesStorageMetadata": .foreign,
        "MetadataIndex": .foreign, "StorageMeta": .foreign, "_MEM_FORMAT_ENCODING": .callable,
      ],
      "torch.distributed.checkpoint.filesystem": ["_StorageInfo": .foreign],
      // What Megatron-Core keeps beside them to plan its next save.
      plannerModule: [
        "SavePlan": .foreign, "WriteItem": .foreign, "TensorWriteData": .foreign,
        "BytesIOWriteData": .foreign, "WriteItemType": .callable,
      ],
      "torch.serialization": ["_get_layout": .callable],
      "collections": ["OrderedDict": .stateful],
      "torch": Dictionary(uniqueKeysWithValues: TorchType.allNames.map { ($0, .constant) }),
    ]
    uses["torch"]?["Size"] = .callable
    for module in ["pathlib", "pathlib._local"] {
      uses[module] = Dictionary(
        uniqueKeysWithValues: ["PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"]
          .map { ($0, .callable) }
      )
    }
    return PickleGlobals(uses)
  }()
}
