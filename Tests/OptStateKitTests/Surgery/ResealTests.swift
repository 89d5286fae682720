import ByteIO
import OptStateKit
import TestSupport
import Testing

@Suite("Reseal")
struct ResealTests {
  private static let options: ReadOptions = {
    var options = ReadOptions()
    options.acceptsEdits = true
    return options
  }()

  /// A store in which another program has changed the first of some bytes.
  private func store(
    _ folder: TemporaryDirectory,
    changing numbers: [Float]? = Sample.first
  ) throws -> String {
    let path = folder("s.h5")
    try StateFormats.write(try Sample.adam(), to: path, format: "optstate")
    guard let numbers else { return path }
    let wanted = numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
    }
    let file = try PositionalFile.openForWriting(path)
    let bytes = try file.bytes(at: 0, count: try file.size())
    let place = try #require(
      bytes.indices.dropLast(wanted.count).first { start in
        bytes[start..<start + wanted.count].elementsEqual(wanted)
      }
    )
    try file.write([wanted[0] ^ 1], at: place)
    return path
  }

  @Test func whatDiffersIsNamedAndTheStoreIsSoundAgain() throws {
    let folder = try TemporaryDirectory()
    let state = try StateFormats.open(try store(folder), options: Self.options).state
    let reseal = try Reseal(state)
    #expect(reseal.accepted.count == 1)
    let accepted = try #require(reseal.accepted.first)
    #expect(accepted.name.hasSuffix("/adam_m"))
    #expect(accepted.before != nil && accepted.before != accepted.after)
    #expect(reseal.tensorCount == state.allTensors.count)
    try StateFormats.write(reseal.state, to: folder("t.h5"), format: "optstate")
    #expect(try Reseal(StateFormats.open(folder("t.h5")).state).accepted.isEmpty)
    #expect(try Verification(folder("t.h5")).isSound)
  }

  @Test func whatIsNotSelectedMustNotDiffer() throws {
    let folder = try TemporaryDirectory()
    let state = try StateFormats.open(try store(folder), options: Self.options).state
    let error = try stateError { _ = try Reseal(state) { $0.hasSuffix("adam_v") } }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.remedy?.contains("--match") == true)
    let none = try stateError { _ = try Reseal(state) { _ in false } }
    #expect(none?.code == .unsupported)
  }

  @Test func nothingIsAcceptedWhereNothingDiffers() throws {
    let folder = try TemporaryDirectory()
    let path = try store(folder, changing: nil)
    let reseal = try Reseal(StateFormats.open(path, options: Self.options).state)
    #expect(reseal.accepted.isEmpty)
  }
}
