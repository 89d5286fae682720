/// A row of numbers in memory that its owner keeps alive during an update.
///
/// Made and used inside the closures that hold the memory; it never leaves a step.
@safe public struct Lane<Scalar: BinaryFloatingPoint> {
  let base: UnsafeMutablePointer<Scalar>
  /// Numbers in the row.
  public let count: Int

  /// Describes memory.
  ///
  /// - Parameters:
  ///   - base: The first number.
  ///   - count: How many there are.
  @unsafe public init(_ base: UnsafeMutablePointer<Scalar>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  /// The number at an index.
  ///
  /// - Precondition: The index is in the row; release builds do not check it.
  public subscript(index: Int) -> Scalar {
    get {
      assert(index >= 0 && index < count)
      // The owner vouched for `count` numbers when it made the lane.
      return unsafe base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }
}

extension Lane where Scalar == Float {
  /// Raw memory as numbers, if it is aligned for them.
  @unsafe init?(aligned bytes: UnsafeMutableRawBufferPointer) {
    let width = MemoryLayout<Float>.stride
    guard let base = bytes.baseAddress, Int(bitPattern: base) % width == 0 else {
      return nil
    }
    unsafe self.init(base.assumingMemoryBound(to: Float.self), count: bytes.count / width)
  }
}
