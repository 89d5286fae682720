package import Tensors

/// Which storages have bytes that no tensor shows, so that they must be kept as they are.
package enum StorageCoverage {
  /// Storages by key that tensors do not cover, among them those that none refers to.
  package static func uncovered(
    _ file: TorchFile,
    _ tensors: [TorchTensor]
  ) throws -> [(key: String, bytes: Tensor)] {
    var ranges: [ExactName: [Range<Int>]] = [:]
    ranges.reserveCapacity(file.keys.count)
    for description in tensors {
      let key = ExactName(description.storage.key)
      let width = description.elementType.byteWidth ?? 1
      let count = description.shape.elementCount
      let start = description.offset * width
      let isDense = description.isContiguous || description.isPermutation
      ranges[key, default: []].append(isDense ? start..<start + count * width : start..<start)
    }
    return file.keys.compactMap { key in
      guard let bytes = file.bytes(of: key) else { return nil }
      var end = 0
      let own = ranges[key] ?? []
      for range in own.count < 2 ? own : own.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if range.lowerBound > end { break }
        end = max(end, range.upperBound)
      }
      return end < bytes.byteCount ? (key.text, bytes) : nil
    }
  }
}
