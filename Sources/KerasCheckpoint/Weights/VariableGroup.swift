internal import HDF5
internal import Tensors

/// One `vars` group of a weights file: the variables that an object keeps itself.
struct VariableGroup {
  /// Path of the object, without `vars`.
  let path: [String]

  /// What the object is called, where the file says it.
  let name: String?

  /// The variables in order, each with its path and the file that it is in.
  var members: [(path: String, file: Int)] = []

  /// A point in the order in which the groups of some files were made.
  typealias Place = (file: Int, offset: Int)

  /// Where the object's group and its `vars` were made; none where the file does not show it.
  let places: [Place]

  /// Where the data of the first variable lies.
  var data: Place?

  /// The groups of some files that belong together, in no particular order, and what is wrong with those of the optimizer.
  static func all(in files: [KerasFile]) throws -> (groups: [VariableGroup], fault: StateError?) {
    var fault: StateError?
    func refuse(_ path: [String], _ error: StateError) throws {
      guard path.first == "optimizer" else { throw error }
      fault = fault ?? error
    }
    var groups: [VariableGroup] = []
    var places: [ExactName: Int] = [:]
    var found: [(group: Int, number: Int, path: String, file: Int, offset: Int?)] = []
    for (number, file) in files.enumerated() {
      for object in file.catalog.objects {
        let path = object.path.joined(separator: "/")
        if object.dataset == nil {
          guard object.path.last == "vars" else { continue }
          let key = ExactName(path)
          if places[key] == nil {
            places[key] = groups.count
            let owner = Array(object.path.dropLast())
            let tables = [file.catalog.object(owner.joined(separator: "/")), object]
              .compactMap { $0?.linkTable }
            groups.append(
              VariableGroup(
                path: owner,
                name: try file.text("name", of: path),
                places: tables.count == 2 ? tables.map { (number, $0) } : []
              )
            )
          }
          continue
        }
        let parent = object.path.dropLast()
        guard parent.last == "vars", let group = places[ExactName(parent.joined(separator: "/"))],
          let index = object.path.last.flatMap({ Int($0) }), index >= 0
        else {
          try refuse(
            object.path,
            StateError(
              .unsupported,
              "the dataset is no numbered variable of a 'vars' group",
              tensor: "/" + path
            )
          )
          continue
        }
        var offset: Int?
        if case .contiguous(let place) = object.dataset?.storage { offset = place }
        found.append((group, index, path, number, offset))
      }
    }
    found.sort { ($0.group, $0.number) < ($1.group, $1.number) }
    for entry in found {
      let expected = groups[entry.group].members.count
      guard entry.number == expected else {
        try refuse(
          groups[entry.group].path,
          StateError(
            .malformed,
            "the variables of a group are not numbered from 0 on",
            tensor: "/" + entry.path,
            expected: "\(expected)",
            found: "\(entry.number)"
          )
        )
        continue
      }
      groups[entry.group].members.append((entry.path, entry.file))
      if let offset = entry.offset, groups[entry.group].data == nil {
        groups[entry.group].data = (entry.file, offset)
      }
    }
    return (groups, fault)
  }
}
