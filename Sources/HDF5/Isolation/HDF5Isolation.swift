internal import ByteIO
internal import CPlatform
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
  /// - Parameter path: An executable that answers ``helperArgument`` and what follows it with
  ///   ``serve(_:)``.
  public static func use(helper path: String) {
    helper.withLock { $0 = path }
  }

  /// What the helper does: writes the catalog of a file, or the reason why there is none, to standard
  /// output, within bounded memory and time.
  ///
  /// - Parameter arguments: The process that wants to know; the limits that were changed; the file; and
  ///   where it is only a part of one that counts, its first byte and the one behind its last.
  public static func serve(_ arguments: [String]) {
    optstate_end_with_parent()
    // It may have ended before.
    guard arguments.count >= 3, arguments[0] == "\(getppid())" else { return }
    let path = arguments[2]
    let bounds = arguments.dropFirst(3).compactMap { Int($0) }
    let range = bounds.count == 2 && bounds[0] <= bounds[1] ? bounds[0]..<bounds[1] : nil
    var answer: [UInt8]
    do {
      let limits = try Limits(text: arguments[1])
      answer = try Limits.$current.withValue(limits) {
        limit(RLIMIT_AS, to: UInt(Limits[.helperBytes]))
        limit(RLIMIT_CPU, to: UInt(seconds(for: path)))
        limit(RLIMIT_CORE, to: 0)
        return [0] + CatalogCoding.encode(try HDF5Catalog.readInProcess(path, in: range))
      }
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

  /// Seconds that a file may take: a few, and more for what is long.
  ///
  /// Describing a file takes a fraction of the time in which a slow disk reads it. What takes longer than a quarter of a
  /// megabyte in a second is damaged, or made to take long.
  private static func seconds(for path: String) -> Int {
    let size = (try? PositionalFile.open(path).size()) ?? 0
    return min(Limits[.helperSeconds], 3 + size / 250_000)
  }

  /// The catalog of a file, by way of the helper where there is one.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - range: Where in it the HDF5 file lies, `nil` for all of it.
  /// - Returns: The catalog.
  /// - Throws: `StateError` as ``HDF5Catalog/readInProcess(_:in:)``, and `malformed` when the helper
  ///   died.
  static func catalog(of path: String, in range: Range<Int>?) throws -> HDF5Catalog {
    guard let helper = helper.withLock({ $0 }) else {
      return try HDF5Catalog.readInProcess(path, in: range)
    }
    // A leading slash or dot keeps a name from being taken for an option.
    let argument = path.hasPrefix("/") ? path : "./" + path
    let bounds = range.map { ["\($0.lowerBound)", "\($0.upperBound)"] } ?? []
    let (answer, status) = try ChildProcess.run(
      helper,
      [helperArgument, "\(getpid())", Limits.current.text, argument] + bounds,
      limit: Limits[.indexBytes]
    )
    guard answer.count <= Limits[.indexBytes] else {
      throw StateError.exceeded(
        .indexBytes,
        "what the file says about itself is too long",
        file: path
      )
    }
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
  /// - Parameters:
  ///   - path: The file.
  ///   - range: Where in it the HDF5 file lies, such as a stored member of an archive; `nil` for all of
  ///     it.
  /// - Returns: The catalog; its offsets are those of the file that `path` names.
  /// - Throws: `StateError` with code `malformed`, `unsupported` or `limitExceeded`.
  public static func read(_ path: String, in range: Range<Int>? = nil) throws -> HDF5Catalog {
    let direct = range == nil ? try DirectCatalogReader.catalog(of: path) : nil
    let catalog = try direct ?? HDF5Isolation.catalog(of: path, in: range)
    // A file that took over the helper may have made it say anything.
    do {
      try CatalogCheck(fileSize: try PositionalFile.open(path).size()).check(catalog)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
    return catalog
  }

  /// Reads a file without libhdf5, `nil` where its layout is not that of our own writer.
  package static func readDirectly(_ path: String) throws -> HDF5Catalog? {
    guard let catalog = try DirectCatalogReader.catalog(of: path) else { return nil }
    try CatalogCheck(fileSize: try PositionalFile.open(path).size()).check(catalog)
    return catalog
  }

  /// The catalog as a helper process sends it.
  package var coded: [UInt8] { CatalogCoding.encode(self) }

  /// What a helper process sent, checked against the size of the file that it is about.
  package init(coded bytes: [UInt8], fileSize: Int) throws {
    self = try CatalogCoding.decodeCatalog(bytes)
    try CatalogCheck(fileSize: fileSize).check(self)
  }
}
