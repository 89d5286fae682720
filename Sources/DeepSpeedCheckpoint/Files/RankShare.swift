internal import ByteIO
internal import Tensors
internal import TorchContainer

/// Which parameters a rank's file has parts of.
enum RankShare {
  /// An error on a rank's file, with the parameters whose parts the file has or should have.
  ///
  /// - Parameters:
  ///   - error: The error.
  ///   - files: The checkpoint's files.
  /// - Returns: The same error, as it was where it is on no rank's file or the model's file says nothing.
  static func explaining(_ error: StateError, _ files: ZeroFiles) -> StateError {
    guard let path = error.file, let rank = ZeroFiles.rank(of: FileSystem.name(of: path)),
      let names = try? names(of: rank, files), !names.isEmpty
    else { return error }
    var copy = error
    copy.message += ": rank \(rank) holds parts of \(NameList.text(names))"
    return copy
  }

  private static func names(of rank: Int, _ files: ZeroFiles) throws -> [String] {
    guard let name = files.models.first else { return [] }
    let model = try files.open(name).tree
    guard let world = model["dp_world_size"]?.int.flatMap({ Int(exactly: $0) }),
      world < Limits[.files], rank < world
    else { return [] }
    let alignment = ZeroLayout.alignment(
      model["ds_config"]?["zero_optimization"],
      try ParameterShapes.computeType(model)
    )
    return try ParameterShapes.groups(model["param_shapes"]).flatMap { shapes in
      let layout = try ZeroLayout(
        shapes,
        gaps: files.cutsModel
          ? [] : ZeroLayout.gaps(behind: shapes.map(\.shape.elementCount), alignment: alignment),
        ranks: world,
        cutsParameters: files.cutsModel
      )
      return layout.members(of: rank, ranks: world).map(\.name)
    }
  }
}
