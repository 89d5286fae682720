import Foundation
import Tensors

// libFuzzer brings the main function; it calls these two by their names.
//
//     OPTSTATE_FUZZ_ENTRY=snappy Fuzz [libFuzzer's arguments]
//     OPTSTATE_FUZZ_ENTRY=snappy OPTSTATE_FUZZ_SEEDS=folder Fuzz     writes the entry's seeds
//     Fuzz                                                           lists the entries

private let environment = ProcessInfo.processInfo.environment

private let entry = Entries.all.first { $0.name == environment["OPTSTATE_FUZZ_ENTRY"] }

/// Lists the entries or writes seeds where that is wanted in place of an attack.
@_cdecl("LLVMFuzzerInitialize")
func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32 {
  guard let entry else {
    print(Entries.all.map(\.name).joined(separator: "\n"))
    exit(0)
  }
  guard let folder = environment["OPTSTATE_FUZZ_SEEDS"] else { return 0 }
  do {
    for (number, seed) in try entry.seeds().enumerated() {
      try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(number)"))
    }
    exit(0)
  } catch {
    print("\(error)")
    exit(1)
  }
}

/// Tries one input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
  do {
    try entry?.parse(input)
  } catch is StateError {
    // The parser refused the input, as it should.
  } catch {
    preconditionFailure("an error of another kind: \(error)")
  }
  return 0
}
