internal import ArgumentParser
internal import OptStateKit

/// The command-line tool.
@main
struct Optstate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optstate",
    abstract: "Inspect, prove and convert the training state of deep-learning frameworks.",
    discussion: """
      A STATE is a file of optstate, Keras, PyTorch, safetensors or NumPy, the directory of a Trainer's \
      checkpoint, or a TensorFlow checkpoint, named by its prefix, its .index file, or a directory with \
      a 'checkpoint' file. What it is, is found from its content.

      Exit status: 0 done; 1 a difference or a failed check; 64 usage; 65 malformed or unsupported \
      data; 66 no such input; 73 the output cannot be made; 74 input or output error.

      Bounds for --limit, which may be repeated: \(Limits.Name.allCases.map(\.rawValue).joined(separator: ", ")).
      """ + examples("inspect model.ckpt-20", "convert model.ckpt-20 state.h5", "help convert"),
    version: optstateVersion,
    subcommands: [
      Inspect.self, Verify.self, Diff.self, Doctor.self, Report.self, Convert.self, Strip.self,
      ReplayCommand.self, ResetCommand.self, DebiasCommand.self, SetCommand.self,
      AverageCommand.self, ResizeCommand.self, ResealCommand.self, ScheduleCommand.self,
      KindsCommand.self,
    ]
  )

  /// The end of a discussion: command lines to begin from.
  static func examples(_ lines: String...) -> String {
    "\n\nExamples:\n" + lines.map { "  optstate \($0)" }.joined(separator: "\n")
  }

  static func main() {
    Output.occupyStandardDescriptors()
    // Swift reads its arguments from /proc. Without them every command would be a request for help, and succeed.
    guard !CommandLine.arguments.isEmpty else {
      Output.message("error: the arguments cannot be read: /proc is not mounted")
      exit(withError: ExitCode(74))
    }
    HelperProcess.serveIfAsked()
    HelperProcess.register()
    Signals.removeTemporaryFilesOnExit()
    do {
      try checkName(CommandLine.arguments.dropFirst().first)
      var command = try parseAsRoot()
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Refuses a command that there is none of, with the one that was meant.
  private static func checkName(_ word: String?) throws {
    let names = configuration.subcommands.map { $0._commandName } + ["help"]
    guard let word, !word.hasPrefix("-"), !names.contains(word) else { return }
    let meant = Spelling.nearest(to: word, among: names)
    throw ValidationError(
      "there is no command '\(word)'" + (meant.map { "; '\($0)' is one" } ?? "")
    )
  }

  /// Prints what an error has to say, help and version among them, and ends with its exit status.
  private static func end(with error: any Error) -> Never {
    let code = exitCode(for: error)
    let text = HelpText.wrapped(fullMessage(for: error, columns: HelpText.columns))
    if code.isSuccess {
      do { try Output.text(text.isEmpty ? "" : text + "\n") } catch {
        Output.message("error: \(error)")
        exit(withError: ExitCode(74))
      }
    } else if !text.isEmpty {
      Output.write(text + "\n")
    }
    exit(withError: code)
  }
}
