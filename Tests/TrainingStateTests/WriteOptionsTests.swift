import Synchronization
import Testing
import TrainingState

@Suite("WriteOptions")
struct WriteOptionsTests {
  @Test
  func nothingIsReplacedOrCompressedUnlessAskedFor() {
    let options = WriteOptions()
    #expect(!options.overwrite)
    #expect(options.deflateLevel == nil)
    #expect(options.progress == nil)
    #expect(options.note == nil)
    #expect(ReadOptions().parameterNames == nil)
  }

  @Test
  func handlersAreKept() throws {
    let heard = Mutex<[String]>([])
    let options = WriteOptions(overwrite: true, deflateLevel: 3) { done, total in
      heard.withLock { $0.append("\(done) of \(total)") }
    } note: { sentence in
      heard.withLock { $0.append(sentence) }
    }
    try options.progress?(1, 2)
    options.note?("left out")
    #expect(heard.withLock { $0 } == ["1 of 2", "left out"])
    #expect(options.overwrite)
    #expect(options.deflateLevel == 3)
  }
}
