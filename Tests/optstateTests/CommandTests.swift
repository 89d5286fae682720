import Foundation
import TestSupport
import Testing

@Suite("optstate")
struct CommandTests {
  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test func convertedStateComesBackByteForByte() throws {
    #expect(try Program.run("convert", bert, folder("s.h5")).status == 0)
    let back = folder("back/model.ckpt-20")
    let outcome = try Program.run("convert", folder("s.h5"), back)
    #expect(outcome.status == 0)
    #expect(outcome.output.isEmpty)
    #expect(
      outcome.messages
        == "note: verified: all 139 tensors match their checksums\nnote: wrote \(back), tensorflow\n"
    )
    for suffix in [".index", ".data-00000-of-00001"] {
      #expect(try readFile(back + suffix) == readFile(bert + suffix))
    }
  }

  @Test(arguments: ["", ".index", ".data-00000-of-00001"])
  func everyNameOfACheckpointIsUnderstood(suffix: String) throws {
    let json = try Program.run("inspect", bert + suffix, "--json").json
    #expect(json["global_step"] as? Int == 20)
    #expect(json["format"] as? String == "tensorflow")
    #expect(json["naming"] as? String == "google-bert")
  }

  @Test func directoryMeansItsLatestCheckpoint() throws {
    let directory = Fixtures.tensorFlow("2.21.0/bert")
    #expect(try Program.run("inspect", directory, "--json").json["global_step"] as? Int == 20)
  }

  @Test func inspectionHasTheKeysOfTheContract() throws {
    let json = try Program.run("inspect", bert, "--json", "--variables", "--stats").json
    let totals = json["totals"] as? [String: Any]
    #expect(totals?["variables"] as? Int == 46)
    #expect(totals?["parameters"] as? Int == 5212)
    #expect(totals?["bytes"] as? Int == 62552)
    #expect(totals?["slots"] as? [String: Int] == ["adam_m": 46, "adam_v": 46])
    #expect(json["optimizer"] is NSNull)
    #expect(json["schedule"] is NSNull)
    let variables = json["variables"] as? [[String: Any]]
    #expect(variables?.count == 46)
    let slots = variables?.first?["slots"] as? [String: [String: Any]]
    let statistics = slots?["adam_v"]?["stats"] as? [String: Any]
    #expect(
      statistics.map { Set($0.keys) } == [
        "min", "max", "mean", "rms", "norm", "zeros", "nan", "inf",
      ]
    )
  }

  @Test func scheduleOfBERTsFlagsTellsTheRate() throws {
    let json = try Program.run(
      "inspect",
      bert,
      "--json",
      "--learning_rate",
      "1e-3",
      "--num_train_steps",
      "100",
      "--num_warmup_steps",
      "8"
    ).json
    let rate = (json["schedule"] as? [String: Any])?["learning_rate"] as? Double
    #expect(rate.map { abs($0 - 8e-4) < 1e-12 } == true)
    #expect((json["optimizer"] as? [String: Any])?["kind"] as? String == "bert_adamw")
  }

  @Test func flippedBitIsFoundAndNamed() throws {
    let copy = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    var bytes = try readFile(copy + ".data-00000-of-00001")
    bytes[0] ^= 4
    try writeFile(copy + ".data-00000-of-00001", bytes)
    let outcome = try Program.run("verify", copy)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("bert/embeddings/LayerNorm/beta"))
    let conversion = try Program.run("convert", copy, folder("s.h5"))
    #expect(conversion.status == 65)
    #expect(conversion.messages.contains("bert/embeddings/LayerNorm/beta"))
    #expect(try !folder.names.contains { $0.contains("s.h5") })
  }

  @Test func differentStatesDiffer() throws {
    let earlier = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-10")
    let outcome = try Program.run("diff", earlier, bert, "--json")
    #expect(outcome.status == 1)
    let differences = try outcome.json["differences"] as? [[String: Any]]
    #expect(differences?.contains { $0["kind"] as? String == "step" } == true)
    #expect(try Program.run("diff", bert, bert).status == 0)
  }

  @Test func existingTargetIsKeptUnlessItMayBeReplaced() throws {
    try writeFile(folder("s.h5"), "mine")
    let refused = try Program.run("convert", bert, folder("s.h5"))
    #expect(refused.status == 73)
    #expect(try readFile(folder("s.h5")) == Array("mine".utf8))
    #expect(try Program.run("convert", bert, folder("s.h5"), "--overwrite").status == 0)
    #expect(try Program.run("verify", folder("s.h5")).status == 0)
  }

  @Test func stripKeepsFormatAndParameters() throws {
    #expect(try Program.run("strip", bert, folder("release")).status == 0)
    let json = try Program.run("inspect", folder("release"), "--json").json
    #expect(json["format"] as? String == "tensorflow")
    #expect(json["global_step"] is NSNull)
    #expect((json["totals"] as? [String: Any])?["parameters"] as? Int == 5212)
    #expect((json["totals"] as? [String: Any])?["slots"] as? [String: Int] == [:])
  }

  private static let failures: [([String], Int32)] = [
    (["frobnicate"], 64), (["inspect"], 64), (["inspect", "nowhere"], 66),
    (["convert", "BERT", "FOLDER/unclear"], 64), (["inspect", "BERT", "--match", "("], 64),
    (["inspect", "BERT", "--match", "nothing"], 65), (["inspect", "FOLDER"], 65),
    (["convert", "BERT", "FOLDER/s.h5", "--compress", "gzip:10"], 64),
    (["convert", "BERT", "FOLDER/s.h5", "--to", "fax"], 64),
    (["diff", "BERT", "BERT", "--tolerance", "much"], 64),
    (["convert", "BERT", "/dev/null/s.h5"], 73),
  ]

  @Test(arguments: failures)
  func failureHasTheStatusOfTheContract(arguments: [String], status: Int32) throws {
    let real = arguments.map { argument in
      argument.replacingOccurrences(of: "FOLDER", with: folder.path)
        .replacingOccurrences(of: "BERT", with: bert)
    }
    let process = try Program.start(real, in: folder)
    process.waitUntilExit()
    #expect(process.terminationStatus == status)
    #expect(try readFile(folder(".stdout")).isEmpty)
    #expect(try !readFile(folder(".stderr")).isEmpty)
  }
}
