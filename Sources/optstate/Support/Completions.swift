internal import ArgumentParser
internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What a shell offers for an argument.
enum Completions {
  /// A state, or where one shall be: files and directories.
  static let state = CompletionKind.file()

  /// The formats that can be written.
  static let formats = CompletionKind.list(StateFormats.writable)

  /// A naming convention, or a file with a map.
  static let namings = words { NamingConvention.known + ["keep"] }

  /// An optimizer, or a file with its record.
  static let optimizers = words { OptimizerCatalog.all.map(\.kind) }

  /// A schedule, or a file with its record.
  static let schedules = words { ScheduleKind.allCases.map(\.rawValue) }

  /// A bound and the sign before its number.
  static let limits = CompletionKind.list(Limits.Name.allCases.map { $0.rawValue + "=" })

  /// Words, and files beside them: shells of three kinds offer one or the other by themselves.
  private static func words(_ known: @escaping @Sendable () -> [String]) -> CompletionKind {
    .custom { _, _, prefix in (known() + files(prefix)).filter { $0.hasPrefix(prefix) } }
  }

  /// What the path may go on to be, directories with a slash behind them.
  private static func files(_ prefix: String) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    guard unsafe glob(prefix + "*", GLOB_MARK, nil, &found) == 0 else { return [] }
    return unsafe (0..<Int(found.gl_pathc)).compactMap { place in
      unsafe found.gl_pathv[place].map { unsafe String(cString: $0) }
    }
  }
}
