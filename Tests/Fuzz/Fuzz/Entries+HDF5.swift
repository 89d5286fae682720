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
}
