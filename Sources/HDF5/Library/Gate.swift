internal import ByteIO
internal import CHDF5
internal import Tensors

/// The one gate through which libhdf5 is called.
///
/// Debian's build is not thread-safe, so one lock surrounds every call. It is recursive, because a
/// handle may be released, and so closed, while another call is under way on the same thread.
enum Gate {
  private static let lock = RecursiveLock()

  private static let isReady: Bool = {
    // Handles on other threads must stay valid while the process exits.
    H5dont_atexit() >= 0 && H5open() >= 0
  }()

  /// Runs calls of libhdf5 under the lock.
  @discardableResult
  static func locked<Result>(_ body: () throws -> Result) throws -> Result {
    try lock.holding {
      guard isReady else { throw StateError(.inputOutput, "libhdf5 cannot be initialized") }
      _ = optstate_h5e_silence()
      return try body()
    }
  }

  /// Closes an identifier; the result is of no use to anyone who could still act on it.
  static func close(_ id: hid_t) {
    _ = try? locked { H5Idec_ref(id) }
  }

  /// Turns a negative return value into an error that carries libhdf5's own account.
  @discardableResult
  static func check<Status: SignedInteger>(
    _ status: Status,
    _ action: String,
    code: StateError.Code = .malformed
  ) throws -> Status {
    guard status < 0 else { return status }
    let (frames, isSystems) = account()
    // A disk that cannot be read is no damaged file.
    let real = isSystems && code.concernsData ? .inputOutput : code
    throw StateError(real, "libhdf5 cannot \(action): \(frames)")
  }

  /// The innermost and the outermost frame of the current error stack, and whether a call of the operating
  /// system failed.
  private static func account() -> (frames: String, isSystems: Bool) {
    final class Frames {
      var messages: [String] = []
    }
    let frames = Frames()
    unsafe optstate_h5e_frames(
      { context, function, message in
        guard let context = unsafe context, let function = unsafe function,
          let message = unsafe message
        else { return }
        unsafe Unmanaged<Frames>.fromOpaque(context).takeUnretainedValue().messages.append(
          "\(String(cString: function)): \(String(cString: message))"
        )
      },
      Unmanaged.passUnretained(frames).toOpaque()
    )
    let isSystems = frames.messages.contains { $0.contains("error message = '") }
    let messages = frames.messages.map(readable)
    guard let outer = messages.first, let inner = messages.last else {
      return ("no reason given", isSystems)
    }
    return (messages.count == 1 ? outer : "\(outer), because \(inner)", isSystems)
  }

  /// A message without what only a debugger can use: the time, the descriptor, the address.
  ///
  /// `file write failed: time = …, error message = 'No space left on device', buf = …`
  private static func readable(_ message: String) -> String {
    let markers = [": time = ", ": name = ", ": errno = "]
    guard let details = markers.lazy.compactMap({ message.firstRange(of: $0) }).first,
      let start = message.firstRange(of: "error message = '"),
      let end = message[start.upperBound...].firstIndex(of: "'")
    else { return message }
    return "\(message[..<details.lowerBound]): \(message[start.upperBound..<end])"
  }

  /// How files are opened: without locks.
  ///
  /// A lock would be inherited by any process that the program starts meanwhile, and then keep the
  /// program itself out; what is written is renamed into place, and what is read never changes.
  static func fileAccess() throws -> Handle {
    let access = try Handle(H5Pcreate(optstate_h5p_file_access()), "make a property list")
    try check(H5Pset_file_locking(access.id, false, true), "do without locks")
    return access
  }
}
