internal import Tensors

/// The type of an array's elements as its header spells it: byte order, kind and width.
struct NumPyType: Sendable, Hashable {
  /// `<` little, `>` big, `|` where it does not matter.
  let order: Character

  /// `f`, `i`, `u`, `b`, `c`, or one that the hub has no type for.
  let kind: Character

  /// Bytes of an element.
  let width: Int

  /// What follows kind and width, such as the unit of a date.
  let suffix: String

  /// The list of fields of a type of records, `nil` for every other type.
  private let fields: String?

  private static let elementTypes: [String: ElementType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
    "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    "c8": .complex64, "c16": .complex128,
    // What ml_dtypes calls bfloat16 reaches a file as two bytes without a meaning; nobody saves other pairs.
    "V2": .bfloat16,
  ]

  /// Without bfloat16: a reader without the same library could not tell what it is given.
  private static let words = Dictionary(
    uniqueKeysWithValues: elementTypes.filter { $0.key.first != "V" }.map { ($1, $0) }
  )

  /// Takes a type apart.
  ///
  /// - Throws: `StateError` with code `malformed` for what is no type.
  init(_ descr: String) throws {
    if descr.hasPrefix("[") {
      (order, kind, width, suffix, fields) = ("|", "V", 0, "", descr)
      return
    }
    fields = nil
    var rest = Substring(descr)
    let order: Character = "<>|=".contains(rest.first ?? " ") ? rest.removeFirst() : "="
    guard let kind = rest.popFirst(), kind.isASCII, kind.isLetter else {
      throw StateError(.malformed, "'\(descr)' is no element type of NumPy")
    }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let number = kind == "O" ? 0 : Int(digits), number <= Limits[.indexBytes] else {
      throw StateError(.malformed, "'\(descr)' is no element type of NumPy")
    }
    // A native order never stands in a file that NumPy wrote.
    self.order = order == "=" ? "<" : order
    self.kind = kind
    width = kind == "U" ? 4 * number : number
    suffix = String(rest.dropFirst(digits.count))
  }

  /// The type for elements of the hub, `nil` where NumPy has none.
  init?(_ type: ElementType, isBigEndian: Bool) {
    guard let word = Self.words[type], let kind = word.first, let width = type.byteWidth else {
      return nil
    }
    order = width == 1 ? "|" : isBigEndian ? ">" : "<"
    self.kind = kind
    self.width = width
    suffix = ""
    fields = nil
  }

  /// The spelling.
  var descr: String {
    if let fields { return fields }
    let number = kind == "O" ? "" : String(kind == "U" ? width / 4 : width)
    return "\(order)\(kind)\(number)\(suffix)"
  }

  /// The spelling as a header has it.
  var literal: String { fields ?? "'\(descr)'" }

  /// The hub's type, `nil` where it has none.
  var elementType: ElementType? { suffix.isEmpty ? Self.elementTypes["\(kind)\(width)"] : nil }

  /// Whether nothing but the end of the array says how many bytes it takes: Python's objects, as a pickle that nobody here
  /// looks into, and records.
  var isOpaque: Bool { kind == "O" || fields != nil }

  /// Whether the bytes of a number are in the hub's order.
  var isBigEndian: Bool { order == ">" }
}
