internal import Dispatch
internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What an interrupted run leaves behind: nothing.
enum Signals {
  /// Removes unfinished files when a signal ends the program.
  static func removeTemporaryFilesOnExit() {
    // A limit on the size of files is then an error of the write that meets it.
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        // The handler keeps the source that calls it.
        withExtendedLifetime(source) { TemporaryFiles.removeAll() }
        // Ends with the signal's own status, as if it had never been caught. This thread blocks
        // signals, so the process as a whole is told.
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
    }
  }
}
