internal import Tensors
public import TrainingState

/// Writes V2 checkpoints that hold an object graph.
///
/// The graph is the one that the state came with; it fits as long as no variable was added or renamed.
public enum TensorFlowObjectWriter: StateWriter {
  /// Writes a state and its object graph under a prefix.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    guard state.origin == StateFormat.tensorFlowObject.origin,
      state.extras.contains(where: { $0.name == TensorFlowReader.objectGraphName })
    else {
      throw StateError(
        .unsupported,
        "the state has no object graph",
        remedy: "write it by name: --to \(StateFormat.tensorFlow.name)"
      )
    }
    let tensors = state.variables.flatMap { [$0.value].compactMap(\.self) + $0.slots.map(\.tensor) }
    if let stray = tensors.first(where: { $0.sourceName == nil }) {
      throw StateError(
        .unsupported,
        "the object graph has no place for the tensor",
        tensor: stray.name,
        remedy: "write it by name: --to \(StateFormat.tensorFlow.name)"
      )
    }
    let isPart =
      state.optimizers.isEmpty
      && state.optimizerTensors.contains { $0.attributes[ObjectOptimizers.counter] != nil }
    guard !isPart else {
      throw StateError(
        .unsupported,
        "the object graph has several optimizers, and one alone does not fill it",
        remedy:
          "leave --optimizer-name out, or write it by name: --to \(StateFormat.tensorFlow.name)"
      )
    }
    try TensorFlowWriter.write(state, to: path, options: options, isOurs: true)
  }
}
