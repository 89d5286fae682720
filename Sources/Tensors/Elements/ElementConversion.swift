/// Elements turned from one numeric type into another.
public enum ElementConversion {
  /// Turns numbers of any type that has arithmetic into `Double`.
  ///
  /// Exact for every type but 64-bit integers beyond 2⁵³, which are rounded.
  ///
  /// - Parameters:
  ///   - bytes: Little-endian elements.
  ///   - type: Their type.
  ///   - output: Receives as many numbers as there are elements.
  /// - Throws: ``StateError`` with code `unsupported` when the type is no number.
  public static func toDouble(
    _ bytes: UnsafeRawBufferPointer,
    _ type: ElementType,
    _ output: UnsafeMutableBufferPointer<Double>
  ) throws {
    func each<Element: BitwiseCopyable>(_: Element.Type, _ number: (Element) -> Double) {
      for index in 0..<output.count {
        unsafe output[index] = number(
          bytes.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Element>.size,
            as: Element.self
          )
        )
      }
    }
    switch type {
    case .float16: each(UInt16.self) { Double(Float16(bitPattern: $0)) }
    case .bfloat16: each(UInt16.self) { Double(Float(BFloat16(bitPattern: $0))) }
    case .float32: each(Float.self) { Double($0) }
    case .float64: each(Double.self) { $0 }
    case .int8: each(Int8.self) { Double($0) }
    case .int16: each(Int16.self) { Double($0) }
    case .int32: each(Int32.self) { Double($0) }
    case .int64: each(Int64.self) { Double($0) }
    case .uint8: each(UInt8.self) { Double($0) }
    case .uint16: each(UInt16.self) { Double($0) }
    case .uint32: each(UInt32.self) { Double($0) }
    case .uint64: each(UInt64.self) { Double($0) }
    case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
    default: throw StateError(.unsupported, "elements of type \(type.rawValue) are no numbers here")
    }
  }

  /// Rounds `Double` to any type that has arithmetic: to nearest even for floating-point numbers,
  /// exactly or not at all for integers.
  ///
  /// - Parameters:
  ///   - input: The numbers.
  ///   - type: The type to round to.
  ///   - bytes: Receives the little-endian elements.
  /// - Throws: ``StateError`` with code `unsupported` when the type is no number, `malformed` when
  ///   an integer type cannot hold a number.
  public static func fromDouble(
    _ input: UnsafeBufferPointer<Double>,
    _ type: ElementType,
    _ bytes: UnsafeMutableRawBufferPointer
  ) throws {
    func each<Element: BitwiseCopyable>(_ element: (Double) -> Element?) throws {
      for index in 0..<input.count {
        guard let value = unsafe element(input[index]) else {
          throw StateError(.malformed, "a number does not fit the type \(type.rawValue)")
        }
        unsafe bytes.storeBytes(
          of: value,
          toByteOffset: index * MemoryLayout<Element>.size,
          as: Element.self
        )
      }
    }
    switch type {
    case .float16: try each { Float16($0).bitPattern }
    case .bfloat16: try each { BFloat16($0).bitPattern }
    case .float32: try each { Float($0) }
    case .float64: try each { $0 }
    case .int8: try each { Int8(exactly: $0) }
    case .int16: try each { Int16(exactly: $0) }
    case .int32: try each { Int32(exactly: $0) }
    case .int64: try each { Int64(exactly: $0) }
    case .uint8: try each { UInt8(exactly: $0) }
    case .uint16: try each { UInt16(exactly: $0) }
    case .uint32: try each { UInt32(exactly: $0) }
    case .uint64: try each { UInt64(exactly: $0) }
    case .bool: try each { $0 == 0 ? UInt8(0) : 1 }
    default: throw StateError(.unsupported, "elements of type \(type.rawValue) are no numbers here")
    }
  }
}
