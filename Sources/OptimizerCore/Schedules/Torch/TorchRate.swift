import Tensors

/// A rule of PyTorch's that leads from one rate to the next, every operation in `Double` and in PyTorch's order.
///
///     step            r·γ                                          at multiples of step_size
///     multi_step      r·γ^(times that the milestone is listed)     at a milestone
///     constant        base·factor until total_iters, r·(1/factor) there
///     linear          r·(1 + (e − s)/(total·s + (t − 1)·(e − s)))  up to total_iters
///     exponential     r·γ
///     polynomial      r·((1 − t/total)/(1 − (t − 1)/total))^power  up to total_iters
///     cosine          (1 + cos(π·t/T))/(1 + cos(π·(t − 1)/T))·(r − η) + η
///     cosine_restarts η + (base − η)·(1 + cos(π·T_cur/T_i))/2
///
/// Source: `torch/optim/lr_scheduler.py` of 2.15, `get_lr` and `_get_closed_form_lr`.
enum TorchRate: Sendable {
  case step(size: Int64, gamma: Double)
  case milestones([Int64: Double], gamma: Double)
  case constant(factor: Double, total: Int64)
  case linear(start: Double, end: Double, total: Int64)
  case exponential(gamma: Double)
  case polynomial(total: Int64, power: Double)
  case cosine(period: Int64, floor: Double)
  case restarts(first: Int64, stretch: Int64, floor: Double)

  /// Reads the rule of a kind; PyTorch's own defaults stand in for what the record leaves out.
  init(_ kind: ScheduleKind, from reader: inout RecordReader) throws {
    switch kind {
    case .torchStep:
      self = .step(
        size: try reader.count("step_size", atLeast: 1),
        gamma: try reader.number("gamma", default: 0.1)
      )
    case .torchMultiStep:
      var times: [Int64: Double] = [:]
      for milestone in try reader.numbers("milestones") {
        guard let step = Int64(exactly: milestone), step >= 0 else {
          throw StateError(
            .invalidArgument,
            "\(reader.subject) has a milestone \(milestone)",
            expected: "whole numbers from 0 on"
          )
        }
        times[step, default: 0] += 1
      }
      self = .milestones(times, gamma: try reader.number("gamma", default: 0.1))
    case .torchConstant:
      self = .constant(
        factor: try reader.number("factor", default: 1.0 / 3, in: 0...1),
        total: try reader.count("total_iters", default: 5, atLeast: 0)
      )
    case .torchLinear:
      self = .linear(
        start: try reader.number(
          "start_factor",
          default: 1.0 / 3,
          in: Double.leastNonzeroMagnitude...1
        ),
        end: try reader.number("end_factor", default: 1, in: 0...1),
        total: try reader.count("total_iters", default: 5, atLeast: 1)
      )
    case .torchExponential:
      self = .exponential(gamma: try reader.number("gamma"))
    case .torchPolynomial:
      self = .polynomial(
        total: try reader.count("total_iters", default: 5, atLeast: 1),
        power: try reader.number("power", default: 1)
      )
    case .torchCosine:
      self = .cosine(
        period: try reader.count("T_max", atLeast: 1),
        floor: try reader.number("eta_min", default: 0)
      )
    case .torchCosineRestarts:
      self = .restarts(
        first: try reader.count("T_0", atLeast: 1),
        stretch: try reader.count("T_mult", default: 1, atLeast: 1),
        floor: try reader.number("eta_min", default: 0)
      )
    default:
      throw StateError(
        .invalidArgument,
        "'\(kind.rawValue)' is no rule of PyTorch's that can be a part of another"
      )
    }
  }

  /// The rate once the scheduler is made, given the one before that.
  func begin(_ rate: Double, base: Double) -> Double {
    switch self {
    case .milestones(let times, let gamma):
      times[0].map { rate * Mathematics.power(gamma, $0) } ?? rate
    case .constant(let factor, _): rate * factor
    case .linear(let start, _, _): rate * start
    case .restarts: at(0, base: base)
    case .step, .exponential, .polynomial, .cosine: rate
    }
  }

