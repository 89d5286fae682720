#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// What a commit of several files has done to names so far, so that a failure in the middle leaves the
/// old files, and no mixture.
struct NameChanges {
  /// Where an old file is meanwhile, by its name.
  private var old: [(path: String, temporary: String)] = []
  /// Names that nothing had before.
  private var new: [String] = []

  /// Whether a file was replaced that has no second name.
  private var hasLost = false

  /// Takes a file's name away.
  mutating func putAside(_ path: String) throws {
    guard FileSystem.isTaken(path) else { return }
    let temporary = TemporaryFiles.reserve(beside: path)
    try FileSystem.rename(path, temporary)
    old.append((path, temporary))
  }

  /// Gives a file that is about to be replaced a second name, where the file system has links.
  mutating func keep(_ path: String) {
    guard FileSystem.isTaken(path) else { return }
    let temporary = TemporaryFiles.reserve(beside: path)
    if Fault.status(.link, path, { unsafe link(path, temporary) }) == 0 {
      old.append((path, temporary))
    } else {
      TemporaryFiles.release(temporary)
    }
  }

  /// Notes that a new file has got a name.
  ///
  /// - Parameters:
  ///   - path: The name.
  ///   - isNew: Whether nothing had it before.
  mutating func made(_ path: String, isNew: Bool) {
    if isNew {
      new.append(path)
    } else if !old.contains(where: { $0.path == path }) {
      hasLost = true
    }
  }

  /// Puts everything back as far as that is possible; there is nobody left to tell of a failure.
  ///
  /// Where an old file is gone for good, the others do not come back: an old index would describe new
  /// data falsely.
  func undo() {
    if hasLost { return finish() }
    for path in new.reversed() { try? FileSystem.remove(path) }
    for entry in old.reversed() { try? FileSystem.rename(entry.temporary, entry.path) }
    // Renaming one name of a file to another of its names does nothing.
    finish()
  }

  /// Removes the names that old files had meanwhile.
  func finish() {
    for entry in old {
      try? FileSystem.remove(entry.temporary)
      TemporaryFiles.release(entry.temporary)
    }
  }
}
