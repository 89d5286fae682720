import OptimizerCatalog
import Tensors
import Testing

/// Words for settings.
@Suite("SettingRow")
struct SettingRowTests {
  private static let rows = OptimizerCatalog.all.flatMap { known in
    known.settingRows.map { (known: known, row: $0) }
  }

  @Test(arguments: OptimizerCatalog.all.map(\.kind))
  func everyWordIsOneAndItsSettingsAreDescribed(_ kind: String) throws {
    let known = try #require(OptimizerCatalog.description(of: kind))
    #expect(Set(known.settingRows.map(\.dialect)).count == known.settingRows.count)
    for row in known.settingRows {
      #expect(!known.words(in: row.dialect).isEmpty, "\(row.dialect) has words and no slots")
      let texts = row.words.map(\.text)
      #expect(Set(texts).count == texts.count)
      #expect(row.telling.isSubset(of: texts), "\(row.dialect)")
      #expect(row.unused.isDisjoint(with: texts))
      let settings = row.words.flatMap(\.settings)
      #expect(Set(settings).count == settings.count)
      for name in settings + row.groupedLists {
        #expect(SettingDescription.of(name) != nil, "\(name) of \(kind)")
      }
      for word in row.words {
        guard case .numbers(let standards) = word.standard else { continue }
        if case .list = word.content {
          #expect(!standards.isEmpty, "\(word.text)")
        } else {
          #expect(standards.count == word.numbers.count, "\(word.text)")
        }
      }
    }
  }

  /// A group that is one row's is no other's, unless a mark or the slots tell them apart, or no file of theirs is
  /// called by name.
  @Test
  func rowsAreToldApart() {
    for (index, one) in Self.rows.enumerated() {
      for other in Self.rows[(index + 1)...] where one.known.kind != other.known.kind {
        let keys = Set(one.row.words.map(\.text))
        let isTold =
          keys != Set(other.row.words.map(\.text)) || one.row.isToldBySlots
          || other.row.isToldBySlots
          || one.row.apartKind == other.known.kind
          || one.row.isShared && other.row.isShared
        #expect(isTold, "\(one.known.kind) and \(other.known.kind)")
      }
    }
  }

  @Test
  func defaultsAreInTheRecordsSign() throws {
    let row = try #require(OptimizerCatalog.description(of: "adafactor")?.settings(in: .torch))
    #expect(row.standard(of: "decay_exponent") == 0.8)
    #expect(row.standard(of: "epsilon1") == nil && row.standard(of: "epsilon2") == 0.001)
    #expect(row.standard(of: "beta1") == nil)
    #expect(row.word(.number("clip_threshold")) == "d" && row.word(.flag("nesterov")) == nil)
  }

  @Test
  func keysOfUsersAreTakenWhereAllSwitchesAre() throws {
    let row = try #require(OptimizerCatalog.description(of: "sgd")?.settings(in: .torch))
    let old: Set = ["lr", "momentum", "dampening", "weight_decay", "nesterov", "params"]
    #expect(row.accounts(for: old))
    #expect(!row.accounts(for: old.union(["trust_coeff"])))
    #expect(
      row.accounts(for: old.union(["foreach", "maximize", "differentiable", "my_own"]))
    )
  }

  @Test
  func slotsFollowTheirSettings() throws {
    let rmsprop = try #require(OptimizerCatalog.description(of: "rmsprop"))
    #expect(rmsprop.requiredSlots == [.meanSquare])
    #expect(rmsprop.slots(with: "centered") == [.meanGradient])
    #expect(OptimizerCatalog.description(of: "adafactor")?.requiredSlots == [])
    for known in OptimizerCatalog.all {
      if let successor = known.successor {
        #expect(OptimizerCatalog.description(of: successor)?.settings(in: .torch) != nil)
      }
    }
  }
}
