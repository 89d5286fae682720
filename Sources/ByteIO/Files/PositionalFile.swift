#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import CPlatform
internal import Synchronization
internal import Tensors

/// A file, or a section of one, whose bytes are read and written at explicit offsets, from any thread.
public final class PositionalFile: Sendable {
  /// The path that the file was opened by.
  public let path: String

  /// How the file is reached.
  private enum Handle {
    case open(OpenFile)
    /// Among the files of a directory that has more than a process can hold open.
    case reopened(ReopenedFile)
  }

  private let handle: Handle

  /// The section, `nil` where it is all of the file; what is written may go on without end.
  private let section: Range<Int>?

  private init(path: String, handle: Handle, section: Range<Int>? = nil) {
    self.path = path
    self.handle = handle
    self.section = section
  }

  private convenience init(path: String, descriptor: Int32) {
    self.init(path: path, handle: .open(OpenFile(descriptor)))
  }

  /// Where in the file offset 0 is.
  public var origin: Int { section?.lowerBound ?? 0 }

  /// Runs a body with a descriptor that stays open meanwhile.
  private func withDescriptor<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    let file: OpenFile
    switch handle {
    case .open(let open): file = open
    case .reopened(let reopened): file = try reopened.file()
    }
    return try withExtendedLifetime(file) { try body(file.descriptor) }
  }

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

  /// Creates a file as ``create(_:)`` does that is open only now and then, as those of ``reopening(_:)`` are.
  ///
  /// - Parameter path: The file.
  /// - Returns: The file.
  /// - Throws: `StateError` with code `cannotCreate`.
  static func createReopening(_ path: String) throws -> PositionalFile {
    let file = try create(path)
    guard case .open(let open) = file.handle else { return file }
    let reopened = ReopenedFile(path, open, try file.identity(), isWritten: true)
    return PositionalFile(path: path, handle: .reopened(reopened))
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

  /// Looks at a regular file that is open only now and then: the latest few of all such files are at once.
  ///
  /// - Parameter path: The file.
  /// - Returns: The file.
  /// - Throws: `StateError` as ``open(_:)``, now or when it is reached again; then with code `inputOutput` too
  ///   where another file has its name.
  public static func reopening(_ path: String) throws -> PositionalFile {
    let (file, identity) = try descriptor(path, isWritten: false)
    return PositionalFile(path: path, handle: .reopened(ReopenedFile(path, file, identity)))
  }

  /// A part of the file as a file of its own: offsets begin at its start.
  ///
  /// - Parameter range: The part.
  /// - Returns: The section.
  /// - Throws: `StateError` with code `malformed` when the file, or the section that it is, ends before.
  public func section(_ range: Range<Int>) throws -> PositionalFile {
    let size = try size()
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw StateError(
        .malformed,
        "bytes \(range.lowerBound) to \(range.upperBound) lie outside the file",
        file: path,
        expected: "at most \(size)"
      )
    }
    let start = origin + range.lowerBound
    return PositionalFile(path: path, handle: handle, section: start..<start + range.count)
  }

  /// The rest of a file that is being written, from an offset on.
  ///
  /// - Parameter start: Where in the file offset 0 shall be.
  /// - Returns: The section, which grows as it is written.
  package func written(from start: Int) -> PositionalFile {
    PositionalFile(path: path, handle: handle, section: origin + start..<Int.max)
  }

  private func status() throws -> stat {
    try withDescriptor { descriptor in
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else {
        throw StateError.system(.inputOutput, "inspect", path)
      }
      return status
    }
  }

  /// The descriptor of a regular file, open for reading or for writing too.
  fileprivate static func descriptor(
    _ path: String,
    isWritten: Bool
  ) throws -> (OpenFile, FileIdentity) {
    let file = try isWritten ? openForWriting(path) : open(path)
    guard case .open(let open) = file.handle else {
      throw StateError(.inputOutput, "cannot be opened", file: path)
    }
    return (open, try file.identity())
  }

  /// What tells the file from every other one.
  func identity() throws -> FileIdentity { FileIdentity(try status()) }

  /// Bytes in the file now.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func size() throws -> Int {
    let size = Int(try status().st_size)
    guard let section else { return size }
    return max(0, min(size, section.upperBound) - section.lowerBound)
  }

  /// Fills a buffer from the file.
  ///
  /// - Parameters:
  ///   - buffer: The memory to fill.
  ///   - offset: Where in the file to begin.
  /// - Throws: `StateError` with code `truncated` when the file ends before the buffer does,
  ///   `inputOutput` when the system fails.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let offset = origin + offset
    if let section, buffer.count > section.upperBound - offset {
      throw StateError(
        .truncated,
        "the section ends too early",
        file: path,
        offset: section.upperBound,
        expected: "\(buffer.count - (section.upperBound - offset)) more bytes"
      )
    }
    try withDescriptor { try unsafe read($0, into: buffer, at: offset) }
  }

  private func read(
    _ descriptor: Int32,
    into buffer: UnsafeMutableRawBufferPointer,
    at offset: Int
  ) throws {
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
    try withDescriptor { try unsafe write($0, buffer, at: origin + offset) }
  }

  private func write(
    _ descriptor: Int32,
    _ buffer: UnsafeRawBufferPointer,
    at offset: Int
  ) throws {
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
    try withDescriptor { descriptor in
      while Fault.status(.sync, path, { fsync(descriptor) }) != 0 {
        if errno != EINTR { throw StateError.system(.inputOutput, "flush", path) }
      }
    }
  }
}

/// A descriptor, closed with its last user.
private final class OpenFile: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}

/// A file that is open as long as it is among the latest of its kind that were read or written.
private final class ReopenedFile: Sendable {
  private let path: String
  private let identity: FileIdentity

  /// Files that are open at once, beside those that somebody reads just now.
  private static let capacity = 24

  /// The open ones, the latest last.
  private static let latest = Mutex<[(owner: ObjectIdentifier, file: OpenFile)]>([])

  private let isWritten: Bool

  init(_ path: String, _ file: OpenFile, _ identity: FileIdentity, isWritten: Bool = false) {
    self.path = path
    self.identity = identity
    self.isWritten = isWritten
    keep(file)
  }

  deinit {
    let own = ObjectIdentifier(self)
    Self.latest.withLock { $0.removeAll { $0.owner == own } }
  }

  /// The file, opened again where it has been closed meanwhile.
  func file() throws -> OpenFile {
    let own = ObjectIdentifier(self)
    let found = Self.latest.withLock { list -> OpenFile? in
      guard let place = list.lastIndex(where: { $0.owner == own }) else { return nil }
      let entry = list.remove(at: place)
      list.append(entry)
      return entry.file
    }
    if let found { return found }
    let (file, identity) = try PositionalFile.descriptor(path, isWritten: isWritten)
    guard identity == self.identity else {
      throw StateError(.inputOutput, "was replaced while it was being read", file: path)
    }
    keep(file)
    return file
  }

  private func keep(_ file: OpenFile) {
    let own = ObjectIdentifier(self)
    // Closing may take time: it is done by whoever holds the last reference, outside the lock.
    let closed = Self.latest.withLock { list -> OpenFile? in
      let oldest = list.count >= Self.capacity ? list.removeFirst().file : nil
      list.append((own, file))
      return oldest
    }
    withExtendedLifetime(closed) {}
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
