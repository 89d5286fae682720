import ByteIO
import OptStateKit
import PyTorchCheckpoint
import Tensors
import TorchContainer
import TrainerCheckpoint
import TrainingState

extension Entries {
  /// Zip archives and pickles of torch.save.
  static let pytorch = files(
    .pyTorch,
    [("reference/pytorch", ".pt"), ("hostile/pytorch", ".pt")]
  )

  private static let archives: [(folder: String, suffix: String)] = [
    ("reference/pytorch", ".pt"), ("hostile/pytorch", ".pt"), ("hostile/numpy", ".npz"),
    ("reference/keras", ".keras"),
  ]

  /// The structure of zip archives, and every member of them.
  static let zip = Entry(name: "zip") {
    try archives.flatMap { try Fixtures.files($0.folder, endingIn: $0.suffix).map(Fixtures.bytes) }
  } parse: { bytes in
    let archive = try ZipArchive(try PositionalFile.open(try Scratch.write("input.zip", bytes)))
    for member in archive.members {
      _ = try? archive.prefix(of: member, count: 64)
      _ = try? archive.bytes(of: member, limit: 1 << 16)
    }
  }

  /// Deflated data behind the size that it is said to have.
  static let inflate = Entry(name: "inflate") {
    [
      [0, 0, 0x78, 0x9C, 3, 0, 0, 0, 0, 1],
      [0, 5, 0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 6, 0x2C, 2, 0x15],
      [
        3, 0xE8, 0x78, 0x9C, 0x63, 0x60, 0x18, 5, 0xA3, 0x60, 0x14, 0x0C, 0x77, 0, 0, 3, 0xE8, 0, 1,
      ],
    ]
  } parse: { bytes in
    var input = Input(bytes)
    var output = [UInt8](repeating: 0, count: input.number())
    let rest = input.all()
    try unsafe rest.withUnsafeBytes { packed in
      try unsafe output.withUnsafeMutableBytes { room in
        try unsafe Deflate.inflate(packed, into: room)
      }
    }
  }

  /// Pickles alone: what is decoded and encoded is decoded the same again.
  static let pickle = Entry(name: "pickle") {
    pickles().map(\.pickle)
  } parse: { bytes in
    let again = try TorchParsers.pickle(bytes)
    let third = try? TorchParsers.pickle(again)
    precondition(third == again)
  }

