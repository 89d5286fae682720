public import ByteIO
internal import Tensors

/// Something in a state that makes a resumed run diverge.
public struct Finding: Sendable, Hashable {
  /// What kind of thing it is.
  public enum Code: String, Sendable, CaseIterable {
    /// A variable lacks slots that its optimizer keeps.
    case missingSlot = "missing_slot"
    /// There are slots for a variable whose value is missing.
    case missingValue = "missing_value"
    /// The shape of a slot does not belong to its variable.
    case shapeMismatch = "shape_mismatch"
    /// A slot is zero throughout although updates were applied.
    case zeroSlot = "zero_slot"
    /// Elements are no numbers.
    case nan
    /// Elements are infinite.
    case infinity
    /// Averages of squares are negative.
    case negativeSecondMoment = "negative_second_moment"
    /// No gradients can have made both moments.
    case momentsDisagree = "moments_disagree"
    /// The step says that nothing was trained, the moments say otherwise.
    case stepZero = "step_zero"
    /// Variables count different numbers of updates.
    case stepsDiffer = "steps_differ"
    /// The schedule's last step lies behind.
    case scheduleEnded = "schedule_ended"
    /// The factor of the bias correction never changes.
    case frozenCorrection = "frozen_bias_correction"
    /// There is an optimizer's state that is not known.
    case unrecognizedState = "unrecognized_state"
    /// There is neither a slot nor a step.
    case nothingToResume = "nothing_to_resume"
    /// A tensor is not what its peers are.
    case unlikePeers = "unlike_peers"
    /// Numbers are too small for the slot's half precision.
    case underflow
    /// Files of one state say different things of it.
    case contradictoryFiles = "contradictory_files"
    /// Several optimizers keep slots for one variable.
    case contestedVariables = "contested_variables"
  }

  /// What kind of thing it is.
  public let code: Code
  /// Which of several optimizers is concerned, `nil` in a state that does not have several.
  public private(set) var optimizer: String?
  /// The variable concerned, `nil` for the state as a whole.
  public let variable: String?
  /// The slot concerned, `nil` for the variable itself or all its slots.
  public let slot: String?
  /// What is wrong, one sentence.
  public let message: String
  /// The numbers that show it.
  public let evidence: String
  /// What happens when training goes on from here.
  public let consequence: String
  /// The command that mends it, to be pasted as it stands; `nil` where none can.
  public let remedy: String?
  /// What to think of before, or where no command mends it; `nil` where there is nothing.
  public let advice: String?

  init(
    _ code: Code,
    variable: String? = nil,
    slot: SlotName? = nil,
    _ message: String,
    evidence: String,
    consequence: String,
    remedy: String?,
    advice: String? = nil
  ) {
    self.code = code
    self.variable = variable
    self.slot = slot?.rawValue
    self.message = message
    self.evidence = evidence
    self.consequence = consequence
    self.remedy = remedy
    self.advice = advice
  }

  /// The finding of one among several optimizers.
  func of(_ optimizer: String?) -> Finding {
    var copy = self
    copy.optimizer = optimizer
    return copy
  }

  /// The finding as `doctor --json` prints it.
  public var json: JSONValue {
    .object([
      "code": .string(code.rawValue),
      "optimizer": JSONValue(optimizer),
      "variable": JSONValue(variable),
      "slot": JSONValue(slot),
      "message": .string(message),
      "evidence": .string(evidence),
      "consequence": .string(consequence),
      "remedy": JSONValue(remedy),
      "advice": JSONValue(advice),
    ])
  }
}
