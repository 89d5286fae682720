/// A key and its value.
package typealias PickleItem = (key: PickleValue, value: PickleValue)

/// Something that Python knows by reference: a text, a container, a name, or a call that nobody makes.
package final class PickleObject {
  package enum Content {
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
    /// An object that holds this one, further up: where Python has a cycle a tree has its end.
    case back(Back)
  }

  /// The way back to an object, which does not keep it.
  package struct Back {
    package weak var target: PickleObject?
  }

  package var content: Content

  /// Where in its file the object was made, for messages.
  package let offset: Int

  /// Its place among the objects of the pickle that it was read from.
  let number: Int

  package init(_ content: Content, at offset: Int = 0, number: Int = 0) {
    self.content = content
    self.offset = offset
    self.number = number
  }

  /// The values that it holds.
  package var children: [PickleValue] {
    switch content {
    case .string, .bytes, .global, .back: []
    case .tuple(let elements), .list(let elements), .set(let elements): elements
    case .dictionary(let items): items.flatMap { [$0.key, $0.value] }
    case .persistent(let id): [id]
    case .call(let call):
      [call.callable, call.arguments] + call.elements + call.items.flatMap { [$0.key, $0.value] }
        + (call.state.map { [$0] } ?? [])
    }
  }

  /// Puts others in the place of the values that it holds.
  package func replaceChildren(_ other: (PickleValue) -> PickleValue) {
    func others(_ items: [PickleItem]) -> [PickleItem] {
      items.map { (other($0.key), other($0.value)) }
    }
    switch content {
    case .string, .bytes, .global, .back: break
    case .tuple(let elements): content = .tuple(elements.map(other))
    case .list(let elements): content = .list(elements.map(other))
    case .set(let elements): content = .set(elements.map(other))
    case .dictionary(let items): content = .dictionary(others(items))
    case .persistent(let id): content = .persistent(other(id))
    case .call(let call):
      var copy = PickleCall(
        module: call.module,
        name: call.name,
        callable: other(call.callable),
        arguments: other(call.arguments),
        items: others(call.items),
        state: call.state.map(other),
        isNew: call.isNew
      )
      copy.elements = call.elements.map(other)
      content = .call(copy)
    }
  }

  /// The items of a dictionary, ordered or not, or `nil`.
  package var items: [PickleItem]? {
    switch content {
    case .dictionary(let items): items
    case .call(let call) where call.isDictionary: call.items
    default: nil
    }
  }

  /// Replaces the items of a dictionary.
  package func setItems(_ items: [PickleItem]) {
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
package struct PickleCall {
  package let module: String
  package let name: String
  package let callable: PickleValue
  package var arguments: PickleValue
  /// Whether the class makes it without being called, as NEWOBJ says.
  package var isNew: Bool
  /// What is put into a list of a class of its own.
  package var elements: [PickleValue] = []
  package var items: [PickleItem] = []
  package var state: PickleValue?

  package init(
    module: String,
    name: String,
    callable: PickleValue,
    arguments: PickleValue,
    items: [PickleItem] = [],
    state: PickleValue? = nil,
    isNew: Bool = false
  ) {
    self.module = module
    self.name = name
    self.callable = callable
    self.arguments = arguments
    self.items = items
    self.state = state
    self.isNew = isNew
  }

  /// Whether it makes a dictionary that is filled afterwards.
  package var isDictionary: Bool {
    module == "collections" && (name == "OrderedDict" || name == "defaultdict")
  }

  /// Whether it is the callable of that name in a module of PyTorch's.
  package func isTorch(_ name: String) -> Bool { module == "torch._utils" && self.name == name }
}

extension PickleObject {
  /// A text of its own.
  package static func string(_ text: String) -> PickleObject { PickleObject(.string(text)) }
}

extension PickleValue {
  /// A text of its own.
  package static func string(_ text: String) -> PickleValue { .object(.string(text)) }

  /// A tuple.
  package static func tuple(_ elements: [PickleValue]) -> PickleValue {
    .object(PickleObject(.tuple(elements)))
  }

  /// A list.
  package static func list(_ elements: [PickleValue]) -> PickleValue {
    .object(PickleObject(.list(elements)))
  }

  /// A dictionary.
  package static func dictionary(_ items: [PickleItem]) -> PickleValue {
    .object(PickleObject(.dictionary(items)))
  }
}
