internal import OptimizerCore
internal import Tensors

/// The commands that mend a state.
struct Remedies {
  private let input: String
  private let output: String

  /// The option that names one of several optimizers, with a blank before it.
  private let chosen: String

  /// Commands for the state at a path.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - optimizer: Which of several optimizers is meant.
  init(_ path: String, optimizer: String? = nil) {
    input = Self.quoted(path)
    chosen = optimizer.map { " --optimizer-name " + Self.quoted($0) } ?? ""
    let name = path.split(separator: "/").last.map(String.init) ?? path
    if let dot = name.lastIndex(of: "."), dot > name.startIndex, !name.contains(".ckpt") {
      output = Self.quoted("\(name[..<dot]).mended\(name[dot...])")
    } else {
      output = Self.quoted("mended/\(name)")
    }
  }

  /// Makes a variable's moments begin anew.
  func reset(_ variable: String) -> String {
    "optstate reset \(input) \(output)\(chosen) --match \(Self.quoted("^\(Self.escaped(variable))$"))"
  }

  /// Makes the slots that are not there.
  func create(_ optimizer: OptimizerRecord) -> String {
    "optstate reset \(input) \(output) --create --optimizer \(Self.quoted(optimizer.description))"
  }

  /// Looks again, with other decays.
  func examine(_ optimizer: OptimizerRecord) -> String {
    "optstate doctor \(input) --optimizer \(Self.quoted(optimizer.description))"
  }

  /// Makes everything that counts and all moments begin anew.
  var restart: String { "optstate reset \(input) \(output)\(chosen) --step 0" }

  /// Keeps the parameters alone.
  var parametersOnly: String { "optstate convert \(input) \(output) --only parameters" }

  /// Sets the step.
  func setStep(_ step: String) -> String {
    "optstate set \(input) \(output)\(chosen) --step \(step)"
  }

  /// Records a schedule.
  func setSchedule(_ record: ScheduleRecord) -> String {
    "optstate set \(input) \(output)\(chosen) --schedule \(Self.quoted(record.description))"
  }

  /// Records an optimizer, and a schedule where there is one.
  func setRecords(_ optimizer: OptimizerRecord, _ schedule: ScheduleRecord?) -> String {
    let command =
      "optstate set \(input) \(output)\(chosen) --optimizer \(Self.quoted(optimizer.description))"
    return command + (schedule.map { " --schedule \(Self.quoted($0.description))" } ?? "")
  }

  /// A word of a shell's command line.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch UInt8(byte) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-+=:,@%".utf8.contains(byte)
      }
    }
    if isPlain, !text.isEmpty { return text }
    return "'"
      + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  /// A regular expression that is found in a name as it stands.
  private static func escaped(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      if "\\^$.|?*+()[]{}".unicodeScalars.contains(scalar) {
        result += "\\"
      }
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}
