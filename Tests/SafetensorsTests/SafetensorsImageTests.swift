import Safetensors
import Tensors
import Testing

@Suite("SafetensorsImage")
struct SafetensorsImageTests {
  @Test
  func headerIsTheReferenceWriters() throws {
    let tensors = [
      try SafetensorsTensor("b", try Tensor(.uint8, .vector(3), bytes: [1, 2, 3])),
      try SafetensorsTensor(
        "a",
        try Tensor(.float32, Shape([1, 2]), bytes: .init(repeating: 0, count: 8))
      ),
      try SafetensorsTensor("s", .scalar(7)),
    ]
    let image = try SafetensorsImage(tensors, metadata: [("format", "pt")])
    let text = """
      {"__metadata__":{"format":"pt"},"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]},\
      "a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},\
      "b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}
      """
    let padded = text.utf8.count.isMultiple(of: 8) ? text.utf8.count : text.utf8.count / 8 * 8 + 8
    #expect(
      String(decoding: image.header.dropFirst(8), as: UTF8.self).dropLast(padded - text.utf8.count)
        == text
    )
    #expect(image.header.count % 8 == 0)
    #expect(image.byteCount == image.header.count + 19)
  }
}
