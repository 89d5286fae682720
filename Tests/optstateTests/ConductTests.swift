import Foundation
import TestSupport
import Testing

/// How the program behaves as a process: exit status, streams, limits and signals.
@Suite("Conduct")
struct ConductTests {
  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")
  private let earlier = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-10")
  private let gradients = Fixtures.tensorFlow("2.21.0/bert/gradients-10.h5")

  init() throws {
    folder = try TemporaryDirectory()
  }

  /// Arguments with the names of fixtures and of this test's folder put in.
  private func real(_ arguments: [String]) -> [String] {
    arguments.map { argument in
      argument.replacingOccurrences(of: "FOLDER", with: folder.path)
        .replacingOccurrences(of: "BERT", with: bert)
        .replacingOccurrences(of: "EARLIER", with: earlier)
        .replacingOccurrences(of: "GRADIENTS", with: gradients)
        .replacingOccurrences(of: "HOSTILE", with: Fixtures.root + "/hostile")
    }
  }

  private static let replay = [
    "replay", "EARLIER", "--gradients", "GRADIENTS", "--learning_rate", "1e-3",
    "--num_train_steps", "100", "--num_warmup_steps", "8", "--steps",
  ]

  static let cases: [([String], Int32)] = [
    // Done.
    (["inspect", "BERT"], 0), (["verify", "BERT"], 0), (["diff", "BERT", "BERT"], 0),
    (["convert", "BERT", "FOLDER/s.h5"], 0), (["strip", "BERT", "FOLDER/release"], 0),
    (replay + ["2", "--output", "FOLDER/model.ckpt-12"], 0), (["--help"], 0),
    (["help", "convert"], 0),
    // A difference, a failed check.
    (["diff", "BERT", "EARLIER"], 1), (["diff", "BERT", "EARLIER", "--json"], 1),
    (["verify", "HOSTILE/tensorflow/data-flipped"], 1),
    (["verify", "HOSTILE/tensorflow/data-flipped", "--json"], 1),
    (["verify", "HOSTILE/native/crc-wrong.h5"], 1),
    // Usage.
    (["inspect"], 64), (["inspect", "BERT", "BERT"], 64), (["verify", "BERT", "--jsn"], 64),
    (["diff", "BERT"], 64), (["diff", "BERT", "BERT", "--tolerance", "-1"], 64),
    (["convert", "BERT"], 64), (["convert", "BERT", "FOLDER/s.h5", "--only", "half"], 64),
    (["convert", "BERT", "FOLDER/s.h5", "--compress", "lz4:1"], 64),
    (["convert", "BERT", "FOLDER/s.h5", "--optimizer", "no_such_rule"], 64),
    (["convert", "BERT", "FOLDER/s.h5", "--schedule", "bert:learning_rate=x"], 64),
    (["convert", "BERT", "FOLDER/s.h5", "--learning_rate", "1"], 64),
    (["convert", "BERT", "BERT"], 64), (["strip", "BERT", "BERT"], 64),
    (replay + ["-1", "--output", "FOLDER/x.ckpt"], 64), (replay + ["2"], 64),
    (
      [
        "replay", "EARLIER", "--gradients", "GRADIENTS", "--steps", "1", "--output",
        "FOLDER/x.ckpt",
      ], 64
    ),
    // Malformed or unsupported.
    (["inspect", "GRADIENTS"], 65), (["verify", "GRADIENTS"], 65),
    (["diff", "BERT", "GRADIENTS"], 65),
    (["convert", "HOSTILE/tensorflow/data-flipped", "FOLDER/s.h5"], 65),
    (["strip", "HOSTILE/tensorflow/cut", "FOLDER/release"], 65),
    (replay + ["11", "--output", "FOLDER/x.ckpt"], 65), (["inspect", "/dev/null"], 65),
    (["convert", "BERT", "FOLDER/x", "--to", "tensorflow-object"], 65),
    // No such input.
    (["inspect", "FOLDER/none"], 66), (["verify", "FOLDER/none"], 66),
    (["diff", "BERT", "FOLDER/none"], 66), (["convert", "FOLDER/none", "FOLDER/s.h5"], 66),
    (["strip", "FOLDER/none", "FOLDER/release"], 66),
    (
      [
        "replay", "BERT", "--gradients", "FOLDER/none.h5", "--steps", "1", "--output",
        "FOLDER/x.ckpt", "--learning_rate", "1", "--num_train_steps", "9",
      ], 66
    ),
    // The output cannot be made.
    (["convert", "BERT", "/proc/s.h5"], 73), (["convert", "BERT", "/dev/null/x.ckpt"], 73),
    (["strip", "BERT", "/proc/release"], 73),
    (["convert", "BERT", "FOLDER", "--to", "optstate"], 73),
    (["convert", "BERT", "/dev/full", "--to", "optstate"], 73),
    // Reading and writing.
    (["inspect", "FOLDER/no.ckpt"], 66),
  ]