  /// The rate after one more call.
  ///
  /// - Parameters:
  ///   - rate: The rate before.
  ///   - base: The rate that the scheduler began from.
  ///   - epoch: Calls so far, this one included.
  /// - Returns: The rate of the next update.
  func next(_ rate: Double, base: Double, epoch: Int64) -> Double {
    switch self {
    case .step(let size, let gamma):
      return epoch == 0 || epoch % size != 0 ? rate : rate * gamma
    case .milestones(let times, let gamma):
      return times[epoch].map { rate * Mathematics.power(gamma, $0) } ?? rate
    case .constant(let factor, let total):
      return epoch == total ? rate * (1.0 / factor) : rate
    case .linear(let start, let end, let total):
      if epoch > total { return rate }
      let before = Double(total) * start + Double(epoch - 1) * (end - start)
      return rate * (1.0 + (end - start) / before)
    case .exponential(let gamma):
      return rate * gamma
    case .polynomial(let total, let power):
      if epoch > total { return rate }
      let left = 1.0 - Double(epoch) / Double(total)
      return rate * Mathematics.power(left / (1.0 - Double(epoch - 1) / Double(total)), power)
    case .cosine(let period, let floor):
      let t = Double(period)
      // From the bottom of a cosine the ratio of two heights leads nowhere.
      let past = epoch - 1 - period
      let (turn, overflow) = period.multipliedReportingOverflow(by: 2)
      if past == 0 || !overflow && past % turn == 0 {
        return rate + (base - floor) * (1 - Mathematics.cosine(.pi / t)) / 2
      }
      let height = 1 + Mathematics.cosine(.pi * Double(epoch) / t)
      return height / (1 + Mathematics.cosine(.pi * Double(epoch - 1) / t)) * (rate - floor) + floor
    case .restarts:
      return at(epoch, base: base)
    }
  }

  /// The rate after a number of calls without those between: what PyTorch has where a scheduler starts within a
  /// sequence.
  func at(_ epoch: Int64, base: Double) -> Double {
    switch self {
    case .step(let size, let gamma):
      return base * Mathematics.power(gamma, Double(epoch / size))
    case .milestones(let times, let gamma):
      let passed = times.reduce(0) { $1.key <= epoch ? $0 + $1.value : $0 }
      return base * Mathematics.power(gamma, passed)
    case .constant(let factor, let total):
      return base * (factor + (epoch >= total ? 1 : 0) * (1 - factor))
    case .linear(let start, let end, let total):
      return base * (start + (end - start) * Double(min(total, epoch)) / Double(total))
    case .exponential(let gamma):
      return base * Mathematics.power(gamma, Double(epoch))
    case .polynomial(let total, let power):
      return base * Mathematics.power(1.0 - Double(min(total, epoch)) / Double(total), power)
    case .cosine(let period, let floor):
      return floor + (base - floor)
        * (1 + Mathematics.cosine(.pi * Double(epoch) / Double(period))) / 2
    case .restarts(let first, let stretch, let floor):
      let (current, length) = TorchPosition.cycle(epoch, first: first, stretch: stretch)
      return floor + (base - floor)
        * (1 + Mathematics.cosine(.pi * Double(current) / Double(length))) / 2
    }
  }

  /// Whether the rate is the one before times a number that depends on the calls alone.
  var isProportional: Bool {
    switch self {
    case .step, .milestones, .constant, .linear, .exponential, .polynomial: true
    case .cosine, .restarts: false
    }
  }

  /// The call after which the rate stays as it is, `nil` when it never does.
  var end: Int64? {
    switch self {
    case .milestones(let times, _): times.keys.max() ?? 0
    case .constant(_, let total), .linear(_, _, let total), .polynomial(let total, _): total
    case .step, .exponential, .cosine, .restarts: nil
    }
  }
}
