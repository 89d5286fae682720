internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TrainingState

/// An order in which a model of transformers numbers its parameters.
///
/// A model in safetensors is sorted by name, so that its file does not tell; the library's modules do. What stands in
/// `Models/orders.json` is taken from the models themselves, of several versions: where those differ there are several
/// orders, and shapes have to tell which one a checkpoint has.
struct ModelOrder: Sendable {
  private struct Entry: Sendable {
    /// What the model calls the parameter.
    let name: NamePattern

    /// What it is called in a saved model.
    let saved: [NamePattern]

    /// Whether it is put together of several saved tensors: experts one behind the other, their parts below one another.
    let isStacked: Bool
  }

  /// The kinds of `config.json` that the order holds for.
  private let kinds: [String]
  private let entries: [Entry]
  private let order: PatternOrder

  /// All orders that are known, the newest of each model first.
  static let all: [ModelOrder] = {
    guard let orders = try? read(PackageResources.orders_json) else {
      preconditionFailure("the table of orders is a part of the program")
    }
    return orders
  }()

  private init(_ kinds: [String], _ entries: [Entry]) {
    self.kinds = kinds
    self.entries = entries
    order = PatternOrder(entries.map(\.name.variables))
  }

  /// Reads the table.
  static func read(_ json: [UInt8]) throws -> [ModelOrder] {
    func texts(_ value: JSONValue?) -> [String] {
      guard case .array(let values)? = value else { return [] }
      return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
    func objects(_ value: JSONValue?) -> [JSONValue] {
      if case .array(let values)? = value { values } else { [] }
    }
    guard case .object(let table) = try JSONReader.value(of: json) else {
      throw StateError(.malformed, "the table of orders is no object")
    }
    return try objects(table["models"]).flatMap { model -> [ModelOrder] in
      guard case .object(let model) = model else { return [] }
      return try objects(model["orders"]).map { list in
        let entries = try objects(list).map { value -> Entry in
          switch value {
          case .string(let text):
            let pattern = try NamePattern(text)
            return Entry(name: pattern, saved: [pattern], isStacked: false)
          case .object(let entry):
            guard case .string(let name)? = entry["name"] else { break }
            if case .string(let saved)? = entry["saved"] {
              return Entry(
                name: try NamePattern(name),
                saved: [try NamePattern(saved)],
                isStacked: false
              )
            }
            return Entry(
              name: try NamePattern(name),
              saved: try texts(entry["stacked"]).map(NamePattern.init),
              isStacked: true
            )
          default: break
          }
          throw StateError(.malformed, "an entry of the table of orders is none", found: value.text)
        }
        return ModelOrder(texts(model["model_types"]), entries)
      }
    }
  }

  /// The orders that a model may have.
  ///
  /// - Parameters:
  ///   - saved: Names and shapes of its parameters as they are saved, in any order.
  ///   - kind: What its `config.json` calls it, where that is known.
  /// - Returns: Each order's parameters, none where no order has all of the names.
  static func orders(
    of saved: [(name: String, shape: Shape)],
    kind: String?
  ) -> [[ParameterOrder.Candidate]] {
    let prefix = WrapperPrefix.common(saved.lazy.map(\.name))
    return all.filter { kind.map($0.kinds.contains) ?? true }
      .compactMap { $0.parameters(saved, behind: prefix) }
  }

  /// The names that the model with most of them lacks.
  static func unknown(_ names: [String]) -> [String] {
    var fewest = names
    for model in all {
      var missing: [String] = []
      for name in names {
        if model.entry(of: name, isAdapted: false) == nil, !isTied(name) { missing.append(name) }
        if missing.count >= fewest.count { break }
      }
      if missing.count < fewest.count { fewest = missing }
      if fewest.isEmpty { break }
    }
    return fewest
  }

  /// Whether a name is a second one of an embedding or a bias, which models keep beside the first.
  private static func isTied(_ name: String) -> Bool {
    [
      "cls.predictions.decoder.weight", "cls.predictions.decoder.bias",
      "predictions.decoder.weight",
      "predictions.decoder.bias", "lm_head.decoder.weight", "lm_head.decoder.bias",
      "lm_head.weight", "generator_lm_head.weight", "vocab_projector.weight",
      "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
    ].contains(name)
  }

  /// What a saved model calls a parameter that the model itself calls otherwise, `nil` where it is not in the file by itself.
  ///
  /// - Parameters:
  ///   - name: A parameter of the model.
  ///   - kind: What its `config.json` calls it, where that is known.
  /// - Returns: The saved name, or `nil`.
  static func savedName(of name: String, kind: String?) -> String? {
    for model in all where kind.map(model.kinds.contains) ?? true {
      for entry in model.entries where !entry.isStacked {
        guard let numbers = entry.name.numbers(in: name), let pattern = entry.saved.first else {
          continue
        }
        guard pattern != entry.name else { continue }
        // A base model alone is saved without its own prefix.
        return entry.name.name(numbers) == name
          ? pattern.name(numbers) : pattern.shortName(numbers)
      }
    }
    return nil
  }

  /// The model's parameters in this order, `nil` where it lacks one of them.
  private func parameters(
    _ saved: [(name: String, shape: Shape)],
    behind prefix: String
  ) -> [ParameterOrder.Candidate]? {
    var placed: [(key: [Int], candidate: ParameterOrder.Candidate)] = []
    var stacks: [[Int]: Stack] = [:]
    for (name, shape) in saved {
      let bare = String(name.dropFirst(prefix.count))
      let adapted = AdapterName(bare)
      guard let (index, part, numbers) = entry(of: adapted?.base ?? bare, isAdapted: adapted != nil)
      else { return nil }
      let entry = entries[index]
      let own = entry.name.variables.compactMap { numbers[$0] }
      // What adapts a parameter stands where the parameter does.
      let key = order.key(index, own) + [adapted?.place ?? 0]
      if entry.isStacked, let part {
        let isWhole = entry.saved[part].name(numbers) == bare
        stacks[key, default: Stack()].add(shape, part: part, name: entry.name, numbers, isWhole)
        continue
      }
      let called = adapted == nil ? entry.name.name(numbers) ?? name : name
      placed.append((key, .init(name: name, shape: shape, called: called)))
    }
    for (key, stack) in stacks {
      guard let index = key.dropLast().last,
        let candidate = stack.candidate(of: entries[index].saved.count)
      else { return nil }
      placed.append((key, candidate))
    }
    return placed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.candidate)
  }

