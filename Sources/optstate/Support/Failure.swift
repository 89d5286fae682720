internal import ArgumentParser
internal import OptStateKit
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// How a command that cannot do its work ends.
enum Failure {
  /// Runs a command's work within its bounds; an error becomes a message and the exit status of the
  /// contract.
  static func reported(_ options: LimitOptions, _ body: () throws -> Void) throws {
    do {
      try Limits.$current.withValue(options.limits, operation: body)
    } catch let error as StateError {
      // What failed because a signal's handler has just removed its file is not what ended the program.
      TemporaryFiles.uninterrupted {}
      Output.message("error: \(error)")
      throw ExitCode(status(error.code))
    }
  }

  private static func status(_ code: StateError.Code) -> Int32 {
    switch code {
    case .invalidArgument: 64
    case .notFound: 66
    case .exists, .cannotCreate: 73
    case .inputOutput: 74
    default: 65
    }
  }
}
