internal import CHDF5

/// How groups, datasets and links of a file are created, described once for all of them.
final class CreationProperties: Sendable {
  /// Links whose names are UTF-8, and say so.
  let links: Handle
  let group: Handle
  /// Datasets in one piece, which get their place at once.
  let contiguous: Handle

  /// Describes them; to be called behind the gate.
  init() throws {
    links = try Handle(H5Pcreate(optstate_h5p_link_create()), "make a property list")
    try Gate.check(H5Pset_char_encoding(links.id, H5T_CSET_UTF8), "choose an encoding")
    group = try Handle(H5Pcreate(optstate_h5p_group_create()), "make a property list")
    try Self.describeGroup(group)
    contiguous = try Self.dataset()
    try Gate.check(H5Pset_alloc_time(contiguous.id, H5D_ALLOC_TIME_EARLY), "allocate data")
  }

  /// What all groups have, the root included: no times, so that the same state makes the same bytes; and
  /// links and attributes in their own header unless they are many, where the reader that needs no
  /// libhdf5 finds them. (A header grows by searching it, so that many would take their square in time.)
  static func describeGroup(_ creation: Handle) throws {
    try Gate.check(H5Pset_obj_track_times(creation.id, false), "leave out times")
    try Gate.check(H5Pset_link_phase_change(creation.id, 32, 24), "choose where links are kept")
    try Gate.check(
      H5Pset_attr_phase_change(creation.id, 32, 24),
      "choose where attributes are kept"
    )
  }

  /// What all datasets have.
  static func dataset() throws -> Handle {
    let creation = try Handle(H5Pcreate(optstate_h5p_dataset_create()), "make a property list")
    try Gate.check(H5Pset_obj_track_times(creation.id, false), "leave out times")
    try Gate.check(H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER), "leave data unfilled")
    return creation
  }
}
