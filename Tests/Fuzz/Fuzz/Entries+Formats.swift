import HDF5
import KerasCheckpoint
import OptStateKit
import Tensors
import TrainingState

extension Entries {
  /// Whole files of a format, recognized and opened as the tool does it; then every tensor is read.
  private static func files(_ name: String, _ seeds: [(folder: String, suffix: String)]) -> Entry {
    Entry(name: name) {
      try seeds.flatMap { seed in
        try Fixtures.files(seed.folder, endingIn: seed.suffix).map(Fixtures.bytes)
      }
    } parse: { bytes in
      try Use.state(try StateFormats.open(try Scratch.write("input", bytes)).state)
    }
  }

  /// Zip archives and pickles of torch.save.
  static let pytorch = files(
    "pytorch",
    [("reference/pytorch", ".pt"), ("hostile/pytorch", ".pt")]
  )

  /// Headers and data of safetensors.
  static let safetensors = files("safetensors", [("hostile/safetensors", ".safetensors")])

  /// Arrays of NumPy, and archives of them.
  static let numpy = files("numpy", [("hostile/numpy", ".npy"), ("hostile/numpy", ".npz")])

  /// Attributes and datasets of Keras, as a helper process says them, over a file of zeros.
  static let keras = Entry(name: "keras") {
    catalogs("reference/keras")
  } parse: { bytes in
    guard let zeroFile else { return }
    let catalog = try HDF5Catalog(coded: bytes, fileSize: 1 << 16)
    if KerasLegacyReader.recognizes(catalog) {
      try Use.state(try KerasLegacyReader.read(catalog, zeroFile))
    } else if KerasWeightsReader.recognizes(catalog) {
      try Use.state(try KerasWeightsReader.read(catalog, zeroFile, options: ReadOptions()))
    }
  }

  /// Naming maps.
  static let namingMap = Entry(name: "naming-map") {
    [
      #"{"naming_map": 1, "from": "a", "to": "b", "variables": [{"from": "x_{n}", "to": "[p.]x.{n+1}"}]}"#,
      #"{"naming_map": 1, "from": "a", "to": "b", "variables": [], "left_out": {"to": ["c"]}}"#,
    ].map { Array($0.utf8) }
  } parse: { bytes in
    let map = try NamingMap(json: bytes)
    _ = map.direction(for: [
      "x_1", "p.x.2", "x.0", String(decoding: bytes.prefix(40), as: UTF8.self),
    ])
  }
}
