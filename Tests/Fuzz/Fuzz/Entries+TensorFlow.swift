import ByteIO
import OptStateKit
import TensorFlowCheckpoint
import Tensors

extension Entries {
  private static func indices() throws -> [[UInt8]] {
    try Fixtures.files("reference/tensorflow", endingIn: ".index").map(Fixtures.bytes)
      + Fixtures.files("hostile/tensorflow", endingIn: ".index").map(Fixtures.bytes)
  }

  /// Pairs of key and value, each behind its length.
  private static func coded(_ pairs: [TensorFlowParsers.Pair]) -> [UInt8] {
    pairs.flatMap { pair in
      [UInt8(truncatingIfNeeded: pair.key.count)] + pair.key.prefix(255)
        + [
          UInt8(truncatingIfNeeded: pair.value.count >> 8),
          UInt8(truncatingIfNeeded: pair.value.count),
        ]
        + pair.value.prefix(65_535)
    }
  }

  private static func table(of bytes: [UInt8]) -> [UInt8] {
    var input = Input(bytes)
    var pairs: [[UInt8]: [UInt8]] = [:]
    while !input.isEmpty {
      let key = input.bytes(Int(input.byte()))
      pairs[key] = input.bytes(input.number())
    }
    return TensorFlowParsers.table(
      of: pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    )
  }

  /// Snappy blocks, compressed by their own first byte's choice of limit.
  static let snappy = Entry(name: "snappy") {
    [[0], [3, 8, 1, 2, 3], [12, 8, 1, 2, 3, 0x15, 1, 9, 1, 0], [64, 0, 7, 0xFA, 1, 0]]
  } parse: { bytes in
    let output = try Snappy.decompress(bytes[...], at: 0, limit: 1 << 20)
    precondition(output.count <= 64 * bytes.count)
  }

  /// A table as it is, then its blocks behind checksums that hold.
  static let table = Entry(name: "table") {
    try indices().map { [2] + $0 } + indices().map { [0] + $0 }
  } parse: { bytes in
    let kind = bytes.first ?? 0
    let rest = Array(bytes.dropFirst())
    let file =
      kind > 1 ? rest : TensorFlowParsers.table(block: rest, compression: kind)
    for pair in try TensorFlowParsers.pairs(of: file) { precondition(pair.key.count <= 1 << 20) }
  }

  /// The entries of an index, behind checksums that hold, over two data files of zeros.
  static let bundle = Entry(name: "bundle") {
    try indices().compactMap { try? coded(TensorFlowParsers.pairs(of: $0)) }
  } parse: { bytes in
    let state = try TensorFlowParsers.bundle(index: table(of: bytes), prefix: zeros)
    try Use.state(state)
    if bytes.count.isMultiple(of: 61) { Use.write(state) }
  }

  private static let zeros: String = {
    let prefix = Scratch.folder + "/zeros"
    for name in ["00000-of-00001", "00000-of-00002", "00001-of-00002"] {
      _ = try? Scratch.write("zeros.data-\(name)", [UInt8](repeating: 0, count: 4096))
    }
    return prefix
  }()

  /// Object graphs over the tensors of a checkpoint that has one.
  static let objects = Entry(name: "objects") {
    try ["ckpt-1", "ckpt-2"].map { name in
      let state = try StateFormats.open(Fixtures.root + "/\(objectFolder)/\(name)").state
      guard let graph = state.extras.first(where: { $0.name.hasSuffix("OBJECT_GRAPH") }) else {
        return []
      }
      return try StringTensor.decode(graph.tensor.bytes(), count: 1)[0]
    }
  } parse: { bytes in
    guard let objectIndex else { return }
    let prefix = Fixtures.root + "/\(objectFolder)/ckpt-2"
    try Use.state(
      try TensorFlowParsers.objects(graph: bytes, index: objectIndex, prefix: prefix)
    )
  }

  private static let objectFolder = "reference/tensorflow/2.21.0/bundle/objects"

  private static let objectIndex = try? Fixtures.bytes(
    Fixtures.root + "/\(objectFolder)/ckpt-2.index"
  )

  /// The entries of a version 1 checkpoint.
  static let version1 = Entry(name: "version1") {
    Fixtures.files("reference/tensorflow/2.21.0/bundle/version-1", endingIn: "")
      .compactMap { try? coded(TensorFlowParsers.pairs(of: Fixtures.bytes($0))) }
  } parse: { bytes in
    let state = try TensorFlowParsers.version1(table(of: bytes))
    try Use.state(state)
    if bytes.count.isMultiple(of: 61) { Use.write(state) }
  }

  /// The text file `checkpoint`.
  static let stateFile = Entry(name: "state-file") {
    try
      (Fixtures.files("reference/tensorflow", endingIn: "/checkpoint")
      + Fixtures.files("hostile/tensorflow", endingIn: "/checkpoint")).map(Fixtures.bytes)
  } parse: { bytes in
    let file = try TensorFlowParsers.stateFile(bytes)
    let again = try TensorFlowParsers.stateFile(Array(file.text.utf8))
    precondition(again.latest.map(ExactName.init) == file.latest.map(ExactName.init))
    precondition(ExactName(again.text) == ExactName(file.text))
  }

  /// Lengths and bytes of a string tensor, the sum of the lengths made right.
  static let strings = Entry(name: "strings") {
    [[[]], [[1, 2, 3], [], [4]], [[UInt8](repeating: 7, count: 300)]].map { strings in
      let stored = TensorFlowParsers.stored(strings).bytes
      return [UInt8(strings.count), UInt8(strings.count)] + stored
    }
  } parse: { bytes in
    var input = Input(bytes)
    let count = Int(input.byte())
    let lengthBytes = Int(input.byte())
    let lengths = input.bytes(lengthBytes)
    _ = input.bytes(4)
    var cursor = BlockCursor(lengths, base: 0)
    var sum = CRC32C()
    for _ in 0..<count {
      guard let length = try? cursor.length("length") else { break }
      let width = length > UInt32.max ? 8 : 4
      sum.add((0..<width).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
    }
    let stated = (0..<4).map { UInt8(truncatingIfNeeded: sum.masked >> (8 * $0)) }
    let payload = input.all()
    sum.add(stated)
    sum.add(payload)
    let decoded = try TensorFlowParsers.strings(lengths + stated + payload, count: count, sum: sum)
    _ = try StringTensor.decode(decoded, count: count)
  }

  /// TensorFlow's text for slices, which a native file may hold.
  static let sliceText = Entry(name: "slice-text") {
    ["", "-", "0,100:-", "5,5:-:1,2"].map { Array($0.utf8) }
  } parse: { bytes in
    let text = try TensorFlowParsers.sliceText(String(decoding: bytes, as: UTF8.self))
    let again = try TensorFlowParsers.sliceText(text)
    precondition(again == text)
  }
}
