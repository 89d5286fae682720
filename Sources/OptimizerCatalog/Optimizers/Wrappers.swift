internal import Tensors

extension OptimizerCatalog {
  /// Words for what is kept beside any optimizer's slots: `tf.train.ExponentialMovingAverage`.
  static let wrapperRows: [DialectRow] = [
    DialectRow(.tensorFlow, ["ExponentialMovingAverage": .average])
  ]
}