  @Test(arguments: cases)
  func statusAndStreamsAreThoseOfTheContract(_ arguments: [String], _ status: Int32) throws {
    let outcome = try Program.run(real(arguments))
    #expect(outcome.status == status, "\(outcome)")
    switch status {
    case 0:
      let lines = outcome.messages.split(separator: "\n")
      #expect(lines.allSatisfy { $0.hasPrefix("note: ") })
    case 1:
      #expect(!outcome.output.isEmpty)
      #expect(outcome.messages.isEmpty)
    default:
      #expect(outcome.output.isEmpty)
      #expect(outcome.messages.lowercased().contains("error: "))
      #expect(!outcome.messages.contains("StateError("))
    }
    if status > 1 { #expect(try folder.names.isEmpty) }
    if arguments.contains("--json"), status < 2 { #expect(outcome.isJSON) }
  }

  @Test(arguments: [
    ["inspect", "BERT", "--json"], ["inspect", "BERT", "--json", "--variables", "--stats"],
    ["inspect", "BERT", "--json", "--match", "pooler"], ["verify", "BERT", "--json"],
    ["diff", "BERT", "EARLIER", "--json"], ["diff", "BERT", "BERT", "--json"],
  ])
  func jsonIsOneObjectAndNothingElse(_ arguments: [String]) throws {
    let outcome = try Program.run(real(arguments))
    #expect(outcome.isJSON)
    #expect(outcome.output.hasSuffix("}\n"))
    #expect(outcome.messages.isEmpty)
  }

  /// Every name of a checkpoint of three data files, and ways to it.
  static let inputs = [
    "merged", "merged.index", "merged.data-00000-of-00003", "merged.data-00001-of-00003",
    "merged.data-00002-of-00003", "link.h5",
  ]

  @Test(arguments: inputs, ["convert", "strip"])
  func noCommandReplacesItsInput(_ output: String, _ command: String) throws {
    let prefix = try folder.copy(checkpoint: Fixtures.bundle("merged"), as: "merged")
    try FileManager.default.createSymbolicLink(
      atPath: folder("link.h5"),
      withDestinationPath: prefix + ".index"
    )
    let names = try folder.names
    let before = try names.map { try readFile(folder($0)) }
    var arguments = [command, prefix, folder(output), "--overwrite"]
    if command == "convert", output != "merged" { arguments += ["--to", "optstate"] }
    if command == "convert", output == "merged" { arguments += ["--to", "tensorflow"] }
    let outcome = try Program.run(arguments)
    // To strip, a data file's name is a prefix like any other.
    if command == "convert" || !output.contains("data") {
      #expect(outcome.status == 64, "\(outcome)")
      #expect(outcome.messages.contains("input"))
      #expect(try folder.names == names)
    }
    #expect(try names.map { try readFile(folder($0)) } == before)
  }

  @Test
  func replayDoesNotReplaceItsGradients() throws {
    try writeFile(folder("g.h5"), try readFile(gradients))
    var arguments = real(Self.replay) + ["1", "--output", folder("g.h5"), "--overwrite"]
    arguments[3] = folder("g.h5")
    #expect(try Program.run(arguments).status == 64)
    #expect(try readFile(folder("g.h5")) == readFile(gradients))
  }

  @Test(arguments: ["s.h5", "model.ckpt-20"])
  func overwriteReplacesWholeOutputs(_ name: String) throws {
    #expect(try Program.run("convert", earlier, folder(name)).status == 0)
    let refused = try Program.run("convert", bert, folder(name))
    #expect(refused.status == 73)
    #expect(refused.messages.contains("--overwrite"))
    #expect(try Program.run("diff", earlier, folder(name)).status == 0)
    #expect(try Program.run("convert", bert, folder(name), "--overwrite").status == 0)
    #expect(try Program.run("diff", bert, folder(name)).status == 0)
  }

  @Test(arguments: ["checkpoint-500/optimizer.pt", "vocab.txt", "model-notes.txt"])
  func directoryIsReplacedOnlyWhereNothingElseIsLost(_ stranger: String) throws {
    let arguments = [
      "convert", bert, folder("run"), "--to", "huggingface", "--learning_rate", "1e-4",
      "--num_train_steps", "100",
    ]
    #expect(try Program.run(arguments).status == 0)
    let file = folder("run/" + stranger)
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true
    )
    try writeFile(file, "weeks")
    let refused = try Program.run(arguments + ["--overwrite"])
    #expect(refused.status == 73)
    #expect(refused.messages.contains(stranger))
    #expect(try readFile(file) == Array("weeks".utf8))
    // What the new checkpoint brings along itself is replaced.
    let copy = ["convert", folder("run"), folder("copy"), "--to", "huggingface"]
    #expect(try Program.run(copy).status == 0)
    #expect(try Program.run(copy + ["--overwrite"]).status == 0)
    #expect(try readFile(folder("copy/" + stranger)) == Array("weeks".utf8))
  }

  @Test
  func inputIsNoPlaceForAReportOrADrawing() throws {
    let path = folder("s.h5")
    #expect(
      try Program.run(
        ["convert", bert, path] + ["--learning_rate", "1e-4", "--num_train_steps", "9"]
      ).status == 0
    )
    let before = try readFile(path)
    for arguments in [["report", path, "-o", path], ["schedule", path, "--plot", path]] {
      #expect(try Program.run(arguments + ["--overwrite"]).status == 64, "\(arguments[0])")
      #expect(try readFile(path) == before)
    }
  }

