internal import CHDF5
internal import Tensors

/// Owns one identifier of libhdf5 and closes it when it goes.
final class Handle: Sendable {
  let id: hid_t

  /// Adopts what a call returned, or throws what libhdf5 says about it.
  init(_ id: hid_t, _ action: String, code: StateError.Code = .malformed) throws {
    self.id = try Gate.check(id, action, code: code)
  }

  deinit { Gate.close(id) }
}
