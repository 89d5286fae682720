#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import CPlatform
internal import Tensors

/// An open file whose bytes are read and written at explicit offsets, from any thread.
public final class PositionalFile: Sendable {
  /// The path that the file was opened by.
  public let path: String

  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens a regular file for reading.
  ///
  /// - Parameter path: The file.
  /// - Returns: The open file.
  /// - Throws: `StateError` with code `notFound` when there is none, `unsupported` when it is a
  ///   directory, a pipe or a device, `inputOutput` when it cannot be opened.
  public static func open(_ path: String) throws -> PositionalFile {
    // A pipe without a writer must not block the open.
    let descriptor = Fault.status(.open, path) {
      Platform.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
    }
    guard descriptor >= 0 else { throw StateError.system(.inputOutput, "open", path) }
    let file = PositionalFile(path: path, descriptor: descriptor)
    let status = try file.status()
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw StateError(
        .unsupported,
        kind == S_IFDIR ? "is a directory" : "is no regular file",
        file: path,
        expected: "a regular file"
      )
    }
    InputTrace.note(FileIdentity(status))
    return file
  }

  /// Creates a file that must not exist yet and opens it for reading and writing.
  ///
  /// - Parameter path: The file.
  /// - Returns: The open file.
  /// - Throws: `StateError` with code `cannotCreate`.
  public static func create(_ path: String) throws -> PositionalFile {
    let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
    let descriptor = Fault.status(.create, path) { Platform.open(path, flags, 0o666) }
    guard descriptor >= 0 else { throw StateError.system(.cannotCreate, "create", path) }
    return PositionalFile(path: path, descriptor: descriptor)
  }

  /// Opens an existing file of ours for reading and writing.
  ///
  /// - Parameter path: The file.
  /// - Returns: The open file.
  /// - Throws: `StateError` with code `cannotCreate`.
  public static func openForWriting(_ path: String) throws -> PositionalFile {
    let descriptor = Platform.open(path, O_RDWR | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw StateError.system(.cannotCreate, "write", path) }
    return PositionalFile(path: path, descriptor: descriptor)
  }

  /// Creates a file without a name, which vanishes with its last user.
  ///
  /// - Returns: The file, open for reading and writing.
  /// - Throws: `StateError` with code `cannotCreate`.
  static func unnamed() throws -> PositionalFile {
    let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    let directory = named.isEmpty ? "/tmp" : named
    let descriptor = Fault.status(.create, directory) { unsafe optstate_open_unnamed(directory) }
    if descriptor >= 0 {
      return PositionalFile(path: "a temporary file in \(directory)", descriptor: descriptor)
    }
    guard [EOPNOTSUPP, EISDIR, EINVAL].contains(errno) else {
      throw StateError.system(.cannotCreate, "create a temporary file in", directory)
    }
    // A name for a moment: should the process be killed in it, the next one finds it.
    return try TemporaryFiles.uninterrupted {
      TemporaryFiles.removeStale(in: directory)
      let name = TemporaryFiles.reserve(beside: FileSystem.path(directory, "optstate"))
      let file = try create(name)
      unsafe unlink(name)
      TemporaryFiles.release(name)
      return file
    }
  }

  private func status() throws -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw StateError.system(.inputOutput, "inspect", path)
    }
    return status
  }

  /// What tells the file from every other one.
  func identity() throws -> FileIdentity { FileIdentity(try status()) }

  /// Bytes in the file now.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func size() throws -> Int { Int(try status().st_size) }

  /// Fills a buffer from the file.
  ///
  /// - Parameters:
  ///   - buffer: The memory to fill.
  ///   - offset: Where in the file to begin.
  /// - Throws: `StateError` with code `truncated` when the file ends before the buffer does,
  ///   `inputOutput` when the system fails.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = Fault.transfer(.read, path, rest.count) {
        unsafe pread(descriptor, rest.baseAddress, $0, off_t(offset + done))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw StateError.system(.inputOutput, "read", path, at: offset + done)
      }
      guard count > 0 else {
        throw StateError(
          .truncated,
          "the file ends too early",
          file: path,
          offset: offset + done,
          expected: "\(rest.count) more bytes"
        )
      }
      done += count
    }
  }

  /// A range of the file in memory.
  ///
  /// - Parameters:
  ///   - offset: Where in the file to begin.
  ///   - count: Bytes to read, bounded by the caller.
  /// - Returns: The bytes.
  /// - Throws: `StateError` as ``read(into:at:)``.
  public func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    guard count <= (try size()) else {
      throw StateError(
        .truncated,
        "the file ends too early",
        file: path,
        offset: offset,
        expected: "\(count) bytes"
      )
    }
    return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try unsafe read(
        into: UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]
        ),
        at: offset
      )
      initialized = count
    }
  }

  /// Writes a buffer to the file.
  ///
  /// - Parameters:
  ///   - buffer: The bytes to write.
  ///   - offset: Where in the file to begin.
  /// - Throws: `StateError` with code `inputOutput`.
  public func write(_ buffer: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
      let count = Fault.transfer(.write, path, rest.count) {
        unsafe pwrite(descriptor, rest.baseAddress, $0, off_t(offset + done))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw StateError.system(.inputOutput, "write", path, at: offset + done)
      }
      // A device that takes nothing and reports nothing would be written to for ever.
      guard count > 0 else {
        throw StateError(
          .inputOutput,
          "cannot write any further",
          file: path,
          offset: offset + done
        )
      }
      done += count
    }
  }

  /// Writes bytes to the file.
  ///
  /// - Parameters:
  ///   - bytes: The bytes to write.
  ///   - offset: Where in the file to begin.
  /// - Throws: `StateError` with code `inputOutput`.
  public func write(_ bytes: [UInt8], at offset: Int) throws {
    try unsafe bytes.withUnsafeBytes { try unsafe write($0, at: offset) }
  }

  /// Waits until the file's bytes are on the disk.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func sync() throws {
    while Fault.status(.sync, path, { fsync(descriptor) }) != 0 {
      if errno != EINTR { throw StateError.system(.inputOutput, "flush", path) }
    }
  }
}

/// `open` under a name that does not collide with ``PositionalFile/open(_:)``.
private enum Platform {
  static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    #if canImport(Glibc)
    unsafe Glibc.open(path, flags, mode)
    #else
    unsafe Darwin.open(path, flags, mode)
    #endif
  }
}
