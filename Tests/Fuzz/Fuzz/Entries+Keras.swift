import ByteIO
import HDF5
import KerasCheckpoint
import Tensors
import TrainingState

extension Entries {
  /// Attributes and datasets of Keras, as a helper process says them, over a file of zeros.
  static let keras = Entry(name: "keras") {
    catalogs("reference/keras")
  } parse: { bytes in
    guard let zeroFile else { return }
    let catalog = try HDF5Catalog(coded: bytes, fileSize: 1 << 16)
    let probe = StateProbe(zeroFile.path)
    _ = probe.finding { () -> HDF5Catalog? in catalog }
    if try KerasLegacyReader.recognizes(probe) {
      try Use.state(try KerasLegacyReader.read(catalog, zeroFile))
    } else if try KerasWeightsReader.recognizes(probe) {
      try Use.state(try KerasWeightsReader.read(catalog, zeroFile, options: ReadOptions()))
    }
  }

  /// The configuration of a model, then of its optimizer, in a file whose tensors fit both.
  static let kerasConfig = Entry(name: "keras-config") {
    ["model_config", "training_config"].enumerated().flatMap { number, name in
      catalogs("reference/keras").compactMap { coded in
        guard let catalog = try? HDF5Catalog(coded: coded, fileSize: 1 << 16),
          case .text(let text)? = catalog.object("")?.attributes[name]
        else { return nil }
        return [UInt8(number)] + text.utf8
      }
    }
  } parse: { bytes in
    guard let zeroFile, let model = kerasModel else { return }
    let name = bytes.first == 0 ? "model_config" : "training_config"
    let objects = model.objects.map { object in
      var attributes = object.attributes
      if object.path.isEmpty {
        attributes[name] = .text(String(decoding: bytes.dropFirst(), as: UTF8.self))
      }
      return HDF5Object(path: object.path, attributes: attributes, dataset: object.dataset)
    }
    try Use.state(try KerasLegacyReader.read(HDF5Catalog(objects), zeroFile))
  }

  private static let kerasModel = try? HDF5Catalog.readInProcess(
    Fixtures.root + "/reference/keras/tf-legacy-adam.h5"
  )
}
