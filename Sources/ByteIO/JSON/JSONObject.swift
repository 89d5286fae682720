internal import Tensors

/// Named values in the order in which a text has them, names told apart by their bytes.
public struct JSONObject: Sendable, Hashable {
  /// The values with their names, in order.
  public private(set) var members: [(name: String, value: JSONValue)] = []

  private var places: [ExactName: Int] = [:]

  /// An object without members.
  public init() {}

  /// An object of a dictionary's entries, in the order of their names' bytes.
  ///
  /// - Parameter values: The values by name.
  public init(_ values: [String: JSONValue]) {
    for name in values.keys.sorted(by: { ExactName($0) < ExactName($1) }) {
      self[name] = values[name]
    }
  }

  /// A value by name; a new one goes to the end, `nil` removes it.
  ///
  /// - Parameter name: The name.
  public subscript(_ name: String) -> JSONValue? {
    get { places[ExactName(name)].map { members[$0].value } }
    set {
      let key = ExactName(name)
      switch (places[key], newValue) {
      case (let place?, let value?): members[place].value = value
      case (nil, let value?):
        places[key] = members.count
        members.append((name, value))
      case (let place?, nil):
        members.remove(at: place)
        places = [:]
        for (place, member) in members.enumerated() { places[ExactName(member.name)] = place }
      case (nil, nil): break
      }
    }
  }

  /// Whether names, values and order are the same.
  public static func == (first: JSONObject, second: JSONObject) -> Bool {
    first.members.elementsEqual(second.members) {
      ExactName($0.name) == ExactName($1.name) && $0.value == $1.value
    }
  }

  /// Feeds names and values.
  ///
  /// - Parameter hasher: The hasher.
  public func hash(into hasher: inout Hasher) {
    for member in members {
      hasher.combine(ExactName(member.name))
      hasher.combine(member.value)
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Takes the members as they are written; of two with one name, the last value counts.
  ///
  /// - Parameter elements: Names and values.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (name, value) in elements { self[name] = value }
  }
}
