import ByteIO
import DeepSpeedCheckpoint
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

  /// A file of a checkpoint of DeepSpeed's with its storages, whose pickle is varied.
  private struct ZeroFile {
    let folder: String
    let name: String
    let root: String
    let pickle: [UInt8]
    let storages: [[UInt8]]

    var reader: any StateReader.Type {
      folder.hasPrefix("universal") ? UniversalReader.self : ZeroReader.self
    }

    /// The file with another pickle, its sums right.
    func bytes(_ pickle: [UInt8]) -> [UInt8] {
      var archive = StoredArchive()
      archive.add("\(root)data.pkl", pickle)
      for (key, bytes) in storages.enumerated() { archive.add("\(root)data/\(key)", bytes) }
      archive.add("\(root)version", [UInt8(ascii: "3")])
      return archive.bytes
    }
  }

  /// The pickle of one file of ZeRO's, the other ranks' and parameters' files as they should be.
  static let zero = Entry(name: "zero") {
    zeroFiles.enumerated().map { [UInt8($0.offset)] + $0.element.pickle }
  } parse: { bytes in
    guard let first = bytes.first, !zeroFiles.isEmpty else { return }
    let file = zeroFiles[Int(first) % zeroFiles.count]
    let place = "\(file.folder)/\(file.name)"
    defer { _ = try? Scratch.write(place, file.bytes(file.pickle)) }
    _ = try Scratch.write(place, file.bytes(Array(bytes.dropFirst())))
    let path = "\(Scratch.folder)/\(file.folder)"
    try Use.state(try file.reader.read(StateProbe(path), options: ReadOptions()))
  }

  /// The files of the sound checkpoints among the hostile ones, copied.
  private static let zeroFiles: [ZeroFile] = {
    ["zero-two-control", "zero-pieces-control", "universal-control"].flatMap { folder in
      Fixtures.files("hostile/sharded/\(folder)", endingIn: ".pt").compactMap { path in
        guard let archive = try? ZipArchive(try PositionalFile.open(path)),
          let record = archive.members.first(where: { $0.name.hasSuffix("/data.pkl") }),
          let pickle = try? archive.bytes(of: record, limit: 1 << 16)
        else { return nil }
        let root = String(record.name.dropLast("data.pkl".count))
        var storages: [[UInt8]] = []
        while let member = archive["\(root)data/\(storages.count)"],
          let bytes = try? archive.bytes(of: member, limit: 1 << 16)
        { storages.append(bytes) }
        let file = ZeroFile(
          folder: folder,
          name: String(path.dropFirst("\(Fixtures.root)/hostile/sharded/\(folder)/".count)),
          root: root,
          pickle: pickle,
          storages: storages
        )
        _ = try? Scratch.write("\(folder)/\(file.name)", file.bytes(pickle))
        return file
      }
    }
  }()
}
