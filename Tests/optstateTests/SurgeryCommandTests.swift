import Foundation
import TestSupport
import Testing

@Suite("optstate reset, debias, set, average, resize, schedule")
struct SurgeryCommandTests {
  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")
  private static let spec = "bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8"

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test func resetKeepsTheFormatAndRecordsTheTimeWhereItCan() throws {
    let plain = try Program.run("reset", bert, folder("model.ckpt-20"), "--match", "pooler")
    #expect(plain.status == 0)
    #expect(plain.output == "reset adam_m 2, adam_v 2 in 2 of 46 variables; step 20 kept\n")
    #expect(plain.messages.contains("cannot record when slots were reset"))
    #expect(try Program.run("reset", bert, folder("s.h5"), "--match", "pooler").messages.isEmpty)
    let folded = try Program.run(
      "debias",
      folder("s.h5"),
      folder("f.h5"),
      "--fold",
      "--beta1",
      "0.9",
      "--beta2",
      "0.999"
    )
    #expect(folded.status == 0)
    #expect(folded.output.contains("44 variables"))
    #expect(folded.output.contains("2 variables without updates"))
    #expect(try Program.run("verify", folder("f.h5")).status == 0)
  }

  @Test func explodingResetIsRefusedUnlessForced() throws {
    let refused = try Program.run("reset", bert, folder("s.h5"), "--slots", "adam_v")
    #expect(refused.status == 65)
    #expect(refused.messages.contains("0.051171288/epsilon times the rate"))
    #expect(try folder.names.isEmpty)
    #expect(
      try Program.run("reset", bert, folder("s.h5"), "--slots", "adam_v", "--force").status == 0
    )
  }

  @Test func foldedStateGoesBackAndIsNotFoldedTwice() throws {
    #expect(
      try Program.run("convert", bert, folder("s.h5"), "--optimizer", "bert_adamw").status == 0
    )
    let fold = try Program.run("debias", folder("s.h5"), folder("f.h5"), "--fold", "--json").json
    let factors = (fold["factors"] as? [[String: Any]])?.first
    #expect(factors?["t_m"] as? Int == 20)
    #expect(abs((factors?["inflation"] as? Double ?? 0) - 6.240928) < 1e-5)
    #expect(try Program.run("debias", folder("f.h5"), folder("x.h5"), "--fold").status == 65)
    #expect(try Program.run("debias", folder("f.h5"), folder("u.h5"), "--unfold").status == 0)
    #expect(
      try Program.run("diff", folder("s.h5"), folder("u.h5"), "--tolerance", "1").status == 0
    )
    #expect(try Program.run("debias", folder("s.h5"), folder("x.h5"), "--unfold").status == 65)
  }

  @Test func setPrintsTheRateBeforeAndAfter() throws {
    #expect(
      try Program.run("convert", bert, folder("s.h5"), "--schedule", Self.spec).status == 0
    )
    let outcome = try Program.run(
      "set",
      folder("s.h5"),
      folder("t.h5"),
      "--num_train_steps",
      "200"
    )
    #expect(outcome.output.contains("learning rate  0.0008 -> 0.0009"))
  }

  @Test func parameterGroupsComeFromAFile() throws {
    try writeFile(
      folder("o.json"),
      """
      {"kind": "adamw", "learning_rate": 0.001, "groups": [
        {"name": "no decay", "members": ["bert/pooler/dense/bias"], "weight_decay": 0.0}]}
      """
    )
    #expect(
      try Program.run("set", bert, folder("s.h5"), "--optimizer", folder("o.json")).status == 0
    )
    let json = try Program.run("inspect", folder("s.h5"), "--json").json
    let groups = (json["optimizer"] as? [String: Any])?["groups"] as? [[String: Any]]
    #expect(groups?.first?["members"] as? [String] == ["bert/pooler/dense/bias"])
  }

  @Test func averageOfAStateWithItselfIsTheState() throws {
    #expect(try Program.run("average", bert, bert, folder("model.ckpt-20"), "--slots").status == 0)
    #expect(try Program.run("diff", bert, folder("model.ckpt-20")).status == 0)
  }

  @Test func resizedVocabularyComesBack() throws {
    let name = "bert/embeddings/word_embeddings"
    #expect(
      try Program.run(
        "resize",
        bert,
        folder("s.h5"),
        "--variable",
        name,
        "--match",
        "predictions/output_bias",
        "--rows",
        "60",
        "--fill",
        "mean"
      ).output.contains("\(name): 50 -> 60 rows, 2 slots")
    )
    #expect(
      try Program.run(
        "resize",
        folder("s.h5"),
        folder("t.h5"),
        "--variable",
        name,
        "--match",
        "predictions/output_bias",
        "--rows",
        "50",
        "--force"
      ).status == 0
    )
    #expect(try Program.run("diff", bert, folder("t.h5")).status == 0)
  }

  @Test func scheduleOfAStateMarksItsStep() throws {
    let arguments = ["schedule", bert, "--schedule", Self.spec, "--json", "--points", "11"]
    let process = try Program.start(arguments, in: folder)
    process.waitUntilExit()
    let text = String(decoding: try readFile(folder(".stdout")), as: UTF8.self)
    let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(json?["step"] as? Int == 20)
    #expect((json?["points"] as? [[String: Any]])?.count == 11)
    #expect(json?["compare"] is NSNull)
    let plot = try Program.run("schedule", Self.spec, "--plot", folder("p.svg"))
    #expect(plot.status == 0)
    #expect(String(decoding: try readFile(folder("p.svg")), as: UTF8.self).hasPrefix("<svg"))
    #expect(try Program.run("schedule", Self.spec, "--plot", folder("p.svg")).status == 73)
  }

  private static let failures: [([String], Int32)] = [
    (["reset", "BERT", "FOLDER/s.h5", "--match", "("], 64),
    (["reset", "BERT", "FOLDER/s.h5", "--match", "nothing"], 65),
    (["reset", "BERT", "FOLDER/s.h5", "--slots", "momentum"], 65),
    (["reset", "BERT", "FOLDER/s.h5", "--step", "some"], 64),
    (["reset", "BERT", "FOLDER/s.h5", "--step", "-1"], 64),
    (["reset", "nowhere", "FOLDER/s.h5"], 66), (["reset", "BERT", "BERT"], 64),
    (["debias", "BERT", "FOLDER/s.h5"], 64),
    (["debias", "BERT", "FOLDER/s.h5", "--fold", "--unfold"], 64),
    (["debias", "BERT", "FOLDER/s.h5", "--fold"], 65),
    (["debias", "BERT", "FOLDER/s.h5", "--fold", "--beta1", "1", "--beta2", "0.9"], 64),
    (["debias", "BERT", "FOLDER/s.h5", "--fold", "--step", "0"], 64),
    (["debias", "BERT", "FOLDER/s.h5", "--translate-frozen"], 65),
    (["debias", "BERT", "FOLDER/s.h5", "--declare", "--beta1", "0.9", "--beta2", "0.99"], 65),
    (["set", "BERT", "FOLDER/s.h5"], 64), (["set", "BERT", "FOLDER/s.h5", "--step", "-4"], 64),
    (["set", "BERT", "FOLDER/s.h5", "--num_train_steps", "9"], 64),
    (["set", "BERT", "FOLDER/s.h5", "--optimizer", "magic"], 64),
    (["average", "BERT", "FOLDER/s.h5"], 64), (["average", "BERT", "nowhere", "FOLDER/s.h5"], 66),
    (["resize", "BERT", "FOLDER/s.h5", "--variable", "none", "--rows", "9"], 65),
    (["resize", "BERT", "FOLDER/s.h5", "--variable", "none", "--rows", "9", "--fill", "x"], 64),
    (["schedule", "nowhere"], 66), (["schedule", "BERT"], 65), (["schedule", "magic:a=1"], 64),
    (["schedule", "constant:learning_rate=1.0", "--from", "5", "--to", "5"], 64),
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
    #expect(try !folder.names.contains("s.h5"))
  }
}
