import NumPyArchive
import Safetensors
import Tensors
import TrainingState

extension Entries {
  /// Whole files of a format, of which every tensor is read.
  ///
  /// The format's own reader opens them: asking every other one first would take longer than parsing.
  static func files(
    _ format: StateFormat,
    _ seeds: [(folder: String, suffix: String)]
  ) -> Entry {
    Entry(name: format.name) {
      try seeds.flatMap { seed in
        try Fixtures.files(seed.folder, endingIn: seed.suffix).map(Fixtures.bytes)
      }
    } parse: { bytes in
      let path = try Scratch.write("input", bytes)
      guard let reader = format.reader, try reader.recognizes(path) else { return }
      try Use.state(try reader.read(path, options: ReadOptions()))
    }
  }

  /// Headers and data of safetensors.
  static let safetensors = files(.safetensors, [("hostile/safetensors", ".safetensors")])

  /// Indices of sharded sets, beside the two files of one.
  static let shards = Entry(name: "shards") {
    try Fixtures.files("hostile/safetensors", endingIn: ".index.json").map(Fixtures.bytes)
  } parse: { bytes in
    guard hasShards else { return }
    let index = try Scratch.write("sound.safetensors.index.json", bytes)
    try Use.state(try SafetensorsReader.read(index, options: ReadOptions()))
  }

  private static let hasShards: Bool = {
    for name in ["shard-1.safetensors", "shard-2.safetensors"] {
      guard let bytes = try? Fixtures.bytes("\(Fixtures.root)/hostile/safetensors/\(name)"),
        (try? Scratch.write(name, bytes)) != nil
      else { return false }
    }
    return true
  }()

  /// Arrays of NumPy, and archives of them.
  static let numpy = files(
    .numPy,
    [("hostile/numpy", ".npy"), ("hostile/numpy", ".npz")]
  )

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