  @Test
  func averageReplacesNoFileOfItsInputs() throws {
    let path = folder("a.safetensors")
    #expect(try Program.run("convert", bert, path).status == 0)
    let link = folder("b.safetensors")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let before = try readFile(path)
    let copy = folder("c.safetensors")
    try FileManager.default.linkItem(atPath: path, toPath: copy)
    #expect(try Program.run("average", earlier, link, copy, "--overwrite").status == 64)
    #expect(try readFile(path) == before)
  }

  @Test(arguments: ["exec >&- 2>&-", "exec <&- 2>&-", "exec <&- >&- 2>&-", "exec 2>&-"])
  func closedStreamsLeadNoMessageIntoTheOutput(_ closing: String) throws {
    let arguments = [
      "convert", bert, folder("hf"), "--to", "huggingface", "--learning_rate", "1e-4",
      "--num_train_steps", "100",
    ]
    #expect(try Program.run(arguments, limits: closing).status == 0)
    #expect(try Program.run("verify", folder("hf")).status == 0)
  }

  /// A list of checkpoints may name one of any length, whose letters take one to four bytes.
  @Test(arguments: ["a", "\u{E9}", "\u{6F22}", "\u{1F9EA}"], ["", "x", "xy"])
  func messageEndsHoweverLongAName(_ letter: String, _ before: String) throws {
    let name = before + String(repeating: letter, count: 100_000)
    try writeFile(folder("checkpoint"), Array("model_checkpoint_path: \"\(name)\"\n".utf8))
    let outcome = try Program.run("inspect", folder.path)
    #expect(outcome.status != 0)
    #expect(outcome.messages.utf8.count < 16_384)
    #expect(outcome.messages.contains("bytes in all"))
    #expect(!outcome.messages.unicodeScalars.contains("\u{FFFD}"))
  }

