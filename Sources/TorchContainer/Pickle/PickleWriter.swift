/// Encodes data as a pickle of protocol 2, operation by operation as CPython's `_pickle` does.
///
/// A pickle that CPython wrote and ``PickleReader`` read comes back byte for byte.
///
/// Source: CPython, `Modules/_pickle.c`.
package struct PickleWriter {
  private static let batchSize = 1000

  private var bytes: [UInt8] = [0x80, 2]
  private var memo: [ObjectIdentifier: Int] = [:]
  // An identity is only good as long as its object lives.
  private var kept: [PickleObject] = []

  /// Encodes a value.
  package static func encode(_ value: PickleValue) -> [UInt8] {
    var writer = PickleWriter()
    writer.write(value)
    writer.add(.stop)
    return writer.bytes
  }

  private mutating func add(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

  private mutating func add(_ value: UInt64, width: Int) {
    for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
  }

  private mutating func write(_ value: PickleValue) {
    switch value {
    case .none: add(.none)
    case .bool(let value): add(value ? .newTrue : .newFalse)
    case .int(let value): write(value)
    case .long(let value):
      add(.long1)
      bytes.append(UInt8(truncatingIfNeeded: value.count))
      bytes += value
    case .double(let value):
      add(.binFloat)
      for place in (0..<8).reversed() {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64(place))))
      }
    case .object(let object): write(object)
    }
  }

  private mutating func write(_ value: Int64) {
    switch value {
    case 0...0xFF:
      add(.binInt1)
      add(UInt64(value), width: 1)
    case 0...0xFFFF:
      add(.binInt2)
      add(UInt64(value), width: 2)
    case Int64(Int32.min)...Int64(Int32.max):
      add(.binInt)
      add(UInt64(bitPattern: value), width: 4)
    default:
      // As few bytes as keep the sign.
      let magnitude = value < 0 ? ~value : value
      let width = (64 - magnitude.leadingZeroBitCount) / 8 + 1
      add(.long1)
      bytes.append(UInt8(width))
      add(UInt64(bitPattern: value), width: width)
    }
  }

  private mutating func write(_ object: PickleObject) {
    if case .persistent(let id) = object.content {
      write(id)
      add(.binPersistent)
      return
    }
    if case .tuple(let elements) = object.content, elements.isEmpty {
      add(.emptyTuple)
      return
    }
    if case .back(let back) = object.content {
      // A tuple that is not finished is written once more, from what is inside it.
      if let target = back.target { write(target) } else { add(.none) }
      return
    }
    if let index = memo[ObjectIdentifier(object)] {
      add(index < 256 ? .binGet : .longBinGet)
      add(UInt64(index), width: index < 256 ? 1 : 4)
      return
    }
    switch object.content {
    case .string(let text):
      add(.binUnicode)
      add(UInt64(text.utf8.count), width: 4)
      bytes += Array(text.utf8)
      memoize(object)
    case .global(let module, let name):
      add(.global)
      bytes += Array(module.utf8) + [UInt8(ascii: "\n")] + Array(name.utf8) + [UInt8(ascii: "\n")]
      memoize(object)
    case .tuple(let elements): write(tuple: elements, object)
    case .list(let elements):
      add(.emptyList)
      memoize(object)
      write(elements: elements)
    case .dictionary(let items):
      add(.emptyDictionary)
      memoize(object)
      write(items: items, isExact: true)
    case .bytes(let content): write(bytes: content, object)
    case .set(let elements):
      let list = PickleObject(.list(elements))
      write(
        call: PickleCall(
          module: "__builtin__",
          name: "set",
          callable: .object(PickleObject(.global(module: "__builtin__", name: "set"))),
          arguments: .tuple([.object(list)])
        ),
        object
      )
    case .call(let call): write(call: call, object)
    case .persistent, .back: break
    }
  }

  private mutating func memoize(_ object: PickleObject) {
    let index = memo.count
    memo[ObjectIdentifier(object)] = index
    kept.append(object)
    add(index < 256 ? .binPut : .longBinPut)
    add(UInt64(index), width: index < 256 ? 1 : 4)
  }

  private mutating func write(tuple elements: [PickleValue], _ object: PickleObject) {
    if elements.count > 3 { add(.mark) }
    for element in elements { write(element) }
    // One of the elements led back to the tuple, and wrote it.
    if memo[ObjectIdentifier(object)] != nil {
      for _ in 0..<(elements.count > 3 ? 1 : elements.count) {
        add(elements.count > 3 ? .popMark : .pop)
      }
      write(object)
      return
    }
    switch elements.count {
    case 1: add(.tuple1)
    case 2: add(.tuple2)
    case 3: add(.tuple3)
    default: add(.tuple)
    }
    memoize(object)
  }

  private mutating func write(call: PickleCall, _ object: PickleObject) {
    write(call.callable)
    write(call.arguments)
    add(call.isNew ? .newObject : .reduce)
    if memo[ObjectIdentifier(object)] != nil {
      add(.pop)
      write(object)
      return
    }
    memoize(object)
    write(elements: call.elements)
    write(items: call.items, isExact: false)
    if let state = call.state {
      write(state)
      add(.build)
    }
  }

  /// Protocol 2 has no bytes: Python makes them of a text, one character each.
  private mutating func write(bytes content: [UInt8], _ object: PickleObject) {
    let text = String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
    write(
      call: PickleCall(
        module: "_codecs",
        name: "encode",
        callable: .object(PickleObject(.global(module: "_codecs", name: "encode"))),
        arguments: .tuple([.string(text), .string("latin1")])
      ),
      object
    )
  }

  private mutating func write(elements: [PickleValue]) {
    if elements.count == 1 {
      write(elements[0])
      add(.append)
      return
    }
    for start in stride(from: 0, to: elements.count, by: Self.batchSize) {
      add(.mark)
      for element in elements[start..<min(start + Self.batchSize, elements.count)] {
        write(element)
      }
      add(.appends)
    }
  }

  /// A dictionary knows how many items it has, an iterator over a subclass' items only whether there is
  /// a second one.
  private mutating func write(items: [PickleItem], isExact: Bool) {
    for start in stride(from: 0, to: items.count, by: Self.batchSize) {
      let batch = items[start..<min(start + Self.batchSize, items.count)]
      let isAlone = batch.count == 1 && (!isExact || items.count == 1)
      if !isAlone { add(.mark) }
      for (key, value) in batch {
        write(key)
        write(value)
      }
      add(isAlone ? .setItem : .setItems)
    }
    // After a full batch a dictionary is asked once more, and gives an empty one.
    if isExact, !items.isEmpty, items.count % Self.batchSize == 0 {
      add(.mark)
      add(.setItems)
    }
  }
}
