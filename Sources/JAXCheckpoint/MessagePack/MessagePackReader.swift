internal import ByteIO
internal import Tensors

/// Reads the tree of a MessagePack file, and leaves the arrays' bytes where they are.
///
/// The format is MessagePack's specification of 2017; the extensions are those of flax' `serialization.py`:
/// 1 for an array, 2 for a complex number, 3 for a scalar of NumPy's. The *structure* of a file is the file without
/// the payloads of more than ``MessagePackPayload/smallCount`` bytes.
struct MessagePackReader {
  private var input: MessagePackInput
  private let isStructure: Bool
  private var nodes = 0

  /// The file's structure as far as it was read.
  private(set) var structure: [UInt8] = []

  /// - Parameters:
  ///   - input: The bytes.
  ///   - isStructure: Whether they are a structure, in which payloads are missing.
  init(_ input: MessagePackInput, isStructure: Bool = false) {
    self.input = input
    self.isStructure = isStructure
  }

  /// Reads the one value that a file is.
  mutating func read() throws -> MessagePackNode {
    let root = try value("", key: [], depth: 0)
    guard input.position == input.end else {
      throw StateError(
        .malformed,
        "bytes follow the value that the file is",
        offset: input.position,
        found: "\(input.end - input.position) bytes"
      )
    }
    return root
  }

  // MARK: Bytes

  private mutating func take(_ count: Int, _ field: String) throws -> ArraySlice<UInt8> {
    let bytes = try input.take(count, field)
    guard count <= Limits[.headerBytes] - structure.count else {
      throw StateError.exceeded(
        .headerBytes,
        "the file has too much beside arrays",
        offset: input.position
      )
    }
    structure += bytes
    return bytes
  }

