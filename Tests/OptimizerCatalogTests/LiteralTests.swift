import Foundation
import OptimizerCatalog
import Tensors
import Testing

/// What is known of optimizers stands in the catalogue: nobody else spells an optimizer's name or a framework's word for
/// a slot.
@Suite("Literals")
struct LiteralTests {
  /// The words; a hyper-parameter's is no slot's, although some have one word.
  private static let words: Set<String> = {
    let rows = OptimizerCatalog.all.flatMap(\.rows)
    let words =
      SlotVocabulary(Dialect.allCases).texts
      + rows.flatMap(\.scalars).filter { BetaPowerName($0) == nil }
      + rows.flatMap(\.beside).map(\.text) + SlotDescription.all.map(\.name.rawValue)
      + OptimizerCatalog.all.flatMap { [$0.kind] + $0.kerasClasses }
    return Set(words).subtracting(SettingDescription.all.map(\.key))
  }()

  private static let sources = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Sources")

  /// Where the words belong: the catalogue, and the rules, whose kinds and keys they are.
  private static let homes = ["OptimizerCatalog/", "OptimizerCore/Rules/"]

  /// The words in a literal.
  ///
  /// Of a sentence only those count that are no English.
  private static func found(in text: String) -> Set<String> {
    let tokens = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
    let isSentence = text.trimmingCharacters(in: .whitespaces).contains(" ")
    return Set(tokens.filter { words.contains($0) && (!isSentence || isName($0)) })
  }

  private static func isName(_ word: String) -> Bool {
    word.contains("_") || OptimizerCatalog.description(of: word) != nil
  }

  @Test
  func nobodyElseSpellsWordsOfTheCatalogue() throws {
    let files = try #require(FileManager.default.enumerator(atPath: Self.sources.path))
    var used: Set<String> = []
    var count = 0
    for case let file as String in files
    where file.hasSuffix(".swift") && !file.hasSuffix(".pb.swift") {
      if Self.homes.contains(where: file.hasPrefix) { continue }
      let text = try String(contentsOf: Self.sources.appending(path: file), encoding: .utf8)
      count += 1
      for literal in SwiftLiterals(text).all {
        for word in Self.found(in: literal.text) {
          if LiteralException.all.contains(where: { $0.file == file && $0.words.contains(word) }) {
            used.insert("\(file): \(word)")
          } else {
            Issue.record("Sources/\(file):\(literal.line) has '\(word)', which the catalogue knows")
          }
        }
      }
    }
    #expect(count > 300)
    for exception in LiteralException.all {
      for word in exception.words.sorted() where !used.contains("\(exception.file): \(word)") {
        Issue.record("\(exception.file) has no '\(word)' any more, or it is no word")
      }
      #expect(!exception.reason.isEmpty)
    }
  }

  @Test
  func literalsAreFound() {
    let source = ##"""
      let a = "one" // "comment"
      /* "block" */ let b = "two\("three") \u{41}\n" + #"ra"w\#("four")"#
      let c = """
        five "six"
        """
      """##
    let found = SwiftLiterals(source).all.map {
      $0.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    #expect(found == ["one", "three", "two", "four", "ra\"w", "five \"six\""])
    #expect(Self.found(in: "x/exp_avg") == ["exp_avg"])
    #expect(Self.found(in: "the sum of adamw") == ["adamw"])
    #expect(Self.found(in: "sum") == ["sum"] && Self.found(in: "momentum").isEmpty)
  }
}
