/// The way from the root of a tree to one of its values, as a text that serves as the value's name.
///
/// Components are separated by `/`. A text key stands for itself with `~` as `~0` and `/` as `~1`; `~n`
/// precedes a whole-number key, `~i` the index in a list or tuple, `~k` the place of any other key,
/// `~p` a part of a call.
package struct TorchPath: Hashable {
  package private(set) var text = ""
  package private(set) var keys: [String] = []

  /// How many steps there are up to the last one that goes by another key than a text or a whole number, 0 for none.
  private var placed = 0

  /// The root itself.
  package init() {}

  /// One step further, by the key of an item at a place.
  package func item(_ key: PickleValue, _ place: Int) -> TorchPath {
    let component = Self.component(key, place)
    if let text = key.text { return adding(component, text, isKey: true) }
    if let number = key.int { return adding(component, "\(number)", isKey: true) }
    return adding(component, "\(place)")
  }

  /// What a text has for one step by the key of an item at a place.
  static func component(_ key: PickleValue, _ place: Int) -> String {
    if let text = key.text { return escape(text) }
    if let number = key.int { return "~n\(number)" }
    return "~k\(place)"
  }

  /// One step further, by an index.
  package func index(_ index: Int) -> TorchPath { adding("~i\(index)", "\(index)") }

  /// One step further, into a part of a call.
  package func part(_ name: String) -> TorchPath { adding("~p\(name)", name) }

  /// Whether the way leads through another value.
  package func isBelow(_ other: TorchPath) -> Bool {
    if other.keys.isEmpty { return true }
    let (own, start) = (text.utf8, other.text.utf8)
    return keys.count > other.keys.count && own.starts(with: start)
      && own.dropFirst(start.count).first == UInt8(ascii: "/")
  }

  /// Whether all steps from one on go by keys that are texts or whole numbers.
  package func isOfKeys(from depth: Int) -> Bool { placed <= depth }

  private func adding(_ component: String, _ key: String, isKey: Bool = false) -> TorchPath {
    var path = self
    path.text = text.isEmpty && keys.isEmpty ? component : "\(text)/\(component)"
    path.keys.append(key)
    if !isKey { path.placed = path.keys.count }
    return path
  }

  private static func escape(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
      return key
    }
    var bytes: [UInt8] = []
    for byte in key.utf8 {
      switch byte {
      case UInt8(ascii: "~"): bytes += Array("~0".utf8)
      case UInt8(ascii: "/"): bytes += Array("~1".utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
