internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// This program in its second role: it walks through HDF5 files in a process that may die.
enum HelperProcess {
  /// Answers and exits where the arguments say that this is the helper.
  static func serveIfAsked() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, arguments[1] == HDF5Isolation.helperArgument else { return }
    HDF5Isolation.serve(Array(arguments[2...]))
    // Nothing that libhdf5 may have damaged gets a chance to run.
    _exit(0)
  }

  /// Makes this program its own helper.
  static func register() {
    var path = [CChar](repeating: 0, count: 4096)
    #if canImport(Glibc)
    let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { return }
    #else
    var size = UInt32(path.count)
    guard unsafe _NSGetExecutablePath(&path, &size) == 0 else { return }
    #endif
    let bytes = path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    HDF5Isolation.use(helper: String(decoding: bytes, as: UTF8.self))
  }
}
