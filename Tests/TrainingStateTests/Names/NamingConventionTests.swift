import Testing
import TrainingState

@Suite("NamingConvention")
struct NamingConventionTests {
  @Test(arguments: [
    ("bert/embeddings/word_embeddings", "google-bert"),
    ("bert/encoder/layer_0/attention/self/query/kernel", "google-bert"),
    ("bert.embeddings.word_embeddings.weight", "huggingface"),
    ("embeddings.word_embeddings.weight", "huggingface"),
    ("bert.encoder.layer.0.attention.self.query.weight", "huggingface"),
    ("Encoder-1-MultiHeadSelfAttention/Wq", "keras-bert"),
    ("bert/embeddings/word_embeddings/embedding", "flax-bert"),
    ("bert/encoder/layer/0/attention/self/query/kernel", "flax-bert"),
    ("Transformer-0-MultiHeadSelfAttention/dense/kernel", "bert4keras"),
  ])
  func conventionIsRecognizedByItsOwnNames(_ name: String, _ convention: String) {
    #expect(NamingConvention.recognize(["other", name, "third"]) == convention)
  }

  @Test(arguments: [
    [], ["w"], ["", "/"], ["my/bert/embeddings/word_embeddings"], ["BERT/embeddings"],
  ])
  func otherNamesFollowNone(_ names: [String]) {
    #expect(NamingConvention.recognize(names) == nil)
  }
}
