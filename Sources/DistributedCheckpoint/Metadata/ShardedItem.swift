internal import Tensors

/// An entry of a distributed checkpoint: a tensor in chunks, or an object.
struct ShardedItem {
  /// Where the bytes of an item lie.
  struct Place: Hashable {
    let file: String
    let range: Range<Int>
  }

  /// A step of the way to the item in the nested dictionary that was saved.
  enum Key: Hashable {
    case text(ExactName)
    case index(Int)
  }

  /// What the item is.
  enum Content {
    /// A tensor; chunks without elements are left out.
    case tensor(ElementType, Shape, [(block: TensorBlock, place: Place)])
    /// An object.
    case object(Place)
  }

  /// The name that the item has among all.
  let name: String
  let path: [Key]
  let content: Content
}
