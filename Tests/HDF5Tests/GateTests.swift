import CHDF5
import Dispatch
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import HDF5

@Suite("Gate")
struct GateTests {
  @Test
  func lockIsRecursive() throws {
    let depth = try Gate.locked { try Gate.locked { try Gate.locked { 3 } } }
    #expect(depth == 3)
  }

  @Test
  func oneThreadAtATimeGetsThrough() throws {
    let inside = Atomic<Int>(0)
    let most = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 64) { _ in
      _ = try? Gate.locked {
        let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
        most.withLock { $0 = max($0, now) }
        inside.subtract(1, ordering: .sequentiallyConsistent)
      }
    }
    #expect(most.withLock { $0 } == 1)
  }

  @Test
  func errorIsThrownThroughTheGateAndTheLockGivenBack() throws {
    #expect(try errorCode { try Gate.locked { throw StateError(.malformed, "x") } } == .malformed)
    #expect(try Gate.locked { 1 } == 1)
  }

  @Test
  func negativeStatusCarriesTheLibrarysAccount() throws {
    let error = try stateError {
      try Gate.locked { _ = try unsafe Handle(H5Fopen("/nowhere/at/all.h5", 0, 0), "open it") }
    }
    #expect(error?.message.hasPrefix("libhdf5 cannot open it: H5Fopen") == true)
  }

  @Test
  func handleClosesWhatItOwns() throws {
    try closesEverything {
      let space = try Dataspace.handle([2, 3])
      #expect(try Dataspace.dimensions(of: space.id) == [2, 3])
      let types = try ElementType.allCases.map { try Datatype.handle(for: $0).handle }
      #expect(types.count == ElementType.allCases.count)
    }
  }

  @Test
  func handlesMayBeReleasedByAnyThread() throws {
    let handles = Mutex(try (0..<100).map { _ in try Gate.locked { try Dataspace.handle([1]) } })
    DispatchQueue.concurrentPerform(iterations: 100) { _ in
      _ = handles.withLock { $0.popLast() }
    }
    #expect(handles.withLock { $0.isEmpty })
  }
}
