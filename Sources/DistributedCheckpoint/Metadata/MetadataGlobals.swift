internal import TorchContainer

extension PickleGlobals {
  /// The module that has the classes of a `.metadata` file.
  static let metadataModule = "torch.distributed.checkpoint.metadata"

  /// What a `.metadata` file needs: its own classes, and names of element types.
  ///
  /// Source: `torch/distributed/checkpoint/metadata.py`, 2.3 to 2.15.
  static let metadata: PickleGlobals = {
    var uses: [String: [String: Use]] = [
      metadataModule: [
        "Metadata": .object, "TensorStorageMetadata": .object, "TensorProperties": .object,
        "ChunkStorageMetadata": .object, "BytesStorageMetadata": .object,
        "MetadataIndex": .object, "StorageMeta": .object, "_MEM_FORMAT_ENCODING": .callable,
      ],
      "torch.distributed.checkpoint.filesystem": ["_StorageInfo": .object],
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