  /// The entry of a name, and which of its parts the name is, `nil` for the parameter itself.
  ///
  /// - Parameters:
  ///   - name: A name of a saved model.
  ///   - isAdapted: Whether it may be the model's own name in place of the saved one, as adapters have it.
  /// - Returns: The entry, the part and the numbers in the name, `nil` where the order lacks it.
  private func entry(
    of name: String,
    isAdapted: Bool
  ) -> (index: Int, part: Int?, numbers: [String: Int])? {
    for (index, entry) in entries.enumerated() {
      for (part, pattern) in entry.saved.enumerated() {
        if let numbers = pattern.numbers(in: name) { return (index, part, numbers) }
      }
      if entry.isStacked || isAdapted, let numbers = entry.name.numbers(in: name) {
        return (index, nil, numbers)
      }
    }
    return nil
  }
}

/// The saved tensors of one stacked parameter.
private struct Stack {
  private var name = ""
  private var shapes: [[Shape]] = []

  mutating func add(
    _ shape: Shape,
    part: Int,
    name: NamePattern,
    _ numbers: [String: Int],
    _ isWhole: Bool
  ) {
    self.name = (isWhole ? name.name(numbers) : name.shortName(numbers)) ?? ""
    while shapes.count <= part { shapes.append([]) }
    shapes[part].append(shape)
  }

  /// The parameter, `nil` where its parts do not fit together.
  func candidate(of parts: Int) -> ParameterOrder.Candidate? {
    guard shapes.count == parts, let experts = shapes.first?.count, experts > 0,
      shapes.allSatisfy({ $0.count == experts && Set($0).count == 1 && $0[0].rank == 2 }),
      let columns = shapes[0][0].dimensions.last,
      shapes.allSatisfy({ $0[0].dimensions.last == columns })
    else { return nil }
    var rows = 0
    for part in shapes {
      let (sum, overflows) = rows.addingReportingOverflow(part[0].dimensions[0])
      if overflows { return nil }
      rows = sum
    }
    guard let shape = try? Shape([experts, rows, columns]) else { return nil }
    return .init(name: name, shape: shape)
  }
}