  private mutating func number(_ width: Int, _ field: String) throws -> UInt64 {
    try take(width, field).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func payload(_ count: Int) throws -> MessagePackPayload {
    let start = input.position
    if count <= MessagePackPayload.smallCount {
      let bytes = Array(try take(count, "a byte string"))
      return MessagePackPayload(count: count, offset: start, bytes: bytes)
    }
    if !isStructure { try input.skip(count, "a byte string") }
    return MessagePackPayload(count: count, offset: start, bytes: nil)
  }

  // MARK: Values

  private mutating func value(
    _ name: String,
    key: [UInt8],
    depth: Int
  ) throws -> MessagePackNode {
    nodes += 1
    guard nodes <= Limits[.tensors] else {
      throw StateError.exceeded(.tensors, "too many values", offset: input.position)
    }
    let start = structure.count
    let content = try content(depth: depth, start: start)
    return MessagePackNode(name, key: key, head: content.head, content.content)
  }

  private mutating func content(
    depth: Int,
    start: Int
  ) throws -> (head: [UInt8], content: MessagePackNode.Content) {
    guard depth <= Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "values lie too deep in values", offset: input.position)
    }
    let place = input.position
    let tag = UInt8(try number(1, "a value"))
    func head() -> [UInt8] { Array(structure[start...]) }
    switch tag {
    case 0x00...0x7F: return (head(), .integer(Int64(tag)))
    case 0xE0...0xFF: return (head(), .integer(Int64(tag) - 256))
    case 0x80...0x8F: return (head(), try map(Int(tag & 0xF), depth))
    case 0x90...0x9F: return (head(), try list(Int(tag & 0xF), depth))
    case 0xC0: return (head(), .other)
    case 0xC2, 0xC3: return (head(), .bool(tag == 0xC3))
    case 0xCA:
      let bits = UInt32(truncatingIfNeeded: try number(4, "a float"))
      return (head(), .double(Double(Float(bitPattern: bits))))
    case 0xCB:
      let bits = try number(8, "a float")
      return (head(), .double(Double(bitPattern: bits)))
    case 0xCC...0xCF:
      let whole = try number(1 << Int(tag - 0xCC), "a whole number")
      return (head(), Int64(exactly: whole).map { .integer($0) } ?? .other)
    case 0xD0...0xD3:
      let width = 1 << Int(tag - 0xD0)
      let unused = UInt64(64 - 8 * width)
      let bits = try number(width, "a whole number")
      return (head(), .integer(Int64(bitPattern: bits << unused) >> Int64(unused)))
    case 0xA0...0xBF:
      let text = try text(Int(tag & 0x1F), place)
      return (head(), .text(text))
    case 0xD9...0xDB:
      let text = try text(Int(try number(1 << Int(tag - 0xD9), "a length")), place)
      return (head(), .text(text))
    case 0xC4...0xC6:
      let payload = try payload(Int(try number(1 << Int(tag - 0xC4), "a length")))
      return (head(), .bytes(payload))
    case 0xDC, 0xDD:
      let count = Int(try number(tag == 0xDC ? 2 : 4, "a length"))
      return (head(), try list(count, depth))
    case 0xDE, 0xDF:
      let count = Int(try number(tag == 0xDE ? 2 : 4, "a length"))
      return (head(), try map(count, depth))
    case 0xD4...0xD8:
      let content = try `extension`(1 << Int(tag - 0xD4), place, depth)
      return (head(), content)
    case 0xC7...0xC9:
      let count = Int(try number(1 << Int(tag - 0xC7), "a length"))
      let content = try `extension`(count, place, depth)
      return (head(), content)
    default:
      throw StateError(
        .malformed,
        "the byte begins no value",
        offset: place,
        found: "0x" + String(tag, radix: 16)
      )
    }
  }

  private mutating func text(_ count: Int, _ place: Int) throws -> String {
    guard count <= Limits[.textBytes] else {
      throw StateError.exceeded(.textBytes, "a text is too long", offset: place, found: count)
    }
    guard let text = String(validating: try take(count, "a text"), as: UTF8.self) else {
      throw StateError(.malformed, "a text is no UTF-8", offset: place)
    }
    return text
  }

  private mutating func list(_ count: Int, _ depth: Int) throws -> MessagePackNode.Content {
    try checkCount(count, width: 1)
    var children: [MessagePackNode] = []
    for index in 0..<count {
      children.append(try value("\(index)", key: [], depth: depth + 1))
    }
    return .list(children)
  }

  private mutating func map(_ count: Int, _ depth: Int) throws -> MessagePackNode.Content {
    try checkCount(count, width: 2)
    var seen: Set<ExactName> = []
    var children: [MessagePackNode] = []
    for _ in 0..<count {
      let place = input.position
      let start = structure.count
      let name: String
      switch try content(depth: depth + 1, start: start).content {
      case .text(let text): name = text
      case .integer(let number): name = "\(number)"
      default:
        throw StateError(.unsupported, "a map has a key that is no text", offset: place)
      }
      guard !name.utf8.contains(0) else {
        throw StateError(.malformed, "a key has NUL in it", offset: place)
      }
      guard name.utf8.count <= Limits[.nameBytes] else {
        throw StateError.exceeded(.nameBytes, "too long a name", offset: place)
      }
      guard seen.insert(ExactName(name)).inserted else {
        throw StateError(.malformed, "a map has a key twice", tensor: name, offset: place)
      }
      let key = Array(structure[start...])
      do {
        children.append(try value(name, key: key, depth: depth + 1))
      } catch let error as StateError {
        throw error.inContext(tensor: name)
      }
    }
    return .map(children)
  }

  /// Refuses a count of values that cannot be there: each takes a byte at least.
  private func checkCount(_ count: Int, width: Int) throws {
    guard count <= (input.end - input.position) / width else {
      throw StateError(
        .truncated,
        "the file ends before a map or a list does",
        offset: input.position,
        expected: "\(count) members"
      )
    }
  }

  // MARK: Extensions

  private mutating func `extension`(
    _ count: Int,
    _ place: Int,
    _ depth: Int
  ) throws -> MessagePackNode.Content {
    let code = UInt8(try number(1, "an extension"))
    guard [1, 2, 3].contains(code) else { return .bytes(try payload(count)) }
    let start = input.position
    let (content, missing) = try inside(code, count, depth + 1)
    guard input.position - start + missing == count else {
      throw StateError(
        .malformed,
        "an extension has another length than what is in it",
        offset: place,
        expected: "\(count) bytes",
        found: "\(input.position - start + missing)"
      )
    }
    return content
  }

  /// What an extension holds, and how many of its bytes are missing here.
  private mutating func inside(
    _ code: UInt8,
    _ count: Int,
    _ depth: Int
  ) throws -> (MessagePackNode.Content, missing: Int) {
    let place = input.position
    let malformed = StateError(
      .malformed,
      code == 2 ? "a complex number is not two floats" : "an array is not shape, type and bytes",
      offset: place
    )
    guard try length(0x90, 0xDC) == (code == 2 ? 2 : 3) else { throw malformed }
    if code == 2 {
      for _ in 0..<2 {
        guard case .double = try part(depth) else {
          throw malformed
        }
      }
      return (.other, 0)
    }
    guard let rank = try length(0x90, 0xDC), rank <= count else { throw malformed }
    guard rank <= Limits.rank else {
      throw StateError(.limitExceeded, "too many axes", offset: place, found: "\(rank)")
    }
    var dimensions: [Int] = []
    for _ in 0..<rank {
      guard case .integer(let size) = try part(depth) else {
        throw malformed
      }
      dimensions.append(Int(size))
    }
    let shape: Shape
    do {
      shape = try Shape(dimensions)
    } catch var error as StateError {
      error.offset = place
      throw error
    }
    guard case .text(let type) = try part(depth),
      case .bytes(let payload) = try part(depth)
    else { throw malformed }
    if let element = ElementType(rawValue: type), element.byteWidth != nil {
      let expected = try shape.byteCount(of: element)
      guard payload.count == expected else {
        throw StateError(
          .malformed,
          "an array's bytes do not fit \(type)\(shape)",
          offset: payload.offset,
          expected: "\(expected) bytes",
          found: "\(payload.count)"
        )
      }
    }
    let array = MessagePackArray(type: type, shape: shape, isScalar: code == 3, payload: payload)
    return (.array(array), isStructure && payload.bytes == nil ? payload.count : 0)
  }

  private mutating func part(_ depth: Int) throws -> MessagePackNode.Content {
    try content(depth: depth, start: structure.count).content
  }

  /// The length of a list, `nil` where there is none.
  private mutating func length(_ small: UInt8, _ large: UInt8) throws -> Int? {
    let tag = UInt8(try number(1, "a list"))
    if tag & 0xF0 == small { return Int(tag & 0xF) }
    guard tag == large || tag == large + 1 else { return nil }
    return Int(try number(tag == large ? 2 : 4, "a length"))
  }
}
