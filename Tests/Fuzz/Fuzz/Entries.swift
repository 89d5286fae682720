/// Every parser that reads what a stranger may have written.
enum Entries {
  static let all = [
    snappy, table, bundle, version1, stateFile, strings, sliceText, catalog, gradients, hdf5, spec,
    json, pytorch, safetensors, numpy, keras, namingMap,
  ]
}
