internal import Tensors

/// The place of a member in an archive that is being written, and the bytes of its headers.
struct ZipRecord {
  let name: [UInt8]
  let layout: ZipLayout
  let byteCount: Int
  /// Bytes that the content takes in the archive, fewer than its own where it is deflated.
  let storedByteCount: Int
  let isDeflated: Bool
  let headerOffset: Int
  let contentOffset: Int

  private let padding: Int

  private static let headerLength = 30
  private static let alignment = 64

  /// Finds the place of a member behind those before it.
  ///
  /// - Parameters:
  ///   - name: The member's name.
  ///   - byteCount: Bytes of its content.
  ///   - deflatedByteCount: Bytes of the content after it was deflated, `nil` when it is stored.
  ///   - offset: Where the member begins.
  ///   - layout: How headers are made.
  init(
    _ name: [UInt8],
    byteCount: Int,
    deflatedByteCount: Int? = nil,
    at offset: Int,
    layout: ZipLayout
  ) {
    self.name = name
    self.layout = layout
    self.byteCount = byteCount
    storedByteCount = deflatedByteCount ?? byteCount
    isDeflated = deflatedByteCount != nil
    headerOffset = offset
    var length = Self.headerLength + name.count
    length += Self.localWide(byteCount, storedByteCount, offset, layout).count
    if layout == .pytorch {
      length += 4
      padding = (Self.alignment - (offset + length) % Self.alignment) % Self.alignment
    } else {
      padding = 0
    }
    contentOffset = offset + length + padding
  }

  /// Where the next member's header begins.
  var end: Int { contentOffset + storedByteCount + descriptorLength }

  private var isWide: Bool { max(byteCount, storedByteCount) >= Int(ZipSignature.wide32) }
  private var isFar: Bool { headerOffset >= Int(ZipSignature.wide32) }

  /// PyTorch gives no descriptor to an empty record.
  private var hasDescriptor: Bool { layout == .pytorch && byteCount > 0 }

  private var descriptorLength: Int { hasDescriptor ? (isWide ? 24 : 16) : 0 }

  private var flags: UInt16 {
    switch layout {
    case .pytorch: hasDescriptor ? 0x808 : 0x800
    case .plain, .numpy: name.allSatisfy { $0 < 0x80 } ? 0 : 0x800
    }
  }

  private var method: UInt16 { isDeflated ? 8 : 0 }

  /// Version needed, and by whom it was made.
  private var version: UInt16 {
    switch layout {
    case .pytorch: 0
    case .plain: isWide || isFar ? 45 : 20
    case .numpy: 45
    }
  }

  /// 1 January 1980, the earliest that there is; PyTorch writes none.
  private var date: UInt16 { layout == .pytorch ? 0 : 0x21 }

  /// The zip64 field of the local header.
  private static func localWide(
    _ byteCount: Int,
    _ storedByteCount: Int,
    _ offset: Int,
    _ layout: ZipLayout
  ) -> [UInt8] {
    let isWide = max(byteCount, storedByteCount) >= Int(ZipSignature.wide32)
    let isFar = offset >= Int(ZipSignature.wide32)
    var numbers: [UInt64] = []
    if isWide || layout == .numpy {
      // The stored size is not known yet when PyTorch writes this.
      numbers += [UInt64(byteCount), layout == .pytorch ? 0 : UInt64(storedByteCount)]
    }
    if isFar, layout == .pytorch { numbers.append(UInt64(offset)) }
    return wideField(numbers)
  }

  private static func wideField(_ numbers: [UInt64]) -> [UInt8] {
    if numbers.isEmpty { return [] }
    var field = LittleEndianBytes()
    field.add(ZipSignature.extra64, UInt16(8 * numbers.count))
    for number in numbers { field.add(number) }
    return field.bytes
  }

  /// The header before the content.
  func local(_ sum: CRC32) -> [UInt8] {
    var header = LittleEndianBytes()
    header.add(ZipSignature.local)
    header.add(version, flags, method, 0, date)
    switch layout {
    case .pytorch:
      let size = isWide ? ZipSignature.wide32 : 0
      header.add(UInt32(0), size, size)
    case .plain, .numpy:
      let hidesSizes = isWide || layout == .numpy
      header.add(sum.value)
      for count in [storedByteCount, byteCount] {
        header.add(hidesSizes ? ZipSignature.wide32 : UInt32(count))
      }
    }
    let wide = Self.localWide(byteCount, storedByteCount, headerOffset, layout)
    let extra = wide.count + (layout == .pytorch ? 4 + padding : 0)
    header.add(UInt16(name.count), UInt16(extra))
    header.add(name)
    header.add(wide)
    if layout == .pytorch {
      header.add([UInt8(ascii: "F"), UInt8(ascii: "B")])
      header.add(UInt16(padding))
      header.add([UInt8](repeating: UInt8(ascii: "Z"), count: padding))
    }
    return header.bytes
  }

  /// Sum and sizes behind the content.
  func descriptor(_ sum: CRC32) -> [UInt8] {
    guard hasDescriptor else { return [] }
    var record = LittleEndianBytes()
    record.add(ZipSignature.descriptor, sum.value)
    if isWide {
      record.add(UInt64(byteCount), UInt64(byteCount))
    } else {
      record.add(UInt32(byteCount), UInt32(byteCount))
    }
    return record.bytes
  }

  /// The entry of the central directory.
  func central(_ sum: CRC32) -> [UInt8] {
    let sizes = [storedByteCount, byteCount].map {
      isWide ? ZipSignature.wide32 : UInt32($0)
    }
    let offset = isFar ? ZipSignature.wide32 : UInt32(headerOffset)
    var numbers = isWide ? [UInt64(byteCount), UInt64(storedByteCount)] : []
    if isFar { numbers.append(UInt64(headerOffset)) }
    let wide = Self.wideField(numbers)
    // Python's zipfile calls itself Unix and gives the owner leave to read and write.
    let isPython = layout != .pytorch
    var entry = LittleEndianBytes()
    entry.add(ZipSignature.central)
    entry.add(isPython ? version | 3 << 8 : 0, version, flags, method, 0, date)
    entry.add(sum.value, sizes[0], sizes[1])
    entry.add(UInt16(name.count), UInt16(wide.count), 0, 0, 0)
    entry.add(isPython ? UInt32(0o600) << 16 : 0, offset)
    entry.add(name)
    entry.add(wide)
    return entry.bytes
  }
}