  @Test
  func resultForAClosedStreamIsAnError() throws {
    #expect(try Program.run(["inspect", bert], limits: "exec >&-").status == 74)
  }

  @Test
  func temporaryDirectoryThatIsNone() throws {
    let (large, deflated) = (folder("s.h5"), folder("s.npz"))
    // More than is inflated in memory.
    let rows = ["--variable", "bert/embeddings/word_embeddings", "--rows", "30000"]
    #expect(try Program.run(["resize", bert, large] + rows).status == 0)
    #expect(try Program.run("convert", large, deflated, "--compress", "gzip:1").status == 0)
    func verify(_ directory: String) throws -> Int32 {
      try Program.run(["verify", deflated], limits: "export TMPDIR='\(directory)'").status
    }
    #expect(try verify("/nonexistent") == 73)
    #expect(try verify("") == 0)
  }

  @Test
  func signalThatIsIgnoredStaysSo() throws {
    let outcome = try Program.run(
      ["convert", bert, folder("s.h5")],
      limits:
        "trap '' INT TERM HUP; kill -INT $$; (sleep 0.01; kill -INT $$; kill -TERM $$; kill -HUP $$) & true"
    )
    #expect(outcome.status == 0)
  }

  @Test
  func fileThatIsCalledAsTheListOfCheckpointsIsNotReplaced() throws {
    let path = folder("checkpoint")
    #expect(try Program.run("convert", bert, path, "--to", "optstate").status == 0)
    let before = try readFile(path)
    for source in [path, bert] {
      #expect(try Program.run("convert", source, folder("m.ckpt-1")).status != 0)
      #expect(try folder.names == ["checkpoint"])
      #expect(try readFile(path) == before)
    }
  }

  @Test
  func moreRowsThanTheDiskHasRoomForAreRefusedAtOnce() throws {
    let rows = ["--variable", "bert/embeddings/word_embeddings", "--rows", "99999999999999"]
    for name in ["s.h5", "s.safetensors", "model.ckpt-20"] {
      #expect(try Program.run(["resize", bert, folder(name)] + rows).status == 73, "\(name)")
    }
    #expect(try folder.names.isEmpty)
  }

  @Test(arguments: ["9223372036854775806", "9223372036854775807"])
  func stepsBeyondAnyTrainingAreRefused(_ last: String) throws {
    let spec = "bert:learning_rate=1e-4,num_train_steps=100"
    let outcome = try Program.run("schedule", spec, "--to", last)
    #expect(outcome.status == 64)
    #expect(outcome.messages.contains("beyond any training"))
  }

