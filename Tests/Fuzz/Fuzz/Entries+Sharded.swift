import DistributedCheckpoint
import Foundation
import Tensors
import TrainingState

extension Entries {
  /// The metadata of a distributed checkpoint, beside the file of its only rank.
  static let distributed = Entry(name: "distributed") {
    try Fixtures.files("hostile/sharded", endingIn: ".metadata").map(Fixtures.bytes)
  } parse: { bytes in
    guard let distributedFolder else { return }
    _ = try Scratch.write("distributed/.metadata", bytes)
    try Use.state(try DistributedReader.read(distributedFolder, options: ReadOptions()))
  }

  private static let distributedFolder: String? = {
    let folder = Scratch.folder + "/distributed"
    let sound = Fixtures.root + "/hostile/sharded/dcp-control/__0_0.distcp"
    guard
      (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true))
        != nil,
      let bytes = try? Fixtures.bytes(sound),
      (try? Scratch.write("distributed/__0_0.distcp", bytes)) != nil
    else { return nil }
    return folder
  }()
}
