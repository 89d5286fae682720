package import Tensors

extension TensorPass {
  /// Verifies what tensors without a checksum of their own draw from, each once: the tensors behind
  /// views, and members of archives.
  ///
  /// - Parameter tensors: The tensors that are going to be read.
  /// - Throws: `StateError` with code `checksumMismatch`, or what reading throws.
  package static func verifyOrigins(of tensors: [NamedTensor]) throws {
    var seen: Set<ObjectIdentifier> = []
    var origins: [NamedTensor] = []
    var sources: [any VerifiableSource] = []
    var pending = tensors.filter { $0.tensor.checksum == nil }
    for tensor in pending {
      if let source = tensor.tensor.source as? any VerifiableSource { sources.append(source) }
    }
    while let view = pending.popLast() {
      for origin in view.tensor.source.origins
      where seen.insert(ObjectIdentifier(origin.source)).inserted {
        let named = NamedTensor(view.name, origin)
        if let source = origin.source as? any VerifiableSource { sources.append(source) }
        if origin.checksum == nil { pending.append(named) } else { origins.append(named) }
      }
    }
    let all = sources
    try Workers.forEach(
      count: all.count,
      makeState: {},
      body: { _, index in try all[index].verify() }
    )
    for (origin, sum) in zip(origins, try sums(origins)) { try check(origin, sum) }
  }
}

extension Tensor {
  /// Whether a sum on record tells that the bytes are those that were written: the tensor's own, that of
  /// the archive's member that holds it, or those of everything that it is a view of.
  package var isVouchedFor: Bool {
    if checksum != nil || byteCount == 0 || source is any VerifiableSource { return true }
    // Strings and variants are compared whenever they are decoded.
    if elementType.byteWidth == nil { return true }
    return !source.origins.isEmpty && source.origins.allSatisfy(\.isVouchedFor)
  }
}
