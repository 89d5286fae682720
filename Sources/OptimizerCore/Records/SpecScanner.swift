import Tensors

/// Walks over the characters of a spec.
struct SpecScanner {
  private let text: String
  private let characters: [Character]
  private var position = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  var isAtEnd: Bool { position == characters.count }

  func error(_ message: String) -> StateError {
    StateError(
      .invalidArgument,
      "spec '\(text)', character \(position + 1): \(message)",
      remedy: "write kind:key=value,key=value with lists as [a;b]"
    )
  }

  mutating func skip(_ character: Character) -> Bool {
    guard position < characters.count, characters[position] == character else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Character) throws {
    guard skip(character) else { throw error("expected '\(character)'") }
  }

  mutating func word(_ what: String) throws -> String {
    let rest = characters[position...].prefix { !SpecText.isSpecial($0) }
    guard !rest.isEmpty else { throw error("expected a \(what)") }
    position += rest.count
    return String(rest)
  }

  mutating func value() throws -> HyperparameterValue {
    skip("[") ? try list() : try scalar()
  }

  private mutating func scalar() throws -> HyperparameterValue {
    skip("\"") ? .string(try quoted()) : SpecText.literal(try word("value"))
  }

  private mutating func quoted() throws -> String {
    var result = ""
    while position < characters.count {
      let character = characters[position]
      position += 1
      if character == "\"" { return result }
      if character != "\\" {
        result.append(character)
      } else if position < characters.count {
        result.append(characters[position])
        position += 1
      }
    }
    throw error("the text in quotes does not end")
  }

  private mutating func list() throws -> HyperparameterValue {
    if skip("]") { return .strings([]) }
    var items: [HyperparameterValue] = []
    repeat { items.append(try scalar()) } while skip(";")
    try expect("]")
    let numbers = items.compactMap(\.number)
    if numbers.count == items.count { return .doubles(numbers) }
    let words = items.compactMap(\.word)
    guard words.count == items.count else { throw error("a list mixes numbers and words") }
    return .strings(words)
  }
}