  @Test(arguments: ["nan", "inf", "-1"])
  func rateThatIsNoneIsRefused(_ rate: String) throws {
    #expect(
      try Program.run(
        "set",
        Fixtures.root + "/reference/pytorch/2.13.0/adam.pt",
        folder("s.pt"),
        "--learning_rate=\(rate)"
      ).status == 64
    )
  }

  @Test
  func linkToAStreamStays() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder("s.h5"),
      withDestinationPath: "/proc/self/fd/1"
    )
    #expect(try Program.run("convert", bert, folder("s.h5"), "--overwrite").status == 73)
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder("s.h5"))
    #expect(link == "/proc/self/fd/1")
  }

  @Test(arguments: [
    ["string_bytes=1", "BERT"], ["name_bytes=1", "BERT"],
    ["pickle_bytes=10", Fixtures.root + "/reference/pytorch/2.13.0/adam.pt"],
  ])
  func limitThatRefusesIsNamed(_ limitAndState: [String]) throws {
    let arguments = real(["verify", limitAndState[1], "--limit", limitAndState[0]])
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 65 || outcome.status == 1)
    let name = limitAndState[0].prefix { $0 != "=" }
    #expect((outcome.output + outcome.messages).contains("--limit \(name)=N"))
  }

  @Test
  func resultThatDoesNotArriveIsAnError() throws {
    for arguments in [
      ["inspect", bert], ["verify", bert], ["diff", bert, earlier, "--json"], ["report", bert],
    ] {
      let outcome = try Program.run(arguments, limits: "exec >/dev/full")
      #expect(outcome.status == 74, "\(arguments[0])")
      #expect(outcome.messages.contains("standard output"))
    }
  }

  @Test
  func readerThatLeavesEndsTheProgramQuietly() throws {
    let outcome = try Program.run(
      ["inspect", bert, "--json", "--stats"],
      limits: "exec > >(exec true); sleep 0.2"
    )
    #expect([0, -SIGPIPE].contains(outcome.status))
    #expect(outcome.messages.isEmpty || outcome.messages.contains("Broken pipe"))
  }

  @Test(arguments: ["s.h5", "x.ckpt"], ["1", "8", "30"])
  func limitOnTheSizeOfFilesIsReported(_ name: String, _ kilobytes: String) throws {
    let outcome = try Program.run(
      ["convert", bert, folder(name)],
      limits: "ulimit -f \(kilobytes)"
    )
    #expect([73, 74].contains(outcome.status), "\(outcome)")
    #expect(outcome.messages.hasPrefix("error: "))
    #expect(try folder.names.isEmpty)
  }

  @Test(arguments: [["--compress", "gzip:4"], []])
  func limitOnTheSizeOfFilesKeepsTheOldFile(_ options: [String]) throws {
    try writeFile(folder("s.h5"), "old")
    let arguments = ["convert", bert, folder("s.h5"), "--overwrite"] + options
    let outcome = try Program.run(arguments, limits: "ulimit -f 20")
    #expect([73, 74].contains(outcome.status), "\(outcome)")
    #expect(try folder.names == ["s.h5"])
    #expect(try readFile(folder("s.h5")) == Array("old".utf8))
  }

  @Test(arguments: [12, 16, 24])
  func fewOpenFilesAreEnoughOrTheLackIsReported(_ count: Int) throws {
    let outcome = try Program.run(
      ["convert", bert, folder("s.h5")],
      limits: "ulimit -n \(count)"
    )
    #expect([0, 73, 74].contains(outcome.status), "\(outcome)")
    #expect(outcome.status == 0 || outcome.messages.hasPrefix("error: "))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func signalLeavesNothingAndEndsWithItsOwnStatus(_ number: Int32) throws {
    let source = folder("large.ckpt")
    try Synthetic.checkpoint(at: source, megabytes: 48)
    let names = try folder.names
    for milliseconds in [0, 20, 60, 150, 300] {
      let other = try TemporaryDirectory()
      let process = try Program.start(
        ["convert", source, other("out/s.h5"), "--compress", "gzip:9"],
        in: other
      )
      usleep(UInt32(milliseconds * 1000))
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      // A program that has not begun to listen dies of the signal, too.
      #expect(process.terminationReason == .uncaughtSignal, "\(milliseconds) ms")
      #expect(process.terminationStatus == number)
      let left = (try? FileManager.default.contentsOfDirectory(atPath: other("out"))) ?? []
      #expect(left.isEmpty, "\(milliseconds) ms: \(left)")
    }
    #expect(try folder.names == names)
  }
}
