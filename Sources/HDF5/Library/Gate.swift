internal import CHDF5
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

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
    lock.acquire()
    defer { lock.release() }
    guard isReady else { throw StateError(.inputOutput, "libhdf5 cannot be initialized") }
    _ = optstate_h5e_silence()
    return try body()
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
    throw StateError(code, "libhdf5 cannot \(action): \(errorStack())")
  }

  /// The innermost and the outermost frame of the current error stack.
  private static func errorStack() -> String {
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
    guard let outer = frames.messages.first, let inner = frames.messages.last else {
      return "no reason given"
    }
    return frames.messages.count == 1 ? outer : "\(outer), because \(inner)"
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

/// A lock that its holder may take again.
@safe private final class RecursiveLock: @unchecked Sendable {
  // Sendable because the mutex is what serializes access to itself.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    unsafe pthread_mutexattr_init(&attributes)
    unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    unsafe pthread_mutex_init(mutex, &attributes)
    unsafe pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  func acquire() { unsafe pthread_mutex_lock(mutex) }

  func release() { unsafe pthread_mutex_unlock(mutex) }
}
