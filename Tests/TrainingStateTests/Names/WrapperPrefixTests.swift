import Testing
import TrainingState

@Suite("WrapperPrefix")
struct WrapperPrefixTests {
  @Test(arguments: [
    (["module.a", "module.b"], "module."), (["_orig_mod.a.b", "_orig_mod.c"], "_orig_mod."),
    (["module._orig_mod.a", "module._orig_mod.b"], "module._orig_mod."),
    (["_orig_mod.module.a"], "_orig_mod.module."),
    // What is not in front of every name belongs to the model.
    (["module._orig_mod.a", "module.b"], "module."), (["module.a", "b"], ""),
    (["a", "module.b"], ""),
    (["module.a", "_orig_mod.b"], ""), (["model.a", "model.b"], ""), (["module."], ""), ([], ""),
  ])
  func thePrefixIsWhatAllNamesHave(_ names: [String], _ prefix: String) {
    #expect(WrapperPrefix.common(names) == prefix)
  }

  @Test
  func wrappersAreNamedFromTheOutsideIn() {
    #expect(
      WrapperPrefix.wrappers("module._orig_mod.") == ["DistributedDataParallel", "torch.compile"]
    )
  }

  @Test
  func aConventionIsRecognizedBehindIt() {
    let names = ["module.bert.embeddings.word_embeddings.weight", "module.classifier.weight"]
    #expect(NamingConvention.recognize(names) == NamingConvention.huggingFace)
    #expect(NamingConvention.recognize(names + ["other"]) == nil)
  }
}
