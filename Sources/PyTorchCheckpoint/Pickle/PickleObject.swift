/// A key and its value.
typealias PickleItem = (key: PickleValue, value: PickleValue)

/// Something that Python knows by reference: a text, a container, a name, or a call that nobody makes.
final class PickleObject {
  enum Content {
    case string(String)
    case bytes([UInt8])
    case tuple([PickleValue])
    case list([PickleValue])
    case dictionary([PickleItem])
    case set([PickleValue])
    /// Something that a module defines.
    case global(module: String, name: String)
    /// What a callable would make of arguments, and what is put into that afterwards.
    case call(PickleCall)
    /// Something outside the pickle, here a storage.
    case persistent(PickleValue)
  }

  var content: Content

  /// Where in its file the object was made, for messages.
  let offset: Int

  init(_ content: Content, at offset: Int = 0) {
    self.content = content
    self.offset = offset
  }

  /// The items of a dictionary, ordered or not, or `nil`.
  var items: [PickleItem]? {
    switch content {
    case .dictionary(let items): items
    case .call(let call) where call.isDictionary: call.items
    default: nil
    }
  }

  /// Replaces the items of a dictionary.
  func setItems(_ items: [PickleItem]) {
    switch content {
    case .dictionary: content = .dictionary(items)
    case .call(var call) where call.isDictionary:
      call.items = items
      content = .call(call)
    default: break
    }
  }
}

/// A callable with its arguments, and the items and the state that follow.
struct PickleCall {
  let module: String
  let name: String
  let callable: PickleValue
  var arguments: PickleValue
  var items: [PickleItem] = []
  var state: PickleValue?

  /// Whether it makes a dictionary that is filled afterwards.
  var isDictionary: Bool {
    module == "collections" && (name == "OrderedDict" || name == "defaultdict")
  }

  /// Whether it is the callable of that name in a module of PyTorch's.
  func isTorch(_ name: String) -> Bool { module == "torch._utils" && self.name == name }
}

extension PickleObject {
  /// A text of its own.
  static func string(_ text: String) -> PickleObject { PickleObject(.string(text)) }
}

extension PickleValue {
  /// A text of its own.
  static func string(_ text: String) -> PickleValue { .object(.string(text)) }

  /// A tuple.
  static func tuple(_ elements: [PickleValue]) -> PickleValue {
    .object(PickleObject(.tuple(elements)))
  }

  /// A list.
  static func list(_ elements: [PickleValue]) -> PickleValue {
    .object(PickleObject(.list(elements)))
  }

  /// A dictionary.
  static func dictionary(_ items: [PickleItem]) -> PickleValue {
    .object(PickleObject(.dictionary(items)))
  }
}
