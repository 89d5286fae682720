/// The version of this package, as `optstate --version` prints it and stores record it in `created_by`.
///
/// A release is made of what stands here: the names of its packages are read off the program.
public let optstateVersion = "0.9.0"
