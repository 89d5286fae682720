internal import Tensors
import TestSupport
import Testing

@testable import TrainingState

@Suite("NamingConvention")
struct NamingConventionTests {
  @Test(arguments: [
    ("bert/embeddings/word_embeddings", "google-bert"),
    ("bert/encoder/layer_0/attention/self/query/kernel", "google-bert"),
    ("bert.embeddings.word_embeddings.weight", "huggingface"),
    ("embeddings.word_embeddings.weight", "huggingface"),
    ("bert.encoder.layer.0.attention.self.query.weight", "huggingface"),
    ("bert/encoder/transformer/group_0/inner_group_0/LayerNorm/beta", "google-albert"),
    ("electra/embeddings/word_embeddings", "google-electra"),
    ("encoder/block_000/layer_000/SelfAttention/q", "google-t5"),
    ("tf_roberta_model/roberta/pooler/dense/kernel", "tf-roberta"),
    ("roberta.embeddings.word_embeddings.weight", "huggingface"),
    ("encoder.block.0.layer.0.SelfAttention.q.weight", "huggingface"),
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

  @Test func aSharedMarkDoesNotHideTheRest() {
    let names = [
      "bert/embeddings/word_embeddings",
      "bert/encoder/transformer/group_0/inner_group_0/LayerNorm/beta",
    ]
    #expect(NamingConvention.recognize(names) == "google-albert")
    #expect(NamingConvention.recognize(names.reversed()) == "google-albert")
  }

  @Test func theModelsOwnOriginalIsFound() throws {
    let names = ["electra.embeddings.word_embeddings.weight", "electra.embeddings_project.bias"]
    let maps = try NamingConvention.maps(
      from: "huggingface",
      to: "google-bert",
      for: names,
      anyOriginal: true
    )
    #expect(maps.map(\.target) == ["google-electra"])
    #expect(maps[0].target(of: names[1])?.name == "electra/embeddings_project/bias")
  }

  @Test func whatNoMapLeadsToIsRefused() throws {
    let code = try errorCode {
      _ = try NamingConvention.maps(from: "google-albert", to: "keras-bert")
    }
    #expect(code == .unsupported)
    #expect(
      try errorCode { _ = try NamingConvention.maps(from: "google-albert", to: "x") }
        == .invalidArgument
    )
  }

  @Test func oldSpellingsGoThereAndBack() throws {
    let names = ["bert.embeddings.word_embeddings.weight", "bert.embeddings.LayerNorm.gamma"]
    let maps = try NamingConvention.maps(from: "huggingface", to: "huggingface", for: names)
    let name = try maps.reduce(names[1]) { try #require($1.target(of: $0)).name }
    #expect(name == "bert.embeddings.LayerNorm.weight")
    let plain = try NamingConvention.maps(from: "huggingface", to: "huggingface", for: [names[0]])
    #expect(plain.isEmpty)
  }
}
