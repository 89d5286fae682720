internal import HDF5
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// What a native file says of optimizers and schedules.
struct StoreRecords {
  private typealias Name = StoreNames.Attribute

  private let catalog: HDF5Catalog

  init(_ catalog: HDF5Catalog) {
    self.catalog = catalog
  }

  /// The schedule at a path, `nil` where there is none.
  func schedule(_ path: [String]) throws -> ScheduleRecord? {
    guard let object = catalog.object(path.joined(separator: "/")) else { return nil }
    let (kind, parameters) = try record(object)
    return ScheduleRecord(kind: kind, parameters: parameters)
  }

  /// The optimizer at a path, `nil` where there is none.
  func optimizer(_ path: [String]) throws -> OptimizerRecord? {
    guard let object = catalog.object(path.joined(separator: "/")) else { return nil }
    let (kind, hyperparameters) = try record(object)
    let groups = try numbered(path + [StoreNames.groups], "parameter groups").map(group)
    return OptimizerRecord(kind: kind, hyperparameters: hyperparameters, groups: groups)
  }

  /// The optimizers of a state that has several.
  func optimizers() throws -> [NamedOptimizer] {
    let objects = try numbered([StoreNames.optimizers], "optimizers")
    return try objects.map { object in
      guard case .text(let name) = object.attributes[Name.name] else {
        throw malformed("the optimizer has no \(Name.name)", object)
      }
      var step: Int64?
      switch object.attributes[Name.step] {
      case nil: break
      case .integer(let count): step = count
      default: throw malformed("the attribute '\(Name.step)' is no integer", object)
      }
      return NamedOptimizer(
        name,
        record: try optimizer(object.path + [StoreNames.ownOptimizer]),
        schedule: try schedule(object.path + [StoreNames.ownSchedule]),
        step: step,
        members: try members(object.attributes[Name.members], object)
      )
    }
  }

  private func group(_ object: HDF5Object) throws -> ParameterGroup {
    var overrides = object.attributes
    let members = try members(overrides.removeValue(forKey: Name.members), object)
    var group = ParameterGroup(members: members)
    if case .text(let name) = overrides.removeValue(forKey: Name.name) { group.name = name }
    if case .text(let kind) = overrides.removeValue(forKey: Name.kind) { group.kind = kind }
    group.overrides = overrides.mapValues(AttributeValue.init)
    return group
  }

  private func members(_ value: HDF5Value?, _ object: HDF5Object) throws -> [String] {
    switch value {
    case .texts(let members): return members
    // An empty list of strings has no type that tells it from an empty list of numbers.
    case .reals(let none) where none.isEmpty: return []
    default: throw malformed("the list of \(Name.members) is missing", object)
    }
  }

  /// The objects in a group that are numbered from 0 on; others beside them are refused.
  private func numbered(_ path: [String], _ what: String) throws -> [HDF5Object] {
    let parent = path.map(ExactName.init)
    var found: [HDF5Object] = []
    while let object = catalog.object((path + [String(found.count)]).joined(separator: "/")) {
      found.append(object)
    }
    let numbers = Set(found.indices.map { ExactName(String($0)) })
    for object in catalog.objects where object.path.count == path.count + 1 {
      let own = object.path.map(ExactName.init)
      guard own.starts(with: parent), !numbers.contains(own[path.count]) else { continue }
      throw StateError(
        .malformed,
        "\(what) are numbered from 0 without a gap",
        tensor: "/" + object.path.joined(separator: "/"),
        expected: "\(found.count)"
      )
    }
    return found
  }

  private func record(_ object: HDF5Object) throws -> (String, [String: AttributeValue]) {
    var attributes = object.attributes
    guard case .text(let kind) = attributes.removeValue(forKey: Name.kind) else {
      throw malformed("the record has no \(Name.kind)", object)
    }
    return (kind, attributes.mapValues(AttributeValue.init))
  }

  private func malformed(_ message: String, _ object: HDF5Object) -> StateError {
    StateError(.malformed, message, tensor: "/" + object.path.joined(separator: "/"))
  }
}
