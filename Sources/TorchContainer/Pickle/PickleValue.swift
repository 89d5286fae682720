/// A value of a pickle, as data.
///
/// What Python shares by reference is shared here too: two places of a tree that hold the same
/// ``PickleObject`` are one object in Python.
package enum PickleValue {
  case none
  case bool(Bool)
  case int(Int64)
  /// A whole number beyond 64 bits, as its two's complement, little-endian.
  case long([UInt8])
  case double(Double)
  case object(PickleObject)
}

extension PickleValue {
  /// The object, or `nil`.
  package var object: PickleObject? { if case .object(let object) = self { object } else { nil } }

  /// Whether it is Python's `None`.
  package var isNone: Bool { if case .none = self { true } else { false } }

  /// The text, or `nil`.
  package var text: String? {
    if case .string(let text)? = object?.content { text } else { nil }
  }

  /// The whole number, or `nil`.
  package var int: Int64? { if case .int(let value) = self { value } else { nil } }

  /// The number, whole or not, or `nil`.
  package var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The truth value, or `nil`.
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The elements of a tuple or a list, or `nil`.
  package var elements: [PickleValue]? {
    switch object?.content {
    case .tuple(let elements)?, .list(let elements)?: elements
    default: nil
    }
  }

  /// The items of a dictionary, ordered or not, or `nil`.
  package var items: [PickleItem]? { object?.items }

  /// Puts another value under a text of a dictionary; what it does not have is not added.
  package func replace(_ key: String, with value: PickleValue) {
    guard let object, var items = object.items,
      let place = items.firstIndex(where: { $0.key.text == key })
    else { return }
    items[place].value = value
    object.setItems(items)
  }

  /// The value of a dictionary under a text.
  package subscript(key: String) -> PickleValue? {
    items?.last { $0.key.text.map { $0.utf8.elementsEqual(key.utf8) } ?? false }?.value
  }
}
