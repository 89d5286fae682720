import Foundation
import TestSupport
import Testing

@testable import HDF5

@Suite("Shuffle")
struct ShuffleTests {
  @Test(arguments: [1, 2, 4, 8, 16])
  func undoGivesBackWhatWasThere(_ width: Int) {
    var random = SeededGenerator(seed: UInt64(width))
    for count in [0, 1, width, 3 * width, 3 * width + 1, 64 * width + width / 2] {
      let bytes = random.bytes(count)
      let shuffled = unsafe bytes.withUnsafeBytes { unsafe Shuffle.apply($0, width: width) }
      #expect(Shuffle.undo(shuffled, width: width) == bytes)
    }
  }

  @Test
  func bytesOfOneWeightStandTogether() {
    let shuffled = unsafe [UInt8]([1, 2, 3, 4, 5, 6, 7]).withUnsafeBytes {
      unsafe Shuffle.apply($0, width: 3)
    }
    #expect(shuffled == [1, 4, 2, 5, 3, 6, 7])
  }
}
