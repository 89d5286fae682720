/// Every parser that reads what a stranger may have written.
enum Entries {
  static let all = [
    snappy, table, bundle, version1, stateFile, strings, sliceText, objects, catalog, gradients,
    direct, hdf5, chunks, surgery, spec, json, zip, inflate, pickle, torch, pytorch, trainer,
    accelerate, adapter, schedulers, safetensors, shards, numpy, keras, kerasConfig, namingMap,
    flax,
    distributed, zero, zstd, ocdbt, ocdbtManifest, zarr, zarr3,
  ]
}
