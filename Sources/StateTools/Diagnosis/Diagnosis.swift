public import ByteIO
internal import StateConversion
internal import Tensors
public import TrainingState

/// What in a state would make a resumed run diverge, with evidence and remedy.
///
/// Everything is read once, on all cores; a variable whose moments disagree is read once more, to find
/// out how they came apart.
public struct Diagnosis: Sendable {
  /// How close the moments of one variable come to the bound that gradients cannot pass.
  public struct Tightness: Sendable {
    /// The variable.
    public let variable: String
    /// The largest ratio `|m|/√v` of its elements.
    public let largestRatio: Double
    /// The bound on it, `nil` where the decays have none.
    public let bound: Double?
    /// Rows that no gradient has ever reached, `nil` for a variable without rows.
    public let untouchedRows: Int?
  }

  /// Path that was looked at.
  public let path: String

  /// Name of the format.
  public let format: String

  /// What was found, none in a healthy state.
  public let findings: [Finding]

  /// How tight the moments are, for each variable that has both.
  public let tightness: [Tightness]

  /// Where the decays of the moments are known from, one sentence.
  public let decays: String

  /// Tensors that were read.
  public let tensorCount: Int

  /// Updates applied, as the state counts them.
  let globalStep: Int64?

  /// Looks at a state; of several optimizers each is judged by its own record and its own step.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix.
  ///   - readOptions: What the files themselves do not say.
  ///   - change: Adds what the file does not say, such as optimizer and schedule.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when the state cannot be read or is damaged.
  /// - Complexity: O(bytes) time, at the speed of reading them.
  public init(
    _ path: String,
    readOptions: ReadOptions = ReadOptions(),
    change: (TrainingState) throws -> TrainingState = { $0 },
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    let (opened, format) = try StateFormats.open(path, options: readOptions)
    let state = try change(opened)
    let parts = try state.parts.map { part in
      let survey = try StateSurvey(part.state, progress: progress)
      return (part.name, try Diagnosis(path, format, survey, optimizer: part.name))
    }
    self.path = path
    self.format = format
    findings = parts.flatMap(\.1.findings)
    tightness = parts.flatMap(\.1.tightness)
    decays = parts.map { name, part in (name.map { "\($0): " } ?? "") + part.decays }
      .joined(separator: "; ")
    tensorCount = parts.reduce(0) { $0 + $1.1.tensorCount }
    globalStep = state.globalStep?.value
  }

  /// Draws the conclusions from a survey.
  init(
    _ path: String,
    _ format: String,
    _ survey: StateSurvey,
    optimizer: String? = nil
  ) throws {
    self.path = path
    self.format = format
    let subject = DiagnosisSubject(survey, remedies: Remedies(path, optimizer: optimizer))
    var findings = SlotCheck(subject).findings + NumberCheck(subject).findings
    let moments = try MomentCheck(subject, besides: findings)
    findings += moments.findings
    findings += try PeerCheck(subject, besides: findings).findings
    findings += StepCheck(subject).findings + OptimizerCheck(subject).findings
    findings += AccountCheck(subject).findings
    self.findings = findings.map { $0.of(optimizer) }
    tightness = subject.tightness
    decays = survey.decays.explanation + (moments.remark.map { "; \($0)" } ?? "")
    tensorCount = survey.tensorCount
    globalStep = survey.state.globalStep?.value
  }

  /// The report as `doctor --json` prints it.
  public var json: JSONValue {
    .object([
      "format": .string(format),
      "global_step": JSONValue(globalStep),
      "decays": .string(decays),
      "findings": .array(findings.map(\.json)),
      "moments": .array(
        tightness.map {
          .object([
            "variable": .string($0.variable),
            "largest_ratio": .double($0.largestRatio),
            "bound": JSONValue($0.bound),
            "tightness": JSONValue($0.bound.map { [ratio = $0.largestRatio] in ratio / $0 }),
            "untouched_rows": JSONValue($0.untouchedRows.map(Int64.init)),
          ])
        }
      ),
    ])
  }
}
