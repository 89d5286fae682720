import HDF5
import Tensors
import TestSupport
import Testing

@testable import KerasCheckpoint

/// Orders of a model's variables that have the shapes of a list.
@Suite("OrderSearch")
struct OrderSearchTests {
  /// An object with a vector of each of some lengths, numbered from a place on.
  private static func object(
    from place: Int,
    _ lengths: [Int],
    isOpen: Bool = false
  ) throws -> OrderSearch.Node {
    let own = try lengths.enumerated().map { number, length in
      OrderSearch.Member(place: place + number, run: [try Shape([length])])
    }
    return OrderSearch.Node(own: own, isOpen: isOpen, chains: [], needs: [])
  }

  private static func orders(
    _ lengths: [Int],
    of chains: [[OrderSearch.Node]],
    needs: [[[Int]]] = [],
    isSkipping: Bool = false
  ) throws -> [[Int]]? {
    var search = OrderSearch(try lengths.map { try Shape([$0]) }, isSkipping: isSkipping)
    return search.orders(of: OrderSearch.Node(own: [], isOpen: false, chains: chains, needs: needs))
  }

  @Test
  func classesMixAsTheShapesSay() throws {
    let dense = try [Self.object(from: 0, [2]), Self.object(from: 1, [3])]
    let norm = try [Self.object(from: 2, [4, 4])]
    #expect(try Self.orders([2, 4, 4, 3], of: [dense, norm]) == [[0, 2, 3, 1]])
    #expect(try Self.orders([3, 4, 4, 2], of: [dense, norm]) == [])
    #expect(try Self.orders([2, 4, 3, 4], of: [dense, norm]) == [], "an object stays whole")
  }

  @Test
  func equalShapesLeaveSeveralOrdersUnlessSomethingIsKnown() throws {
    let dense = try [Self.object(from: 0, [2]), Self.object(from: 1, [2])]
    let norm = try [Self.object(from: 2, [2])]
    #expect(try Self.orders([2, 2, 2], of: [dense, norm])?.count == 2)
    let needs = [[[0, 0], [0, 1]], [[1, 0]]]
    #expect(try Self.orders([2, 2, 2], of: [dense, norm], needs: needs) == [[0, 2, 1]])
  }

  @Test
  func frozenObjectsAreLeftOut() throws {
    let dense = try [Self.object(from: 0, [2]), Self.object(from: 1, [3])]
    #expect(try Self.orders([3], of: [dense]) == [])
    #expect(try Self.orders([3], of: [dense], isSkipping: true) == [[1]])
  }

  @Test
  func whatIsNotTrainedStandsBehindInAnUnknownClass() throws {
    let closed = try Self.object(from: 0, [2, 3])
    let open = try Self.object(from: 0, [2, 3], isOpen: true)
    #expect(try Self.orders([2], of: [[closed]]) == [])
    #expect(try Self.orders([2], of: [[open]]) == [[0]])
  }

  @Test
  func groupsOfKerasShowWhenTheyWereMade() throws {
    let catalog = try HDF5Catalog.readInProcess(KerasFiles.path("3-adam.weights.h5"))
    let root = try #require(catalog.object("vars")?.linkTable)
    let others = catalog.objects.filter { $0.dataset == nil && !$0.path.isEmpty }
      .filter { $0.path != ["vars"] }
    #expect(!others.isEmpty && others.allSatisfy { $0.linkTable ?? 0 > root })
  }
}
