import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("GlobalStep")
struct GlobalStepTests {
  @Test(arguments: [0, 1, -1, 1_000_000, Int64.min, .max, 0x0102_0304_0506_0708])
  func bytesAreLittleEndian(_ value: Int64) throws {
    let record = StateTensor("step", .scalar(value), sourceName: "s", index: 4)
    let step = try GlobalStep(record, bytes: littleEndian([value]))
    #expect(step.value == value)
    #expect(try step.tensor.tensor.bytes() == littleEndian([value]))
  }

  @Test
  func unchangedStepIsWrittenAsItWasRead() throws {
    let bytes = littleEndian([Int64(5)])
    let tensor = Tensor(
      .int64,
      .scalar,
      byteCount: 8,
      checksum: 77,
      source: MemorySource(bytes)
    )
    var step = try GlobalStep(StateTensor("step", tensor, index: 4), bytes: bytes)
    #expect(step.tensor.tensor.checksum == 77)
    step.value = 6
    #expect(step.tensor.tensor.checksum == nil)
    #expect(step.tensor.name == "step")
    #expect(step.tensor.index == 4)
    #expect(try step.tensor.tensor.bytes() == littleEndian([Int64(6)]))
    step.value = 5
    #expect(step.tensor.tensor.checksum == 77)
  }

  @Test
  func newStepHasTensorFlowsName() throws {
    let step = GlobalStep(9)
    #expect(step.tensor.name == "global_step")
    #expect(step.tensor.tensor.elementType == .int64)
    #expect(step.tensor.tensor.shape == .scalar)
  }

  @Test
  func anythingButAScalarOf64BitsIsRefused() throws {
    let wrong: [(Tensor, [UInt8])] = [
      (try Tensor(.int32, .scalar, bytes: [0, 0, 0, 0]), [0, 0, 0, 0]),
      (try Tensor(.int64, .vector(1), bytes: littleEndian([Int64(1)])), littleEndian([Int64(1)])),
      (try Tensor(.float64, .scalar, bytes: littleEndian([UInt64(1)])), littleEndian([UInt64(1)])),
      (.scalar(1), [1, 2, 3]),
    ]
    for (tensor, bytes) in wrong {
      let error = try stateError { _ = try GlobalStep(StateTensor("step", tensor), bytes: bytes) }
      #expect(error?.code == .malformed)
      #expect(error?.tensor == "step")
    }
  }
}
