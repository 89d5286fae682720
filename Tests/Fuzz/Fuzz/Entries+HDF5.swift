import ByteIO
import Foundation
import HDF5
import OptStateKit
import StateStore
import Tensors
import TrainingState

extension Entries {
  static let zeroFile: PositionalFile? = {
    let bytes = [UInt8](repeating: 0, count: 1 << 16)
    return (try? Scratch.write("zeros.h5", bytes)).flatMap { try? PositionalFile.open($0) }
  }()

  static func catalogs(_ folder: String) -> [[UInt8]] {
    Fixtures.files(folder, endingIn: ".h5").compactMap { path in
      (try? HDF5Catalog.readInProcess(path))?.coded
    }
  }

  /// What a helper process says of a native file, over a file of zeros.
  static let catalog = Entry(name: "catalog") {
    catalogs("hostile/native") + catalogs("reference/hdf5")
  } parse: { bytes in
    guard let zeroFile else { return }
    let catalog = try HDF5Catalog(coded: bytes, fileSize: 1 << 16)
    let state = try StateStoreReader.read(catalog, zeroFile)
    try Use.state(state)
    if bytes.count.isMultiple(of: 61) { Use.write(state) }
  }

  /// The catalog of recorded gradients.
  static let gradients = Entry(name: "gradients") {
    catalogs("reference/tensorflow")
  } parse: { bytes in
    guard let zeroFile else { return }
    let file = try GradientFile(zeroFile.path) { _ in
      try HDF5Catalog(coded: bytes, fileSize: 1 << 16)
    }
    for step in 0..<4 {
      for (_, tensor) in try file.gradients(step) { _ = try tensor.bytes(limit: 1 << 20) }
    }
  }

  /// Files as our own writer lays them out, read without libhdf5; the sums of their headers hold.
  static let direct = Entry(name: "direct") {
    let path = Scratch.folder + "/seed.h5"
    let options = WriteOptions(overwrite: true)
    return try ["bundle/shapes", "bundle/objects/ckpt-2", "optimizers/adam/model.ckpt-2"].map {
      let source = Fixtures.root + "/reference/tensorflow/2.21.0/" + $0
      let state = try StateFormats.open(source).state
      try StateStoreWriter.write(state, to: path, options: options)
      return try Fixtures.bytes(path)
    }
  } parse: { bytes in
    let path = try Scratch.write("direct.h5", DirectSums.repaired(bytes))
    guard let catalog = try HDF5Catalog.readDirectly(path) else { return }
    try Use.state(try StateStoreReader.read(catalog, try PositionalFile.open(path)))
  }

  /// Whole HDF5 files, walked through by libhdf5 in a process of its own: the program named by
  /// `OPTSTATE`.
  static let hdf5 = Entry(name: "hdf5") {
    try
      (Fixtures.files("hostile/native", endingIn: ".h5")
      + Fixtures.files("reference/hdf5", endingIn: ".h5")).map(Fixtures.bytes)
  } parse: { bytes in
    if let helper = ProcessInfo.processInfo.environment["OPTSTATE"] {
      HDF5Isolation.use(helper: helper)
    }
    try Use.state(try StateFormats.open(try Scratch.write("input.h5", bytes)).state)
  }

  /// Extents, the header's address, and a whole file in which the index of a dataset's chunks is walked through.
  static let chunks = Entry(name: "chunks") {
    try Fixtures.files("reference/hdf5", endingIn: ".h5").flatMap { path in
      chunkSeeds(path, try Fixtures.bytes(path))
    }
  } parse: { bytes in
    var input = Input(bytes)
    let header = input.number()
    let isFiltered = input.byte() & 1 == 1
    let elementBytes = 1 + Int(input.byte()) % 16
    let axes = (0..<1 + Int(input.byte()) % 4).map { _ in
      (shape: 1 + input.number(), chunk: 1 + input.number(), maximum: input.number())
    }
    let dataset = HDF5Parsers.Chunked(
      shape: axes.map(\.shape),
      maximum: axes.map { $0.maximum == 0 ? nil : max($0.maximum, $0.shape) },
      chunk: axes.map(\.chunk),
      elementBytes: elementBytes,
      isFiltered: isFiltered
    )
    let rest = input.all()
    let path = try Scratch.write("chunks.h5", rest)
    // What is none of the indexes that are known is left to libhdf5.
    guard let found = try? HDF5Parsers.chunks(path, header: header, of: dataset) else { return }
    precondition(found.count <= max(rest.count, 1))
  }

  /// The datasets of a file whose index is walked through from one of the file's first addresses.
  private static func chunkSeeds(_ path: String, _ file: [UInt8]) -> [[UInt8]] {
    // Files with filters that nobody reads here are among them.
    guard let catalog = try? HDF5Catalog.readInProcess(path) else { return [] }
    let datasets = catalog.objects.compactMap(\.dataset)
    return datasets.compactMap { info in
      guard case .chunked(let chunk, let filters, let chunks) = info.storage,
        let type = info.elementType, let elementBytes = try? Shape.scalar.byteCount(of: type)
      else { return nil }
      let shape = info.shape.dimensions
      for header in 0..<min(file.count, 1 << 16) {
        let dataset = HDF5Parsers.Chunked(
          shape: shape,
          maximum: shape.map { $0 },
          chunk: chunk,
          elementBytes: elementBytes,
          isFiltered: !filters.isEmpty
        )
        guard let found = try? HDF5Parsers.chunks(path, header: header, of: dataset),
          !found.isEmpty, Set(found) == Set(chunks)
        else { continue }
        func number(_ value: Int) -> [UInt8] {
          [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
        }
        let head =
          number(header) + [
            filters.isEmpty ? 0 : 1, UInt8(elementBytes - 1), UInt8(shape.count - 1),
          ]
        let axes = Swift.zip(shape, chunk).flatMap { number($0 - 1) + number($1 - 1) + number($0) }
        return head + axes + file
      }
      return nil
    }
  }

  /// A native file poured into another and the other into it, completed, and accepted as edited.
  static let surgery = Entry(name: "surgery") {
    catalogs("hostile/native") + catalogs("reference/hdf5")
  } parse: { bytes in
    guard let zeroFile, let whole = surgeryPartner else { return }
    let catalog = try HDF5Catalog(coded: bytes, fileSize: 1 << 16)
    let state = try StateStoreReader.read(catalog, zeroFile)
    for (one, other) in [(state, whole), (whole, state), (state, state)] {
      guard let likeness = try? Likeness(one, in: other, allowsPartial: true) else { continue }
      precondition(likeness.state.variables.count == other.variables.count)
      Use.write(likeness.state)
    }
    if let made = try? SlotCreation().apply(to: state).state { Use.write(made) }
    if let sealed = try? Reseal(state) { Use.write(sealed.state) }
  }

  private static let surgeryPartner = try? StateFormats.open(
    Fixtures.root + "/reference/tensorflow/2.21.0/bert/model.ckpt-20"
  ).state
}
