/// Elements picked out of another tensor's bytes, a fixed distance apart along each axis.
final class StridedView: TensorSource {
  private let base: Tensor
  private let first: Int
  private let dimensions: [Int]
  private let strides: [Int]
  private let width: Int
  /// Axes from here on are picked out of one piece of the base, which is read at once.
  private let split: Int
  private let innerCount: Int
  private let innerSpan: Int

  /// Bytes of the base that are read at once.
  private static let spanLimit = 1 << 22

  init(_ base: Tensor, first: Int, dimensions: [Int], strides: [Int], width: Int) {
    self.base = base
    self.first = first
    self.dimensions = dimensions
    self.strides = strides
    self.width = width
    var split = dimensions.count
    var count = 1
    var span = 1
    while split > 0 {
      let axis = split - 1
      let wider = span + (dimensions[axis] - 1) * strides[axis]
      if wider * width > Self.spanLimit { break }
      span = wider
      count *= dimensions[axis]
      split = axis
    }
    self.split = split
    innerCount = count
    innerSpan = span
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: innerSpan * width,
      alignment: 16
    )
    defer { unsafe scratch.deallocate() }
    let end = offset + buffer.count
    var block = offset / width / innerCount
    while block * innerCount * width < end {
      try unsafe base.read(into: scratch, at: position(ofBlock: block) * width)
      let start = block * innerCount
      let from = max(start, offset / width)
      let to = min(start + innerCount, (end + width - 1) / width)
      unsafe pick(scratch, from - start..<to - start, start * width - offset, buffer)
      block += 1
    }
  }

  /// Where in the base the elements of a block begin.
  private func position(ofBlock block: Int) -> Int {
    var rest = block
    var position = first
    for axis in (0..<split).reversed() {
      position += rest % dimensions[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    return position
  }

  /// Copies elements of a block; the first and the last may be wanted in part only.
  private func pick(
    _ scratch: UnsafeMutableRawBufferPointer,
    _ range: Range<Int>,
    _ shift: Int,
    _ buffer: UnsafeMutableRawBufferPointer
  ) {
    var index = [Int](repeating: 0, count: dimensions.count)
    var rest = range.lowerBound
    var source = 0
    for axis in (split..<dimensions.count).reversed() {
      index[axis] = rest % dimensions[axis]
      source += index[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    for element in range {
      let target = element * width + shift
      for byte in 0..<width where target + byte >= 0 && target + byte < buffer.count {
        unsafe buffer[target + byte] = scratch[source * width + byte]
      }
      var axis = dimensions.count - 1
      while axis >= split {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < dimensions[axis] { break }
        source -= dimensions[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}

/// A range of another tensor's bytes.
final class RangeView: TensorSource {
  private let base: Tensor
  private let start: Int

  init(_ base: Tensor, at start: Int) {
    self.base = base
    self.start = start
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe base.read(into: buffer, at: start + offset)
  }
}

extension Tensor {
  /// Elements of this tensor's bytes, a fixed distance apart along each axis, without moving data.
  ///
  /// - Parameters:
  ///   - elementType: Type of the elements.
  ///   - shape: Elements along each axis.
  ///   - strides: Distance of neighbours along each axis, in elements, none negative.
  ///   - offset: The first element, counted in elements from the first byte.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `malformed` when an element lies outside the bytes or a
  ///   stride is negative, `unsupported` when elements have no fixed width.
  public func strided(
    _ elementType: ElementType,
    _ shape: Shape,
    strides: [Int],
    offset: Int
  ) throws -> Tensor {
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "elements of type \(elementType.rawValue) have no fixed width")
    }
    guard strides.count == shape.rank, strides.allSatisfy({ $0 >= 0 }), offset >= 0 else {
      throw StateError(.malformed, "strides \(strides) do not fit the shape \(shape)")
    }
    var last = offset
    var isContiguous = true
    var dense = 1
    for (size, stride) in zip(shape.dimensions, strides).reversed() where size != 1 {
      let (reach, overflow) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (next, carry) = last.addingReportingOverflow(reach)
      guard !overflow, !carry else {
        throw StateError(.malformed, "strides \(strides) of shape \(shape) overflow")
      }
      last = next
      isContiguous = isContiguous && stride == dense
      dense *= max(size, 1)
    }
    guard shape.elementCount == 0 || last < byteCount / width else {
      throw StateError(
        .malformed,
        "the view of shape \(shape) leaves its storage",
        expected: "at most \(byteCount / width) elements",
        found: "element \(last)"
      )
    }
    // Elements may be shown many times over, but not so that little data fills a disk.
    let bytes = try shape.byteCount(of: elementType)
    guard bytes <= Limits[.chunkBytes] || bytes / 64 <= byteCount else {
      throw StateError.exceeded(
        .chunkBytes,
        "the view of shape \(shape) shows \(byteCount) bytes as many more",
        found: bytes
      )
    }
    if shape.elementCount == 0 || isContiguous {
      let whole = shape.elementCount * width == byteCount
      let view = whole ? source : RangeView(self, at: shape.elementCount == 0 ? 0 : offset * width)
      return try Tensor(elementType, shape, checksum: whole ? checksum : nil, source: view)
    }
    if shape.rank == 2, strides[0] == 1, strides[1] == shape.dimensions[0] {
      let turned = try Shape(shape.dimensions.reversed())
      let lying = try strided(elementType, turned, strides: [strides[1], 1], offset: offset)
      return try lying.transposed()
    }
    let view = StridedView(
      self,
      first: offset,
      dimensions: shape.dimensions,
      strides: strides,
      width: width
    )
    return try Tensor(elementType, shape, source: view)
  }
}
