package import Tensors

/// The ``StateError`` that a body throws, `nil` when it throws nothing; any other error passes through.
package func stateError(of body: () throws -> Void) throws -> StateError? {
  do {
    try body()
    return nil
  } catch let error as StateError {
    return error
  }
}

/// The code of the ``StateError`` that a body throws, `nil` when it throws nothing.
package func errorCode(of body: () throws -> Void) throws -> StateError.Code? {
  try stateError(of: body)?.code
}
