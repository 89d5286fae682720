internal import Tensors

/// What a slice takes of one axis: all of it, or a part.
struct SliceExtent: Hashable {
  let start: Int

  /// Elements along the axis, `nil` for all of them.
  let length: Int?

  /// What a record states.
  init(_ extent: SliceExtents.Extent) throws {
    guard let start = Int(exactly: extent.start), let length = Int(exactly: extent.length),
      start >= 0, !extent.hasLength || length >= 0
    else {
      throw StateError(.malformed, "a slice starts or ends before its axis")
    }
    self.start = start
    self.length = extent.hasLength ? length : nil
  }

  /// What TensorFlow's own text for slices says: `-` for all, else `start,length`.
  init(text: Substring) throws {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    if text == "-" {
      (start, length) = (0, nil)
    } else if parts.count == 2, let start = Int(parts[0]), let length = Int(parts[1]), start >= 0,
      length >= 0
    {
      (self.start, self.length) = (start, length)
    } else {
      throw StateError(.malformed, "'\(text)' describes no slice", expected: "- or start,length")
    }
  }

  var text: String { length.map { "\(start),\($0)" } ?? "-" }

  var record: SliceExtents.Extent {
    var extent = SliceExtents.Extent()
    if let length {
      extent.start = Int64(start)
      extent.length = Int64(length)
    }
    return extent
  }
}

extension [SliceExtent] {
  /// TensorFlow's text for a slice, such as `0,100:-` (`TensorSlice::DebugString`).
  init(text: String) throws {
    self = try text.isEmpty ? [] : text.split(separator: ":").map { try SliceExtent(text: $0) }
  }

  var text: String { map(\.text).joined(separator: ":") }

  /// The part of a tensor that the slice is.
  func block(in shape: Shape) throws -> TensorBlock {
    guard count == shape.rank else {
      throw StateError(
        .malformed,
        "a slice has another rank than its tensor",
        expected: "\(shape.rank)",
        found: "\(count)"
      )
    }
    return try TensorBlock(
      starts: map(\.start),
      lengths: zip(self, shape.dimensions).map { $0.length ?? $1 },
      in: shape
    )
  }
}
