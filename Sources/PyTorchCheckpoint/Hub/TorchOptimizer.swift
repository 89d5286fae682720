internal import OptimizerCatalog
internal import Tensors
internal import TorchContainer

/// The state dictionary of an optimizer: groups of parameters by number, and what is kept for each.
struct TorchOptimizer {
  /// A group: its settings, and the numbers or names of its parameters.
  struct Group {
    let settings: PickleValue
    let parameters: [PickleValue]
    /// Names that the optimizer was made with, where it was.
    let names: [String]?

    /// The key of what looks like the group's own count of updates, which some optimizers keep in place of one per parameter.
    ///
    /// apex, timm's Lamb and AdamP have `step`, schedule-free ones `k`. It is a whole number, or a tensor of one element.
    var counter: String? {
      SettingRow.groupCounters.first { word, beside in
        isCount(settings[word]) && beside.map { settings[$0] != nil } ?? true
      }?.word
    }

    private func isCount(_ value: PickleValue?) -> Bool {
      if value?.int != nil { return true }
      return if case .call? = value?.object?.content { true } else { false }
    }
  }

  /// What is kept for one parameter.
  struct Entry {
    /// What the parameter is known by: its number, or its name.
    let id: ParameterID
    let value: PickleValue
    let path: TorchPath

    /// What is kept, with what stands in a dictionary of its own inside.
    var kept: [(key: String, value: PickleValue, path: TorchPath)] {
      func kept(_ items: [PickleItem], _ path: TorchPath)
        -> [(key: String, value: PickleValue, path: TorchPath)]
      {
        items.enumerated().map { place, item in
          (item.key.text ?? "\(place)", item.value, path.item(item.key, place))
        }
      }
      return kept(value.items ?? [], path).flatMap { one in
        guard one.key == QuantizedWords.bitsandbytes.wrapper, let inner = one.value.items else {
          return [one]
        }
        return kept(inner, one.path)
      }
    }
  }

  /// What a parameter is known by.
  enum ParameterID: Hashable {
    case number(Int64)
    case name(ExactName)

    init?(_ value: PickleValue) {
      if let number = value.int {
        self = .number(number)
      } else if let text = value.text {
        self = .name(ExactName(text))
      } else {
        return nil
      }
    }
  }

  let groups: [Group]
  let entries: [Entry]

  /// What it is, `nil` where it is none that is known.
  private(set) var rule: TorchRule?

  /// The count of updates that stands among the parameters' states.
  let common: (value: PickleValue, path: TorchPath)?

  /// The parameters over all groups, in the optimizer's order.
  let order: [ParameterID]

  /// Whether a value is such a dictionary.
  static func isOptimizer(_ value: PickleValue) -> Bool {
    guard value["state"]?.items != nil,
      case .list(let groups)? = value["param_groups"]?.object?.content
    else { return false }
    return groups.allSatisfy { $0["params"]?.elements != nil }
  }

  init(_ part: TorchSurvey.Part) throws {
    let base = part.path
    groups = (part.value["param_groups"]?.elements ?? []).map { group in
      let names = group["param_names"]?.elements?.compactMap(\.text)
      return Group(settings: group, parameters: group["params"]?.elements ?? [], names: names)
    }
    var order: [ParameterID] = []
    var seen: Set<ParameterID> = []
    for parameter in groups.flatMap(\.parameters) {
      guard let id = ParameterID(parameter), seen.insert(id).inserted else {
        throw StateError(
          .malformed,
          "a parameter of the optimizer's groups has no number of its own",
          offset: part.value.object?.offset
        )
      }
      order.append(id)
    }
    self.order = order
    let state = base.item(.string("state"), 0)
    var common: (value: PickleValue, path: TorchPath)?
    entries = try (part.value["state"]?.items ?? []).enumerated().compactMap { place, item in
      if let key = item.key.text, SettingRow.stateCounters.contains(key), item.value.items == nil {
        common = (item.value, state.item(item.key, place))
        return nil
      }
      guard let id = ParameterID(item.key), item.value.items != nil else {
        throw StateError(
          .unsupported,
          "the optimizer's state has an entry that is no dictionary of a parameter",
          offset: part.value.object?.offset
        )
      }
      return Entry(id: id, value: item.value, path: state.item(item.key, place))
    }
    self.common = common
    rule = groups.first.flatMap { group in
      let items = group.settings.items ?? []
      return TorchRule.recognize(
        Dictionary(
          items.compactMap { item in item.key.text.map { ($0, item.value.elements?.count) } },
          uniquingKeysWith: { first, _ in first }
        ),
        Set(entries.flatMap { $0.kept.map(\.key) })
          .filter { !QuantizedWords.bitsandbytes.isPart($0) }
      )
    }
  }

  /// The key of a group's own count of updates, `nil` where it has none or another count is meant.
  func counter(of group: Group) -> String? {
    if case .state? = rule?.row.counter, common != nil { return nil }
    return group.counter
  }

  /// Whether a count of a group stands for an entry, which has none of its own unless both are kept.
  func isCountedByGroup(_ entry: Entry) -> Bool {
    if case .both? = rule?.row.counter { return true }
    return entry.value["step"] == nil
  }
}
