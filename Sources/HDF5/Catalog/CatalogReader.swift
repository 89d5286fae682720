internal import ByteIO
internal import CHDF5
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

extension HDF5Catalog {
  /// Walks through a file with libhdf5, in this process.
  ///
  /// libhdf5 1.10 can crash on a file that was made to crash it; see ``HDF5Isolation``.
  ///
  /// Refused: soft, external and user-defined links, objects that are reached twice, external storage,
  /// virtual datasets, filters other than shuffle and deflate, data that is declared but not stored.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - range: Where in it the HDF5 file lies, `nil` for all of it.
  /// - Returns: The catalog; its offsets are those of the file that `path` names.
  /// - Throws: `StateError` with code `malformed`, `unsupported` or `limitExceeded`.
  public static func readInProcess(_ path: String, in range: Range<Int>? = nil) throws
    -> HDF5Catalog
  {
    let whole = try PositionalFile.open(path)
    let size = try whole.size()
    let range = range ?? 0..<size
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw StateError(.truncated, "an HDF5 file inside leaves the file", file: path)
    }
    let fileSize = range.count
    do {
      let catalog = try Gate.locked {
        let driver = try Handle(optstate_window_driver(), "make a file driver")
        let access = try Gate.fileAccess()
        if range != 0..<size {
          try Gate.check(
            optstate_window_select(
              access.id,
              driver.id,
              haddr_t(range.lowerBound),
              haddr_t(range.count)
            ),
            "choose a part of the file"
          )
        }
        let file = try unsafe Handle(
          H5Fopen(path, optstate_h5f_read_only(), access.id),
          "open the file"
        )
        let root = try unsafe Handle(H5Oopen(file.id, "/", 0), "open the root group")
        let tables = LinkTable(whole, in: range)
        var reader = CatalogReader(
          fileSize: fileSize,
          tables,
          index: try? IndexedFile(path, in: range)
        )
        try reader.visit(root)
        return HDF5Catalog(reader.objects)
      }
      return range.lowerBound == 0 ? catalog : catalog.moved(by: range.lowerBound)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}

extension HDF5Catalog {
  /// The catalog as seen from the file that this one lies in.
  fileprivate func moved(by start: Int) -> HDF5Catalog {
    HDF5Catalog(
      objects.map { object in
        guard let dataset = object.dataset else { return object }
        let storage: HDF5DatasetInfo.Storage =
          switch dataset.storage {
          case .contiguous(let offset): .contiguous(offset: offset + start)
          case .chunked(let dimensions, let filters, let chunks):
            .chunked(
              dimensions: dimensions,
              filters: filters,
              chunks: chunks.map { chunk in
                HDF5DatasetInfo.Chunk(
                  position: chunk.position,
                  offset: chunk.offset + start,
                  byteCount: chunk.byteCount,
                  skippedFilters: chunk.skippedFilters
                )
              }
            )
          case .compact, .absent: dataset.storage
          }
        return HDF5Object(
          path: object.path,
          attributes: object.attributes,
          dataset: HDF5DatasetInfo(
            elementType: dataset.elementType,
            shape: dataset.shape,
            storage: storage
          )
        )
      }
    )
  }
}

/// The walk through one file.
private struct CatalogReader {
  private let fileSize: Int
  private let tables: LinkTable
  private(set) var objects: [HDF5Object] = []
  private var visited: Set<UInt64> = []
  private var attributeBytes = 0
  private var index: IndexedFile?

  init(fileSize: Int, _ tables: LinkTable, index: IndexedFile?) {
    self.fileSize = fileSize
    self.tables = tables
    self.index = index
  }

  /// Walks from a file's root, to which no link may lead back.
  mutating func visit(_ root: Handle) throws {
    var info = H5O_info_t()
    try unsafe Gate.check(
      H5Oget_info2(root.id, &info, UInt32(H5O_INFO_BASIC)),
      "inspect the root group"
    )
    visited.insert(UInt64(info.addr))
    try visit(root, UInt64(info.addr), at: [])
  }

  private mutating func visit(_ object: Handle, _ address: UInt64, at path: [String]) throws {
    let name = "/" + path.joined(separator: "/")
    guard path.count <= Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "the groups at '\(name)' are nested too deeply")
    }
    guard objects.count < Limits[.tensors] else {
      throw StateError.exceeded(.tensors, "the file has too many groups and datasets")
    }
    do {
      switch H5Iget_type(object.id) {
      case H5I_GROUP:
        objects.append(
          HDF5Object(
            path: path,
            attributes: try attributes(of: object),
            dataset: nil,
            linkTable: try tables.address(ofGroupAt: address)
          )
        )
        for child in try links(of: object) {
          guard visited.insert(child.address).inserted else {
            throw StateError(.unsupported, "the object '\(child.name)' is linked more than once")
          }
          let member = try unsafe Handle(H5Oopen(object.id, child.name, 0), "open '\(child.name)'")
          try visit(member, child.address, at: path + [child.name])
        }
      case H5I_DATASET:
        objects.append(
          HDF5Object(
            path: path,
            attributes: try attributes(of: object),
            dataset: try DatasetReader(object, header: address, fileSize: fileSize).info(&index)
          )
        )
      default:
        throw StateError(.unsupported, "the object '\(name)' is neither a group nor a dataset")
      }
    } catch let error as StateError {
      throw error.inContext(tensor: name)
    }
  }

  /// An object's attributes; any number of texts, and of objects' attributes, can be the same bytes of the file.
  private mutating func attributes(of object: Handle) throws -> [String: HDF5Value] {
    let attributes = try AttributeReader.all(of: object, fileSize)
    attributeBytes += attributes.values.reduce(0) { $0 + $1.byteCount }
    let bound = fileSize.multipliedReportingOverflow(by: Limits[.sharing])
    guard bound.overflow || attributeBytes <= bound.partialValue + 1 << 20 else {
      throw StateError.exceeded(.sharing, "the attributes take more bytes than the file has")
    }
    return attributes
  }

  /// Names and targets of a group's hard links; any other link is refused before it can lead anywhere.
  private func links(of group: Handle) throws -> [(name: String, address: UInt64)] {
    final class Found {
      var links: [(name: String, address: UInt64)] = []
      var refused: String?
    }
    let found = Found()
    let status = unsafe H5Literate(
      group.id,
      H5_INDEX_NAME,
      H5_ITER_INC,
      nil,
      { _, name, info, context in
        guard let name = unsafe name, let info = unsafe info, let context = unsafe context else {
          return -1
        }
        let found = unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
        guard let text = unsafe String(validatingCString: name) else {
          found.refused = "a link's name is not valid UTF-8"
          return 1
        }
        guard unsafe info.pointee.type == H5L_TYPE_HARD else {
          found.refused = "the link '\(text)' is soft or leads to another file"
          return 1
        }
        found.links.append((text, unsafe UInt64(info.pointee.u.address)))
        return found.links.count > Limits[.tensors] ? -1 : 0
      },
      Unmanaged.passUnretained(found).toOpaque()
    )
    if let reason = found.refused {
      throw StateError(
        .unsupported,
        reason,
        remedy: "links other than hard ones are never followed"
      )
    }
    guard found.links.count <= Limits[.tensors] else {
      throw StateError.exceeded(.tensors, "the group has too many members")
    }
    try Gate.check(status, "list a group")
    return found.links
  }
}
