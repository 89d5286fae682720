internal import ByteIO
internal import Tensors

/// Names of the files of accelerate's `save_state`.
///
/// Source: `accelerate/checkpointing.py` of 1.15.
enum AccelerateFiles {
  static let optimizer = "optimizer.bin"
  static let scheduler = "scheduler.bin"

  /// A kind of file that a directory has several of.
  ///
  /// The first is without a number, the others have `_1`, `_2` and so on.
  enum Kind: String, CaseIterable {
    case model, optimizer, scheduler, sampler
    case randomStates = "random_states"
    case custom = "custom_checkpoint"
    case loader = "dl_state_dict"
    case scaler

    fileprivate var suffixes: [String] {
      switch self {
      case .model: [".safetensors", ".safetensors.index.json"]
      case .optimizer, .scheduler, .sampler, .loader: [".bin"]
      case .randomStates, .custom: [".pkl"]
      case .scaler: [".pt"]
      }
    }

    fileprivate var stems: [String] {
      self == .model ? [rawValue, "pytorch_model"] : [rawValue]
    }

    /// Whether the first has a number as well.
    fileprivate var countsFromZero: Bool { self == .randomStates || self == .custom }
  }

  /// The name of the first, the second and so on of files of one kind.
  ///
  /// - Parameters:
  ///   - name: The first one's name.
  ///   - number: The place, from 0.
  /// - Returns: The name.
  static func numbered(_ name: String, _ number: Int) -> String {
    guard number > 0, let dot = name.firstIndex(of: ".") else { return name }
    return "\(name[..<dot])_\(number)\(name[dot...])"
  }

  /// A name without what its kind ends with.
  static func stem(of name: String) -> String { String(name.prefix { $0 != "." }) }

  /// How many there are of a kind.
  static func count(of kind: Kind, in names: [String]) -> Int {
    Set(names.compactMap { name in self.kind(name).flatMap { $0.kind == kind ? $0.number : nil } })
      .count
  }

  /// What a name stands for, `nil` where accelerate writes none such.
  static func kind(_ name: String) -> (kind: Kind, number: Int)? {
    for kind in Kind.allCases {
      for stem in kind.stems where name.hasPrefix(stem) {
        let suffixes = stem == "pytorch_model" ? [".bin", ".bin.index.json"] : kind.suffixes
        for suffix in suffixes where name.hasSuffix(suffix) {
          let middle = name.dropFirst(stem.count).dropLast(suffix.count)
          if middle.isEmpty { return kind.countsFromZero ? nil : (kind, 0) }
          guard middle.hasPrefix("_"), let number = Int(middle.dropFirst()),
            "_\(number)" == middle, number > 0 || kind.countsFromZero
          else { continue }
          return (kind, number)
        }
      }
    }
    return nil
  }

  /// Whether accelerate saves a file of this name: it belongs to the directory, and goes where another takes its place.
  static func belongs(_ name: String) -> Bool {
    if kind(name) != nil { return true }
    return (name.hasPrefix("model-") && name.hasSuffix(".safetensors"))
      || (name.hasPrefix("pytorch_model-") && name.hasSuffix(".bin"))
  }

  /// Whether a directory is one of accelerate's and of nobody else's: a model alone is anybody's, and FSDP's and
  /// DeepSpeed's have their parts in directories of their own.
  static func areAccelerates(_ names: [String]) -> Bool {
    let others = [TrainerFiles.state, TrainerFiles.optimizer, TrainerFiles.scheduler, "latest"]
    guard !names.contains(where: { others.contains($0) || $0.hasPrefix("pytorch_model_fsdp") })
    else { return false }
    return names.contains { name in
      kind(name).map { [.optimizer, .scheduler, .randomStates, .custom].contains($0.kind) } ?? false
    }
  }

  /// Refuses a directory of which a part is missing: accelerate could not load it.
  ///
  /// - Parameter names: The names in the directory.
  /// - Throws: `StateError` with code `malformed`, naming what is there and what is not.
  static func checkWhole(_ names: [String]) throws {
    var numbers: [Kind: [Int: String]] = [:]
    for name in names {
      if let (kind, number) = kind(name) { numbers[kind, default: [:]][number] = name }
    }
    // Processes save their random states, data loaders what they have.
    for kind in [Kind.model, .optimizer, .scheduler, .custom] {
      let found = numbers[kind] ?? [:]
      guard let last = found.keys.max(), let missing = (0..<last).first(where: { found[$0] == nil })
      else { continue }
      throw half(found[last] ?? "", without: "\(kind.rawValue) number \(missing)")
    }
    let needs: [(Kind, Kind)] = [
      (.optimizer, .model), (.scheduler, .optimizer), (.randomStates, .model), (.custom, .model),
    ]
    for (kind, other) in needs {
      guard let one = numbers[kind]?.values.min(), numbers[other] == nil else { continue }
      throw half(one, without: other.rawValue)
    }
  }

  private static func half(_ name: String, without other: String) -> StateError {
    StateError(
      .malformed,
      "the directory of accelerate's is not whole: there is \(name) and no \(other)",
      remedy: "copy the whole directory that save_state wrote"
    )
  }
}
