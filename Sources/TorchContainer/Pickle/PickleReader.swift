package import ByteIO
internal import Tensors

/// Decodes a pickle into data.
///
/// Nothing is imported, called or executed.
/// Operations and names that a training state does not need are refused, each with its offset. Size,
/// nesting and the size that shared parts would unfold to are bounded. Where a container is inside
/// itself, ``PickleCycles`` cuts: what comes of it is a tree.
package struct PickleReader {
  private let globals: PickleGlobals

  /// Objects of one pickle, shared ones unfolded.
  private let sizeLimit = Limits[.pickleObjects]

  private var cursor: BlockCursor
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo = PickleMemo()
  /// All objects by their numbers, and what is known of each.
  private var kept: [PickleObject] = []
  private var measures: [Measure] = []
  /// The keys of large dictionaries by the dictionaries' numbers.
  private var keys: [Int: Set<Key>] = [:]

  /// Whether a container changed while another held it, so that there may be a cycle and sizes are not known.
  private var isTangled = false

  /// How large an object is, and whether another one holds it.
  private struct Measure {
    var height = 1
    var size = 1
    var isHeld = false
  }

  /// A text or a number as Python tells keys apart: `True`, `1` and `1.0` are one.
  private enum Key: Hashable {
    case text(ExactName)
    case whole(Int64)
    case fraction(Double)

    init?(_ value: PickleValue) {
      if let text = value.text {
        self = .text(ExactName(text))
      } else if let number = value.int ?? value.bool.map({ $0 ? 1 : 0 }) {
        self = .whole(number)
      } else if let number = value.number {
        self = Int64(exactly: number).map(Key.whole) ?? .fraction(number)
      } else {
        return nil
      }
    }

    var text: String {
      switch self {
      case .text(let name): "'\(name.text)'"
      case .whole(let number): "\(number)"
      case .fraction(let number): "\(number)"
      }
    }
  }

  /// Begins at the start of a pickle.
  ///
  /// - Parameters:
  ///   - cursor: Where it starts.
  ///   - globals: The names that it may refer to.
  package init(_ cursor: BlockCursor, allowing globals: PickleGlobals) {
    self.cursor = cursor
    self.globals = globals
  }

  /// Decodes one pickle.
  ///
  /// - Returns: The value, and the place behind the pickle.
  package mutating func read() throws -> (value: PickleValue, rest: BlockCursor) {
    do {
      let (value, rest) = try readTangled()
      if isTangled { try PickleCycles.cut(value, all: kept) }
      return (value, rest)
    } catch {
      // What holds itself would stay for good.
      if isTangled { for object in kept { object.content = .tuple([]) } }
      throw error
    }
  }

  private mutating func readTangled() throws -> (value: PickleValue, rest: BlockCursor) {
    let start = cursor.offset
    guard try cursor.integer(UInt8.self, "pickle") == PickleOpcode.proto.rawValue else {
      throw StateError(.malformed, "the pickle has no protocol", offset: start, expected: "PROTO")
    }
    let version = try cursor.integer(UInt8.self, "protocol of the pickle")
    guard (2...5).contains(version) else {
      throw StateError(
        .unsupported,
        "a pickle of protocol \(version)",
        offset: start,
        expected: "2 to 5"
      )
    }
    for _ in 0..<2 * sizeLimit {
      if try step() {
        guard let value = stack.popLast(), stack.isEmpty, marks.isEmpty else {
          throw StateError(.malformed, "the pickle ends unfinished", offset: cursor.offset - 1)
        }
        return (value, cursor)
      }
    }
    throw StateError.exceeded(
      .pickleObjects,
      "a pickle of too many operations",
      offset: cursor.offset
    )
  }

  /// Performs one operation.
  ///
  /// - Returns: Whether it was the last.
  private mutating func step() throws -> Bool {
    let offset = cursor.offset
    let byte = try cursor.integer(UInt8.self, "operation of a pickle")
    guard let opcode = PickleOpcode(rawValue: byte) else { throw refused(byte, offset) }
    switch opcode {
    case .stop: return true
    case .proto: throw StateError(.malformed, "PROTO inside a pickle", offset: offset)
    case .frame:
      let length = try cursor.integer(UInt64.self, "length of a frame")
      guard length <= UInt64(cursor.remaining) else {
        throw StateError(
          .truncated,
          "a frame of the pickle ends behind its end",
          offset: offset,
          expected: "at most \(cursor.remaining) bytes",
          found: "\(length)"
        )
      }
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt:
      let bits = try cursor.integer(UInt32.self, "BININT")
      stack.append(.int(Int64(Int32(bitPattern: bits))))
    case .binInt1: stack.append(.int(Int64(try cursor.integer(UInt8.self, "BININT1"))))
    case .binInt2: stack.append(.int(Int64(try cursor.integer(UInt16.self, "BININT2"))))
    case .long1: try long()
    case .binFloat:
      let bits = try cursor.take(8, "BINFLOAT").reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      stack.append(.double(Double(bitPattern: bits)))
    case .shortBinUnicode: try text(Int(try cursor.integer(UInt8.self, "length")), offset)
    case .binUnicode: try text(Int(try cursor.integer(UInt32.self, "length")), offset)
    case .binUnicode8:
      try text(Int(clamping: try cursor.integer(UInt64.self, "length")), offset)
    case .shortBinString:
      try oldText(Int(try cursor.integer(UInt8.self, "length")), offset)
    case .binString:
      let count = Int32(bitPattern: try cursor.integer(UInt32.self, "length"))
      guard count >= 0 else {
        throw StateError(.malformed, "a text of negative length", offset: offset)
      }
      try oldText(Int(count), offset)
    case .shortBinBytes:
      let count = Int(try cursor.integer(UInt8.self, "length"))
      try push(.bytes(Array(try cursor.take(count, "bytes"))), [], offset)
    case .binBytes:
      let count = Int(try cursor.integer(UInt32.self, "length"))
      try push(.bytes(Array(try cursor.take(count, "bytes"))), [], offset)
    case .byteArray8:
      let count = Int(clamping: try cursor.integer(UInt64.self, "length"))
      try byteArray(Array(try cursor.take(count, "bytes")), offset)
    case .emptyTuple: try push(.tuple([]), [], offset)
    case .tuple: try tuple(try sinceMark(offset), offset)
    case .tuple1: try tuple(try pop(1, offset), offset)
    case .tuple2: try tuple(try pop(2, offset), offset)
    case .tuple3: try tuple(try pop(3, offset), offset)
    case .emptyList: try push(.list([]), [], offset)
    case .emptyDictionary: try push(.dictionary([]), [], offset)
    case .emptySet: try push(.set([]), [], offset)
    case .append: try append(try pop(1, offset), offset, "APPEND")
    case .appends: try append(try sinceMark(offset), offset, "APPENDS")
    case .addItems: try append(try sinceMark(offset), offset, "ADDITEMS")
    case .setItem: try setItems(try pop(2, offset), offset, "SETITEM")
    case .setItems: try setItems(try sinceMark(offset), offset, "SETITEMS")
    case .global:
      let module = try line(offset)
      try global(module, try line(offset), offset, "GLOBAL")
    case .stackGlobal:
      let parts = try pop(2, offset)
      guard let module = parts[0].text, let name = parts[1].text else {
        throw StateError(.malformed, "STACK_GLOBAL without two texts", offset: offset)
      }
      try global(module, name, offset, "STACK_GLOBAL")
    case .reduce: try call(try pop(2, offset), offset)
    case .newObject: try newObject(try pop(2, offset), offset)
    case .build: try build(try pop(1, offset), offset)
    case .binPersistent:
      let id = try pop(1, offset)
      try push(.persistent(id[0]), id, offset)
    case .binPut: try put(Int(try cursor.integer(UInt8.self, "BINPUT")), offset)
    case .longBinPut: try put(Int(try cursor.integer(UInt32.self, "LONG_BINPUT")), offset)
    case .memoize: try put(memo.count, offset)
    case .binGet: try get(Int(try cursor.integer(UInt8.self, "BINGET")), offset)
    case .longBinGet: try get(Int(try cursor.integer(UInt32.self, "LONG_BINGET")), offset)
    case .pop where stack.count == marks.last: marks.removeLast()
    case .pop: _ = try pop(1, offset)
    case .popMark: _ = try sinceMark(offset)
    }
    return false
  }

  private func refused(_ byte: UInt8, _ offset: Int) -> StateError {
    guard let name = PickleOpcode.name(of: byte) else {
      return StateError(.malformed, "byte \(byte) is no operation of a pickle", offset: offset)
    }
    return StateError(
      .unsupported,
      "the pickle uses \(name), which a training state does not need",
      offset: offset,
      remedy: "save state_dict() in place of the object itself"
    )
  }

  private mutating func long() throws {
    let count = Int(try cursor.integer(UInt8.self, "length of LONG1"))
    let bytes = Array(try cursor.take(count, "LONG1"))
    guard count <= 8 else {
      stack.append(.long(bytes))
      return
    }
    let fill: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    let bits = bytes.reversed().reduce(fill) { $0 << 8 | UInt64($1) }
    stack.append(.int(Int64(bitPattern: bits)))
  }

  private mutating func text(_ count: Int, _ offset: Int) throws {
    let bytes = try cursor.take(count, "text")
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw StateError(.malformed, "a text of the pickle is not UTF-8", offset: offset)
    }
    try push(.string(text), [], offset)
  }

  /// A text of Python 2, which has no other bytes: where it is no UTF-8 it is those.
  private mutating func oldText(_ count: Int, _ offset: Int) throws {
    let bytes = Array(try cursor.take(count, "text"))
    let text = String(validating: bytes, as: UTF8.self)
    try push(text.map { .string($0) } ?? .bytes(bytes), [], offset)
  }

  /// An array of bytes, as protocols without an operation for it call it.
  private mutating func byteArray(_ bytes: [UInt8], _ offset: Int) throws {
    let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    try global("__builtin__", "bytearray", offset, "BYTEARRAY8")
    try push(.string(text), [], offset)
    try push(.string("latin-1"), [], offset)
    try tuple(try pop(2, offset), offset)
    try call(try pop(2, offset), offset)
  }

  /// A line of text, as GLOBAL has two.
  private mutating func line(_ offset: Int) throws -> String {
    var bytes: [UInt8] = []
    while true {
      let byte = try cursor.integer(UInt8.self, "name")
      if byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
      guard bytes.count <= 1000 else {
        throw StateError(.limitExceeded, "a name of the pickle does not end", offset: offset)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw StateError(.malformed, "a name of the pickle is not UTF-8", offset: offset)
    }
    return text
  }

  private mutating func global(
    _ module: String,
    _ name: String,
    _ offset: Int,
    _ opcode: String
  ) throws {
    guard globals.use(module, name) != nil else {
      throw StateError(
        .unsupported,
        "\(opcode) names '\(module).\(name)', which is no part of a training state",
        offset: offset,
        remedy: "save tensors, numbers, texts and containers of them, such as state_dict()"
      )
    }
    try push(.global(module: module, name: name), [], offset)
  }

  private mutating func call(_ parts: [PickleValue], _ offset: Int) throws {
    guard case .global(let module, let name)? = parts[0].object?.content,
      case .tuple? = parts[1].object?.content
    else {
      throw StateError(.malformed, "a call without a name and a tuple", offset: offset)
    }
    guard let use = globals.use(module, name), use != .constant else {
      throw StateError(.unsupported, "the pickle calls '\(module).\(name)'", offset: offset)
    }
    let call = PickleCall(module: module, name: name, callable: parts[0], arguments: parts[1])
    try push(.call(call), parts, offset)
  }

  /// An object of a class that nobody knows here; what is known is called.
  private mutating func newObject(_ parts: [PickleValue], _ offset: Int) throws {
    guard case .global(let module, let name)? = parts[0].object?.content,
      globals.use(module, name) == .foreign, case .tuple? = parts[1].object?.content
    else { throw refused(PickleOpcode.newObject.rawValue, offset) }
    var call = PickleCall(module: module, name: name, callable: parts[0], arguments: parts[1])
    call.isNew = true
    try push(.call(call), parts, offset)
  }

  /// Whether an object is a record of another program.
  private func isForeign(_ call: PickleCall) -> Bool {
    globals.use(call.module, call.name) == .foreign
  }

  private mutating func build(_ state: [PickleValue], _ offset: Int) throws {
    guard let object = stack.last?.object, case .call(var call) = object.content,
      call.state == nil, globals.use(call.module, call.name) == .stateful || isForeign(call)
    else {
      throw StateError(
        .unsupported,
        "BUILD gives a state to something that has none in a training state",
        offset: offset
      )
    }
    try hold(state, in: object, offset)
    call.state = state[0]
    object.content = .call(call)
  }

  private mutating func tuple(_ elements: [PickleValue], _ offset: Int) throws {
    try push(.tuple(elements), elements, offset)
  }

  private mutating func append(
    _ elements: [PickleValue],
    _ offset: Int,
    _ opcode: String
  ) throws {
    guard let object = stack.last?.object else { throw underflow(offset) }
    try hold(elements, in: object, offset)
    switch object.content {
    case .list(var list) where opcode != "ADDITEMS":
      // Emptied first, so that the elements are not copied.
      object.content = .list([])
      list += elements
      object.content = .list(list)
    case .set(var set) where opcode == "ADDITEMS":
      object.content = .set([])
      set += elements
      object.content = .set(set)
    case .call(var call) where opcode != "ADDITEMS" && isForeign(call):
      object.content = .tuple([])
      call.elements += elements
      object.content = .call(call)
    default:
      throw StateError(.malformed, "\(opcode) on what takes no elements", offset: offset)
    }
  }

  private mutating func setItems(
    _ parts: [PickleValue],
    _ offset: Int,
    _ opcode: String
  ) throws {
    guard let object = stack.last?.object, parts.count % 2 == 0 else {
      throw StateError(.malformed, "\(opcode) on what takes no items", offset: offset)
    }
    if case .call(var call) = object.content, isForeign(call) {
      try hold(parts, in: object, offset)
      for index in stride(from: 0, to: parts.count, by: 2) {
        call.items.append((parts[index], parts[index + 1]))
      }
      object.content = .call(call)
      return
    }
    guard var items = object.items else {
      throw StateError(.malformed, "\(opcode) on what takes no items", offset: offset)
    }
    try hold(parts, in: object, offset)
    object.setItems([])
    for index in stride(from: 0, to: parts.count, by: 2) {
      // Python would forget the first; nobody's dictionary is saved with two.
      if let key = Key(parts[index]), !isNew(key, in: object, having: items) {
        throw StateError(
          .malformed,
          "a dictionary of the pickle has the key \(key.text) twice",
          offset: offset
        )
      }
      items.append((parts[index], parts[index + 1]))
    }
    object.setItems(items)
  }

  /// Whether a dictionary has no item of a key yet; of a few they are compared sooner than hashed.
  private mutating func isNew(
    _ key: Key,
    in object: PickleObject,
    having items: [PickleItem]
  ) -> Bool {
    if items.count < 8 { return !items.contains { Key($0.key) == key } }
    return keys[object.number, default: Set(items.compactMap { Key($0.key) })].insert(key).inserted
  }

  private mutating func put(_ index: Int, _ offset: Int) throws {
    guard let value = stack.last else { throw underflow(offset) }
    memo.put(value, at: index)
  }

  private mutating func get(_ index: Int, _ offset: Int) throws {
    guard let value = memo[index] else {
      throw StateError(.malformed, "the pickle has no memo \(index)", offset: offset)
    }
    stack.append(value)
  }

  private func underflow(_ offset: Int) -> StateError {
    StateError(.malformed, "the pickle's stack is empty", offset: offset)
  }

  private mutating func pop(_ count: Int, _ offset: Int) throws -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw underflow(offset) }
    let values = Array(stack[(stack.count - count)...])
    stack.removeLast(count)
    return values
  }

  private mutating func sinceMark(_ offset: Int) throws -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw underflow(offset) }
    let values = Array(stack[mark...])
    stack.removeLast(stack.count - mark)
    return values
  }

  /// Puts a new object on the stack.
  private mutating func push(
    _ content: PickleObject.Content,
    _ parts: [PickleValue],
    _ offset: Int
  ) throws {
    guard kept.count < sizeLimit / 2 else {
      throw StateError.exceeded(.pickleObjects, "a pickle of too many objects", offset: offset)
    }
    let object = PickleObject(content, at: offset, number: kept.count)
    kept.append(object)
    measures.append(Measure())
    try hold(parts, in: object, offset)
    stack.append(.object(object))
  }

  /// Notes that an object holds others.
  private mutating func hold(
    _ parts: [PickleValue],
    in object: PickleObject,
    _ offset: Int
  ) throws {
    if parts.isEmpty { return }
    var own = measures[object.number]
    if own.isHeld { isTangled = true }
    for part in parts {
      own.size += 1
      guard let child = part.object else { continue }
      if child === object {
        isTangled = true
        continue
      }
      let measure = measures[child.number]
      measures[child.number].isHeld = true
      own.height = max(own.height, measure.height + 1)
      own.size += measure.size
    }
    guard own.height <= Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "the pickle nests too deeply", offset: offset)
    }
    guard own.size <= sizeLimit else {
      throw StateError.exceeded(
        .pickleObjects,
        "the pickle's shared parts unfold to too many objects",
        offset: offset
      )
    }
    measures[object.number] = own
  }
}
