internal import ByteIO
internal import Synchronization
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Keeps libhdf5 out of this process while it looks at files from strangers.
///
/// libhdf5 1.10 can crash on a file that was made to crash it. A program that names a helper has each
/// file walked through by a process of its own, which may die; what comes back is the catalog as
/// plain data. Without a helper the walk happens in this process.
public enum HDF5Isolation {
  /// The first argument by which the helper knows what it is wanted for.
  public static let helperArgument = "--hdf5-catalog"

  private static let helper = Mutex<String?>(nil)

  /// Names the program that walks through files from now on.
  ///
  /// - Parameter path: An executable that answers ``helperArgument`` followed by a path with
  ///   ``serve(_:)``.
  public static func use(helper path: String) {
    helper.withLock { $0 = path }
  }

  /// What the helper does: writes the catalog of a file, or the reason why there is none, to standard
  /// output, within bounded memory and time.
  ///
  /// - Parameter path: The file.
  public static func serve(_ path: String) {
    limit(RLIMIT_AS, to: 4 << 30)
    limit(RLIMIT_CPU, to: 120)
    limit(RLIMIT_CORE, to: 0)
    var answer: [UInt8]
    do {
      answer = [0] + CatalogCoding.encode(try HDF5Catalog.readInProcess(path))
    } catch let error as StateError {
      answer = [1] + CatalogCoding.encode(error)
    } catch {
      answer = [1] + CatalogCoding.encode(StateError(.malformed, "\(error)", file: path))
    }
    unsafe answer.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = unsafe write(
          STDOUT_FILENO,
          bytes.baseAddress?.advanced(by: done),
          bytes.count - done
        )
        if count <= 0 { break }
        done += count
      }
    }
  }

  /// The catalog of a file, by way of the helper where there is one.
  ///
  /// - Parameter path: The file.
  /// - Returns: The catalog.
  /// - Throws: `StateError` as ``HDF5Catalog/readInProcess(_:)``, and `malformed` when the helper died.
  static func catalog(of path: String) throws -> HDF5Catalog {
    guard let helper = helper.withLock({ $0 }) else { return try HDF5Catalog.readInProcess(path) }
    // A leading slash or dot keeps a name from being taken for an option.
    let argument = path.hasPrefix("/") ? path : "./" + path
    let (answer, status) = try ChildProcess.run(helper, [helperArgument, argument])
    guard status == 0, let kind = answer.first else {
      throw StateError(
        .malformed,
        "libhdf5 did not survive this file (its process ended with status \(status))",
        file: path,
        remedy: "the file is damaged, or made to attack its reader"
      )
    }
    let body = Array(answer.dropFirst())
    if kind == 0 { return try CatalogCoding.decodeCatalog(body) }
    var error = try CatalogCoding.decodeError(body)
    error.file = path
    throw error
  }

  #if canImport(Glibc)
  private static func limit(_ resource: __rlimit_resource, to amount: UInt) {
    var limit = rlimit(rlim_cur: amount, rlim_max: amount)
    _ = unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }
  #else
  private static func limit(_ resource: Int32, to amount: UInt64) {
    var limit = rlimit(rlim_cur: amount, rlim_max: amount)
    _ = unsafe setrlimit(resource, &limit)
  }
  #endif
}

extension HDF5Catalog {
  /// Reads what a file says about itself: files that are laid out as our own writer lays them out without
  /// libhdf5, all others with it, isolated where ``HDF5Isolation`` has a helper.
  ///
  /// - Parameter path: The file.
  /// - Returns: The catalog.
  /// - Throws: `StateError` with code `malformed`, `unsupported` or `limitExceeded`.
  public static func read(_ path: String) throws -> HDF5Catalog {
    try DirectCatalogReader.catalog(of: path) ?? HDF5Isolation.catalog(of: path)
  }
}
