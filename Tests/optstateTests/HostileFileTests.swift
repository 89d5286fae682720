import Foundation
import TestSupport
import Testing

/// Forged files, and the commands that read them: the answer they deserve, in time, and nothing left.
@Suite("Hostile files")
struct HostileFileTests {
  /// A line of an `attacks.tsv`.
  struct Attack: Sendable, CustomTestStringConvertible {
    let path: String
    let allowed: Set<Int32>
    let testDescription: String
  }

  private static let root = Fixtures.root + "/hostile"

  /// The families that are no states, but what a command takes beside one.
  private static let argumentFamilies = ["gradients", "naming", "records"]

  static let attacks: [Attack] = {
    let families = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return families.sorted().filter { !argumentFamilies.contains($0) }.flatMap { rows(of: $0) }
  }()

  static let besideStates: [Attack] = argumentFamilies.flatMap { rows(of: $0) }

  /// The lines of a family's table.
  private static func rows(of family: String) -> [Attack] {
    let table = (try? readFile("\(root)/\(family)/attacks.tsv")) ?? []
    return String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t").map(String.init)
      return Attack(
        path: "\(root)/\(family)/\(fields[0])",
        allowed: Set(fields[1].split(separator: ",").compactMap { Int32($0) }),
        testDescription: "\(family)/\(fields[0]): \(fields[2])"
      )
    }
  }

  /// Seconds within which every command must have answered, on a busy machine.
  private static let patience = 60.0

  private func run(_ arguments: [String], in folder: TemporaryDirectory) throws -> Program.Outcome {
    let start = Date()
    let outcome = try Program.run(arguments, limits: "ulimit -v 8388608; ulimit -n 64")
    #expect(Date().timeIntervalSince(start) < Self.patience)
    return outcome
  }

  @Test
  func thereAreAttacks() {
    #expect(Self.attacks.count >= 1200)
    #expect(Self.besideStates.count >= 180)
  }

  /// The command that reads a file which is no state.
  private static func command(_ path: String, output: String) -> [String] {
    let parts = path.split(separator: "/").map(String.init)
    let state = root + "/store/control.h5"
    switch parts[parts.count - 2] {
    case "gradients":
      return [
        "replay", state, "--gradients", path, "--steps", "1", "--output", output, "--optimizer",
        "adamw:learning_rate=0.1",
      ]
    case "records":
      let option = parts[parts.count - 1].hasPrefix("schedule") ? "--schedule" : "--optimizer"
      return ["set", state, output, option, path]
    default:
      return path.hasSuffix(".json")
        ? ["convert", state, output, "--naming", path]
        : ["convert", root + "/pytorch-state/control.pt", output, "--names", path]
    }
  }

  @Test(arguments: besideStates)
  func whatStandsBesideAStateIsSoundOrRefused(_ attack: Attack) throws {
    let folder = try TemporaryDirectory()
    let outcome = try run(Self.command(attack.path, output: folder("out/s.h5")), in: folder)
    #expect(attack.allowed.contains(outcome.status), "\(outcome)")
    let errors = outcome.messages.split(separator: "\n").filter { !$0.hasPrefix("note: ") }
    #expect(errors.count == (outcome.status == 0 ? 0 : 1))
    #expect(errors.allSatisfy { $0.hasPrefix("error: ") })
    let left = (try? FileManager.default.contentsOfDirectory(atPath: folder("out"))) ?? []
    #expect(left == (outcome.status == 0 ? ["s.h5"] : []))
    #expect(try Set(folder.names).isSubset(of: ["out"]))
  }

  /// Every eighth of them, and all where there is time: the interop suite gives every one to the release build.
  static let sample = attacks.enumerated().filter { isAskedForSlowTests || $0.offset % 8 == 0 }
    .map(\.element)

  @Test(arguments: sample)
  func everyCommandAnswersAndLeavesNothing(_ attack: Attack) throws {
    let folder = try TemporaryDirectory()
    let readable: Set<Int32> = attack.allowed.union(attack.allowed.contains(1) ? [0, 65] : [])
    // Every other command meets them in the interop suite, which runs the release build.
    let commands: [([String], Set<Int32>)] = [
      (["verify", attack.path], attack.allowed),
      (["inspect", attack.path, "--json", "--stats"], readable),
      (["convert", attack.path, folder("out/s.h5")], readable.union([65])),
    ]
    for (arguments, allowed) in commands {
      let outcome = try run(arguments, in: folder)
      // Parameters are shown whatever is wrong with the optimizer's part, which is then said.
      let isPartial =
        arguments[0] == "inspect" && outcome.status == 0
        && outcome.output.contains("\"not_read\": \"")
      #expect(isPartial || allowed.contains(outcome.status), "\(arguments[0]): \(outcome)")
      if outcome.status == 65 || outcome.status == 66 {
        let last = outcome.messages.split(separator: "\n").last { !$0.hasPrefix("note: ") }
        #expect(last?.hasPrefix("error: ") == true)
        #expect(outcome.output.isEmpty)
      }
      // One line, whatever the names in the file are.
      #expect(outcome.messages.split(separator: "\n").count <= 3)
    }
    for sub in try folder.names {
      let left = try FileManager.default.contentsOfDirectory(atPath: folder(sub))
      #expect(!left.contains { $0.hasSuffix(".optstate-partial") })
      if attack.allowed.isDisjoint(with: [0, 1]) { #expect(left.isEmpty, "\(sub): \(left)") }
    }
    // Nothing climbed out of the folders.
    #expect(try Set(folder.names).isSubset(of: ["out"]))
  }
}
