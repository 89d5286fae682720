/// How the headers of an archive's members are made; the content is stored in all of them.
public enum ZipLayout: Sendable, Hashable {
  /// As PyTorch writes them: each content at a multiple of 64 bytes behind an `FB` extra field of `Z`s,
  /// sizes behind the content, a zip64 end record always.
  case pytorch

  /// As Python's `zipfile` writes them: sizes before the content, dated 1 January 1980.
  case plain

  /// As NumPy writes them: ``plain`` with the sizes in a zip64 field before the content.
  case numpy
}
