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
      """,
    version: optstateVersion,
    subcommands: [
      Inspect.self, Verify.self, Diff.self, Doctor.self, Report.self, Convert.self, Strip.self,
      ReplayCommand.self, ResetCommand.self, DebiasCommand.self, SetCommand.self,
      AverageCommand.self, ResizeCommand.self, ResealCommand.self, ScheduleCommand.self,
      KindsCommand.self,
    ]
  )

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
    main(nil)
  }
}
