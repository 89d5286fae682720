import Foundation
import OptStateKit
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import ByteIO

#if DEBUG
/// Every call of the operating system that reading or writing a state makes, failing one after another.
@Suite("Fault sweep")
struct FaultSweepTests {
  /// A format, a state that it can hold, and what a file of it is called.
  struct Subject: Sendable, CustomTestStringConvertible {
    let format: String
    let source: String
    let name: String
    var options = WriteOptions(overwrite: true)

    var testDescription: String { options.deflateLevel == nil ? format : "\(format), deflated" }
  }

  private static let bert = "tensorflow/2.21.0/bert/model.ckpt-20"

  static let subjects = [
    Subject(format: "optstate", source: bert, name: "s.h5"),
    Subject(
      format: "optstate",
      source: bert,
      name: "s.h5",
      options: WriteOptions(overwrite: true, deflateLevel: 1)
    ),
    Subject(format: "tensorflow", source: bert, name: "m.ckpt-1"),
    Subject(
      format: "tensorflow-object",
      source: "tensorflow/2.21.0/bundle/objects/ckpt-2",
      name: "m.ckpt-1"
    ),
    Subject(format: "keras-h5", source: "keras/tf-legacy-adam.h5", name: "k.h5"),
    Subject(format: "keras", source: "keras/3-adam.keras", name: "k.keras"),
    Subject(format: "keras-weights", source: "keras/3-adam.weights.h5", name: "k.weights.h5"),
    Subject(format: "pytorch", source: "pytorch/2.13.0/adam.pt", name: "t.pt"),
    Subject(format: "huggingface", source: "pytorch/2.13.0/adam.pt", name: "hf"),
    Subject(format: "accelerate", source: "pytorch/2.13.0/adam.pt", name: "acc"),
    Subject(format: "safetensors", source: bert, name: "s.safetensors"),
    Subject(format: "npz", source: bert, name: "s.npz"),
  ]

  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private func write(_ subject: Subject, step: Int64) throws {
    var state = try StateFormats.open("\(Fixtures.root)/reference/\(subject.source)").state
    if subject.format == "huggingface" {
      state.optimizer = try OptimizerRecord(spec: "adamw:learning_rate=0.001")
    }
    state.globalStep?.value = step
    try StateFormats.write(
      state,
      to: folder(subject.name),
      format: subject.format,
      options: subject.options
    )
  }

  private func open(_ subject: Subject) throws -> TrainingState {
    try StateFormats.open(folder(subject.name), options: try readOptions(subject)).state
  }

  /// A Trainer numbers the parameters of a model that it does not know, biases last.
  private func readOptions(_ subject: Subject) throws -> ReadOptions {
    guard ["huggingface", "accelerate"].contains(subject.format) else { return ReadOptions() }
    let source = try StateFormats.open("\(Fixtures.root)/reference/\(subject.source)").state
    let names = source.variables.map(\.name)
    if subject.format == "accelerate" { return ReadOptions(parameterNames: names) }
    let isBias = { (name: String) in name.hasSuffix("bias") }
    let ordered = names.filter { !isBias($0) } + names.filter(isBias)
    return ReadOptions(parameterNames: ordered)
  }

  /// Everything in the folder, by path.
  private func files() throws -> [String: [UInt8]] {
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    var files: [String: [UInt8]] = [:]
    for name in names ?? [] where FileSystem.kind(of: folder(name)) == .file {
      files[name] = try readFile(folder(name))
    }
    return files
  }

  private func withoutList(_ files: [String: [UInt8]]) -> [String: [UInt8]] {
    files.filter { $0.key != "checkpoint" }
  }

  @Test(arguments: subjects, [Fault.Operation.create, .write, .sync, .rename, .exchange])
  func whicheverCallFailsTheOldStateOrTheNewOneIsThere(
    _ subject: Subject,
    _ operation: Fault.Operation
  ) throws {
    try write(subject, step: 2)
    let new = try files()
    for name in try folder.names { try FileManager.default.removeItem(atPath: folder(name)) }
    try write(subject, step: 1)
    let old = try files()
    for failing in 0... {
      let calls = Counter()
      let error = try Fault.inject(in: folder.path) { asked, _ in
        asked == operation && calls.next() == failing ? .error(EIO) : nil
      } _: {
        try stateError { try write(subject, step: 2) }
      }
      let found = try files()
      guard let error else {
        // Removing what is left of the old directory is not worth failing for.
        #expect(found == new, "call \(failing)")
        if calls.count <= failing { break }
        continue
      }
      #expect([.cannotCreate, .inputOutput].contains(error.code), "call \(failing): \(error)")
      #expect(error.message.contains("Input/output error"), "call \(failing): \(error)")
      #expect(error.file?.hasPrefix(folder.path) == true, "call \(failing): \(error)")
      let list = found["checkpoint"]
      #expect(list == nil || list == old["checkpoint"] || list == new["checkpoint"])
      let (one, other, seen) = (withoutList(old), withoutList(new), withoutList(found))
      #expect(seen == one || seen == other, "call \(failing): \(error)")
      for name in try folder.names { try FileManager.default.removeItem(atPath: folder(name)) }
      try write(subject, step: 1)
    }
  }

  @Test(arguments: subjects)
  func writesOfAByteMakeTheSameFiles(_ subject: Subject) throws {
    try write(subject, step: 2)
    let whole = try files()
    try Fault.inject(in: folder.path) { operation, _ in
      operation == .write ? .atMost(1) : nil
    } _: {
      try write(subject, step: 2)
    }
    #expect(try files() == whole)
  }

  @Test(arguments: subjects)
  func readsOfAByteGiveTheSameState(_ subject: Subject) throws {
    try write(subject, step: 2)
    let whole = try Fingerprint(open(subject))
    let pieces = try Fault.inject(in: folder.path) { operation, _ in
      operation == .read ? .atMost(1) : nil
    } _: {
      try Fingerprint(open(subject))
    }
    #expect(pieces == whole)
  }

  @Test(arguments: subjects, [Fault.Operation.read, .open, .list])
  func diskThatCannotBeReadIsNoDamagedFile(
    _ subject: Subject,
    _ operation: Fault.Operation
  ) throws {
    try write(subject, step: 2)
    for failing in 0... {
      let calls = Counter()
      let error = try Fault.inject(in: folder.path) { asked, _ in
        asked == operation && calls.next() == failing ? .error(EIO) : nil
      } _: {
        try stateError {
          let verification = try Verification(
            folder(subject.name),
            readOptions: try readOptions(subject)
          )
          #expect(verification.isSound)
        }
      }
      if calls.count <= failing { break }
      #expect(error == nil || error?.code == .inputOutput, "call \(failing)")
    }
  }
}
#endif