  /// Pickles in an archive whose sums hold, beside storages of zeros of any sizes.
  static let torch = Entry(name: "torch") {
    pickles().filter { $0.sizes.count < 64 && $0.sizes.allSatisfy { $0 < 2048 } }.map { file in
      [UInt8(file.sizes.count)]
        + file.sizes.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } + file.pickle
    }
  } parse: { bytes in
    var input = Input(bytes)
    let sizes = (0..<Int(input.byte())).map { _ in input.number() % 2048 }
    var archive = StoredArchive()
    archive.add("a/data.pkl", input.all())
    for (key, size) in sizes.enumerated() {
      archive.add("a/data/\(key)", [UInt8](repeating: 0, count: size))
    }
    archive.add("a/version", [UInt8(ascii: "3")])
    let path = try Scratch.write("input", archive.bytes)
    try Use.state(try PyTorchReader.read(path, options: ReadOptions()))
  }

  /// The pickles of fixtures, and the sizes of the storages beside them.
  private static func pickles() -> [(sizes: [Int], pickle: [UInt8])] {
    ["reference/pytorch", "hostile/pytorch"].flatMap { Fixtures.files($0, endingIn: ".pt") }
      .compactMap { path in
        guard let archive = try? ZipArchive(try PositionalFile.open(path)),
          let record = archive.members.first(where: { $0.name.hasSuffix("/data.pkl") }),
          let pickle = try? archive.bytes(of: record, limit: 1 << 16)
        else { return nil }
        let root = record.name.dropLast("data.pkl".count)
        var sizes: [Int] = []
        while let member = archive["\(root)data/\(sizes.count)"] { sizes.append(member.byteCount) }
        return (sizes, pickle)
      }
  }

  /// One file of a Trainer's directory, the others as they should be.
  static let trainer = Entry(name: "trainer") {
    guard let trainerFolder else { return [] }
    return try trainerFiles.enumerated().map {
      [UInt8($0.offset)] + (try Fixtures.bytes("\(trainerFolder)/\($0.element)"))
    }
  } parse: { bytes in
    guard let trainerFolder, let first = bytes.first else { return }
    let name = trainerFiles[Int(first) % trainerFiles.count]
    let sound = try Fixtures.bytes("\(trainerFolder)/\(name)")
    defer { _ = try? Scratch.write("trainer/\(name)", sound) }
    _ = try Scratch.write("trainer/\(name)", Array(bytes.dropFirst()))
    try Use.state(try HuggingFaceReader.read(trainerFolder, options: ReadOptions()))
  }

  /// One file of accelerate's directory, the others as they should be.
  static let accelerate = Entry(name: "accelerate") {
    guard let accelerateFolder else { return [] }
    return try accelerateFiles.enumerated().map {
      [UInt8($0.offset)] + (try Fixtures.bytes("\(accelerateFolder)/\($0.element)"))
    }
  } parse: { bytes in
    guard let accelerateFolder, let first = bytes.first else { return }
    let name = accelerateFiles[Int(first) % accelerateFiles.count]
    let sound = try Fixtures.bytes("\(accelerateFolder)/\(name)")
    defer { _ = try? Scratch.write("accelerate/\(name)", sound) }
    _ = try Scratch.write("accelerate/\(name)", Array(bytes.dropFirst()))
    try Use.state(try AccelerateReader.read(accelerateFolder, options: ReadOptions()))
  }

  /// One file of PEFT's directory, the others as they should be.
  static let adapter = Entry(name: "adapter") {
    guard let adapterFolder else { return [] }
    return try adapterFiles.enumerated().map {
      [UInt8($0.offset)] + (try Fixtures.bytes("\(adapterFolder)/\($0.element)"))
    }
  } parse: { bytes in
    guard let adapterFolder, let first = bytes.first else { return }
    let name = adapterFiles[Int(first) % adapterFiles.count]
    let sound = try Fixtures.bytes("\(adapterFolder)/\(name)")
    defer { _ = try? Scratch.write("adapter/\(name)", sound) }
    _ = try Scratch.write("adapter/\(name)", Array(bytes.dropFirst()))
    try Use.state(try HuggingFaceReader.read(adapterFolder, options: ReadOptions()))
  }

  private static let adapterFiles = [
    "adapter_config.json", "adapter_model.safetensors", "optimizer.pt", "scheduler.pt",
    "trainer_state.json",
  ]

  /// A copy of the sound directory among the hostile ones.
  private static let adapterFolder: String? = {
    let source = Fixtures.root + "/hostile/huggingface/adapter-control"
    do {
      for name in adapterFiles {
        _ = try Scratch.write("adapter/\(name)", try Fixtures.bytes("\(source)/\(name)"))
      }
      return Scratch.folder + "/adapter"
    } catch {
      return nil
    }
  }()

  private static let accelerateFiles = ["scheduler.bin", "optimizer.bin", "model.safetensors"]

  /// A copy of the sound directory among the hostile ones.
  private static let accelerateFolder: String? = {
    let source = Fixtures.root + "/hostile/accelerate/control"
    do {
      for name in accelerateFiles {
        _ = try Scratch.write("accelerate/\(name)", try Fixtures.bytes("\(source)/\(name)"))
      }
      return Scratch.folder + "/accelerate"
    } catch {
      return nil
    }
  }()

  /// Pickles of schedulers beside a sound optimizer: what is read moves to another step, or says why not.
  static let schedulers = Entry(name: "schedulers") {
    Fixtures.files("hostile/pytorch-state", endingIn: ".pt").filter { $0.contains("/schedule") }
      .compactMap { path in
        guard let archive = try? ZipArchive(try PositionalFile.open(path)),
          let record = archive.members.first(where: { $0.name.hasSuffix("/data.pkl") })
        else { return nil }
        return try? archive.bytes(of: record, limit: 1 << 16)
      }
  } parse: { bytes in
    var archive = StoredArchive()
    archive.add("a/data.pkl", bytes)
    for (key, size) in [16, 12, 4, 16, 16, 4, 12, 12].enumerated() {
      archive.add("a/data/\(key)", [UInt8](repeating: 0, count: size))
    }
    archive.add("a/version", [UInt8(ascii: "3")])
    let path = try Scratch.write("input", archive.bytes)
    var state = try PyTorchReader.read(path, options: ReadOptions())
    state.globalStep?.value = 5
    try PyTorchWriter.write(
      state,
      to: Scratch.folder + "/moved",
      options: WriteOptions(overwrite: true)
    )
  }

  private static let trainerFiles = [
    "trainer_state.json", "scheduler.pt", "optimizer.pt", "model.safetensors", "config.json",
  ]

  /// The directory that our own writer makes of a small state.
  private static let trainerFolder: String? = {
    let folder = Scratch.folder + "/trainer"
    let source = Fixtures.root + "/reference/pytorch/2.13.0/adam.pt"
    do {
      let optimizer = try OptimizerRecord(spec: "adamw:learning_rate=0.001")
      let schedule = try ScheduleRecord(
        spec: "hf_linear:learning_rate=0.001,num_training_steps=9"
      )
      try Conversion.run(
        from: source,
        to: folder,
        format: "huggingface",
        change: { state, _ in
          var state = state
          (state.optimizer, state.schedule) = (optimizer, schedule)
          return state
        }
      )
      _ = try Scratch.write("trainer/config.json", Array(#"{"model_type": "bert"}"#.utf8))
      return folder
    } catch {
      return nil
    }
  }()
}
