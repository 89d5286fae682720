import Tensors
import TestSupport
import Testing

@Suite("Tensor")
struct TensorTests {
  @Test(arguments: [
    (-1, 1), (0, 9), (8, 1), (9, 0), (1, 8), (Int.max, 1), (Int.min, 1), (4, Int.max / 1_000_000),
  ])
  func rangeOutsideTheTensorIsRefused(_ offset: Int, _ count: Int) throws {
    let tensor = try floats([1, 2])
    // The count is never believed, so a small buffer stands for it where it is absurd.
    var buffer = [UInt8](repeating: 0, count: min(count, 100))
    let code = try errorCode {
      try unsafe buffer.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: offset) }
    }
    #expect(code == .invalidArgument)
  }

  @Test
  func bytesThatDoNotFitTheShapeAreRefused() throws {
    let shape = try Shape([2, 2])
    for count in [0, 15, 17] {
      let bytes = [UInt8](repeating: 0, count: count)
      #expect(try errorCode { _ = try Tensor(.float32, shape, bytes: bytes) } == .invalidArgument)
    }
  }

  @Test
  func wholeIsHeldOnlyWithinALimit() throws {
    let tensor = try floats([1, 2])
    #expect(try tensor.bytes(limit: 8).count == 8)
    #expect(try errorCode { _ = try tensor.bytes(limit: 7) } == .limitExceeded)
  }

  @Test(arguments: [Int64.min, -1, 0, 1, 258, .max])
  func scalarHoldsItsNumber(_ value: Int64) throws {
    let tensor = Tensor.scalar(value)
    #expect(tensor.shape == .scalar && tensor.elementType == .int64)
    #expect(try tensor.bytes() == littleEndian([value]))
  }
}

@Suite("StringTensor")
struct StringTensorTests {
  @Test
  func everyListOfStringsComesBack() throws {
    var random = SeededGenerator(seed: 9)
    for count in 0...20 {
      let strings = (0..<count).map { random.bytes($0 * $0 % 17) }
      #expect(try StringTensor.decode(StringTensor.encode(strings), count: count) == strings)
    }
  }

  private static let hostile: [(bytes: [UInt8], count: Int)] = [
    ([], 1), ([], -1), ([], Int.max), ([0], 0), ([1, 0, 0, 0, 0, 0, 0], 1),
    ([1, 0, 0, 0, 0, 0, 0, 0], 1), ([0, 0, 0, 0, 0, 0, 0, 0, 9], 1),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], 1),
    // Two lengths whose sum is zero modulo 2^64.
    (littleEndian([UInt64(1) << 63, UInt64(1) << 63]), 2), (littleEndian([UInt64.max, 1]), 2),
    (littleEndian([UInt64(2), 0]) + [1, 2], 3),
  ]

  @Test(arguments: hostile)
  func lengthsThatLieAreRefused(_ bytes: [UInt8], _ count: Int) throws {
    #expect(try errorCode { _ = try StringTensor.decode(bytes, count: count) } == .malformed)
  }
}

@Suite("ExactName")
struct ExactNameTests {
  private let composed = ExactName("\u{E9}")
  private let decomposed = ExactName("e\u{301}")

  @Test
  func namesThatOnlyLookAlikeDiffer() {
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
    #expect(composed == ExactName("\u{E9}"))
  }

  @Test
  func orderIsThatOfTheBytes() {
    let names = ["", "A", "Z", "a", "a/", "a/b", "a0", "ab", "\u{7F}", "é", "名", "😀"]
    #expect(names.reversed().map { ExactName($0) }.sorted().map(\.text) == names)
  }
}

@Suite("StateError")
struct StateErrorTests {
  @Test
  func messageSaysWhereWhatAndWhatToDo() {
    let error = StateError(
      .malformed,
      "the size is odd",
      file: "f",
      tensor: "t",
      offset: 7,
      expected: "4",
      found: "5",
      remedy: "restore it"
    )
    #expect(
      "\(error)" == "f: tensor 't': byte 7: the size is odd (expected 4, found 5); restore it"
    )
    #expect("\(StateError(.malformed, "odd", expected: "4"))" == "odd (expected 4)")
    #expect("\(StateError(.malformed, "odd", found: "5"))" == "odd (found 5)")
  }

  @Test
  func contextFillsOnlyWhatIsUnknown() {
    let error = StateError(.malformed, "odd", tensor: "inner").inContext(file: "f", tensor: "outer")
    #expect(error.file == "f")
    #expect(error.tensor == "inner")
  }
}
