/// How a framework calls the parts of slots that it keeps in eight bits.
public struct QuantizedWords: Sendable, Hashable {
  /// The words for what belongs to one slot's codes.
  public struct Parts: Sendable, Hashable {
    /// The word for the codes, the slot's own.
    public let codes: String

    /// The word for the scales of the blocks.
    public let scales: String

    /// The word for the numbers that the codes stand for.
    public let map: String

    /// Whether a word is that of the scales or the map.
    ///
    /// - Parameter word: The word.
    /// - Returns: Whether it is.
    public func has(_ word: String) -> Bool { word == scales || word == map }
  }

  /// The key of a dictionary in which everything but the step stands, in files of newer versions.
  public let wrapper: String

  /// Elements of a block.
  public let blockSize: Int

  private let all: [Parts]

  /// bitsandbytes' optimizers.
  ///
  /// Source: `bitsandbytes/optim/optimizer.py` of 0.50, `init_state` and `state_dict`.
  public static let bitsandbytes = QuantizedWords(
    wrapper: "__bnb_optimizer_quant_state__",
    blockSize: 256,
    all: ["1", "2"].map { Parts(codes: "state" + $0, scales: "absmax" + $0, map: "qmap" + $0) }
  )

  /// The words for the parts of a slot.
  ///
  /// - Parameter word: The slot's word.
  /// - Returns: The parts, `nil` for a word of no slot in eight bits.
  public func parts(of word: String) -> Parts? { all.first { $0.codes == word } }

  /// Whether a word is that of scales or a map, which are no slots of their own.
  ///
  /// - Parameter word: The word.
  /// - Returns: Whether it is.
  public func isPart(_ word: String) -> Bool { all.contains { $0.has(word) } }
}
