internal import ByteIO
internal import Tensors
internal import TrainingState

/// A state as the tensors and the metadata of safetensors files.
struct SafetensorsFiles {
  private let state: TrainingState
  private let isOurs: Bool
  private let style: SafetensorsStyle
  private let tensors: [(place: Int, shard: Int, tensor: SafetensorsTensor)]
  private let layout: FlatLayout
  /// Metadata that came with the state, by the number of its file.
  private var metadata: [Int: [(name: String, text: String)]] = [:]
  /// Names that stand for the tensor of another name, which safetensors' `save_model` keeps as metadata.
  private let ties: [(name: String, text: String)]

  init(_ state: TrainingState, note: (@Sendable (String) -> Void)?) throws {
    self.state = state
    let isOurs = state.origin == StateFormat.safetensors.origin
    self.isOurs = isOurs
    var style = SafetensorsStyle.reference
    if isOurs, case .string(let word)? = state.attributes[Layout.style] {
      style = SafetensorsStyle(rawValue: word) ?? .reference
    }
    self.style = style
    var whole = state
    let twins = TiedVariables.find(state.variables).enumerated().compactMap {
      place,
      twin -> (place: Int, original: Int)? in
      guard let twin, let own = state.variables[place].value,
        let source = state.variables[twin].value?.tensor.source, own.tensor.source === source
      else { return nil }
      // What a file has twice is written twice, and so is what is equal and not the same.
      let isTied = !isOurs || own.attributes[Layout.tied] != nil
      return isTied ? (place: place, original: twin) : nil
    }
    for (place, _) in twins.reversed() { whole.variables.remove(at: place) }
    ties = twins.map { (state.variables[$0.place].name, state.variables[$0.original].name) }
    if !isOurs, let first = ties.first {
      note?(
        "\(ties.count) tensors are written once for two names each, as safetensors' save_model does: "
          + "\(first.name) is \(first.text)"
      )
    }
    let (layout, flat) = try FlatLayout.of(whole, format: StateFormat.safetensors.name)
    var list = flat
    if isOurs {
      for extra in state.extras {
        let prefix = Layout.metadataExtra
        if extra.name == prefix || extra.name.hasPrefix(prefix + ":") {
          let number = Int(extra.name.dropFirst(prefix.count + 1)) ?? 0
          metadata[number] = try Layout.metadata(extra)
        } else {
          list.append(extra)
        }
      }
    } else if !state.extras.isEmpty {
      note?(
        "left out what belongs to \(state.origin.format) alone: "
          + state.extras.map(\.name).joined(separator: ", ")
      )
    }
    self.layout = layout
    tensors = try list.map { tensor in
      (
        isOurs ? tensor.index ?? Int.max : Int.max, isOurs ? Layout.shard(of: tensor) : 0,
        try Layout.tensor(tensor)
      )
    }
  }

  /// The state in one file.
  func image() throws -> SafetensorsImage {
    // Of several files' metadata, equal names have equal values where a framework wrote them.
    var merged: [(name: String, text: String)]?
    for number in metadata.keys.sorted() {
      for entry in metadata[number] ?? []
      where !(merged ?? []).contains(where: { ExactName($0.name) == ExactName(entry.name) }) {
        merged = (merged ?? []) + [entry]
      }
      merged = merged ?? []
    }
    return try image(tensors.map { ($0.place, $0.tensor) }, described(merged))
  }

  /// The state in several files: those of the set that it came from, else as few as a limit allows.
  func shards(stem: String, limit: Int) throws -> [(name: String, image: SafetensorsImage)] {
    if isOurs, case .strings(let names)? = state.attributes[Layout.shards], !names.isEmpty {
      guard names.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) && $0 != ".." }),
        Set(names.map(ExactName.init)).count == names.count
      else { throw StateError(.malformed, "the attribute \(Layout.shards) is damaged") }
      return try names.enumerated().map { number, name in
        // What has been added since belongs to the first.
        let own = tensors.filter { (names.indices.contains($0.shard) ? $0.shard : 0) == number }
        let texts = number == 0 ? described(metadata[0]) : metadata[number]
        return (name, try image(own.map { ($0.place, $0.tensor) }, texts))
      }
    }
    var parts: [[(place: Int, tensor: SafetensorsTensor)]] = [[]]
    var bytes = 0
    for (place, _, tensor) in tensors {
      if bytes + tensor.stored.byteCount > limit, bytes > 0 {
        parts.append([])
        bytes = 0
      }
      parts[parts.count - 1].append((place, tensor))
      bytes += tensor.stored.byteCount
    }
    let texts = described(metadata[0])
    return try parts.enumerated().map { number, part in
      let name =
        "\(stem)-\(digits(number + 1))-of-\(digits(parts.count))\(SafetensorsReader.suffix)"
      return (name, try image(part, number == 0 ? texts : metadata[0]))
    }
  }

  /// What the index says of the set, its sums brought up to date.
  func indexMetadata(_ images: [SafetensorsImage]) throws -> JSONObject {
    var object = JSONObject()
    if isOurs, case .string(let text)? = state.attributes[Layout.indexMetadata],
      case .object(let stated) = try JSONReader.value(of: Array(text.utf8))
    {
      object = stated
    }
    let all = images.flatMap(\.tensors)
    let isNew = object.members.isEmpty
    if isNew || object["total_parameters"] != nil {
      let count = all.reduce(0) { $0 + $1.shape.elementCount }
      object["total_parameters"] = .int(Int64(count))
    }
    object["total_size"] = .int(Int64(all.reduce(0) { $0 + $1.stored.byteCount }))
    return object
  }

  private func image(
    _ tensors: [(place: Int, tensor: SafetensorsTensor)],
    _ metadata: [(name: String, text: String)]?
  ) throws -> SafetensorsImage {
    let isOrdered = isOurs && !tensors.contains { $0.place == Int.max }
    let ordered = isOrdered ? tensors.sorted { $0.place < $1.place } : tensors
    return try SafetensorsImage(
      ordered.map(\.tensor),
      metadata: metadata,
      style: style,
      keepsOrder: isOrdered
    )
  }

  /// Metadata with the description of the state in it, where the names alone would not tell.
  private func described(
    _ metadata: [(name: String, text: String)]?
  ) -> [(name: String, text: String)]? {
    let isPlain =
      isOurs && state.attributes[Layout.described] == nil && state.optimizer == nil
      && state.schedule == nil
    if isPlain { return metadata }
    var texts = metadata ?? (state.naming == "huggingface" ? [("format", "pt")] : [])
    if !isOurs {
      texts += ties.filter { tie in !texts.contains { ExactName($0.name) == ExactName(tie.name) } }
    }
    let text = StateDescription.encode(state, layout).bytes(isCompact: true)
    texts.append((StateDescription.metadataName, String(decoding: text, as: UTF8.self)))
    return texts
  }

  private func digits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
