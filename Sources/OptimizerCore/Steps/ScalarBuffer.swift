import Tensors

/// Numbers of any floating-point type as numbers of the type that is computed in.
///
/// Memory of that very type is used where it is; other memory is copied to a scratch array first
/// and back on ``store()``.
@safe struct ScalarBuffer<Scalar: BinaryFloatingPoint> {
  let lane: Lane<Scalar>
  private let bytes: UnsafeMutableRawBufferPointer
  private let type: ElementType
  private let ownsScratch: Bool

  /// Takes numbers where they are, or copies of them when the memory may not be changed.
  init(_ bytes: UnsafeMutableRawBufferPointer, _ type: ElementType, copies: Bool = false) {
    unsafe self.bytes = unsafe bytes
    self.type = type
    let count = bytes.count / Self.width(type)
    // A multiple of the alignment and of the same type: what is there are `count` scalars.
    if !copies, type == Self.elementType, let base = bytes.baseAddress,
      Int(bitPattern: base) % MemoryLayout<Scalar>.alignment == 0
    {
      ownsScratch = false
      lane = unsafe Lane(base.assumingMemoryBound(to: Scalar.self), count: count)
    } else {
      ownsScratch = true
      let scratch = UnsafeMutablePointer<Scalar>.allocate(capacity: max(count, 1))
      lane = unsafe Lane(scratch, count: count)
      load()
    }
  }

  /// Writes scratch numbers back, each rounded once.
  func store() {
    if ownsScratch { unsafe store(to: bytes, type) }
  }

  /// Writes the numbers to other memory, each rounded once.
  func store(to target: UnsafeMutableRawBufferPointer, _ type: ElementType) {
    func each<Element: BitwiseCopyable>(_ element: (Scalar) -> Element) {
      let width = MemoryLayout<Element>.size
      for i in 0..<lane.count {
        // In bounds: the target holds as many elements as the lane.
        unsafe target.storeBytes(of: element(lane[i]), toByteOffset: i * width, as: Element.self)
      }
    }
    switch type {
    case .float16: each { Float16($0).bitPattern }
    case .bfloat16: each { BFloat16(Float($0)).bitPattern }
    case .float64: each { Double($0) }
    default: each { Float($0) }
    }
  }

  /// Frees the scratch array.
  func release() {
    if ownsScratch { unsafe lane.base.deallocate() }
  }

  private func load() {
    func each<Element: BitwiseCopyable>(_ number: (Element) -> Scalar) {
      let width = MemoryLayout<Element>.size
      for i in 0..<lane.count {
        // In bounds: the lane has as many numbers as the bytes hold elements.
        lane[i] = unsafe number(bytes.loadUnaligned(fromByteOffset: i * width, as: Element.self))
      }
    }
    switch type {
    case .float16: each { Scalar(Float16(bitPattern: $0)) }
    case .bfloat16: each { Scalar(Float(BFloat16(bitPattern: $0))) }
    case .float64: each { (value: Double) in Scalar(value) }
    default: each { (value: Float) in Scalar(value) }
    }
  }

  private static var elementType: ElementType { Scalar.self == Double.self ? .float64 : .float32 }

  /// Bytes of an element; ``UpdateTypes`` admits only types that have a width.
  static func width(_ type: ElementType) -> Int { type.byteWidth ?? 1 }
}
