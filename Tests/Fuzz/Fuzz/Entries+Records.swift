import OptStateKit
import OptimizerCore
import Tensors

extension Entries {
  private static let specs = [
    "adamw:learning_rate=0.001,weight_decay=0.01", "bert_adamw:arithmetic=tensorflow",
    "bert:learning_rate=1e-4,num_train_steps=1000,num_warmup_steps=100",
    "piecewise_constant:boundaries=[1;2],values=[0.1;0.2;0.3]", "sgd:momentum=0.9,nesterov=true",
    "cosine_restarts:learning_rate=1,first_decay_steps=10,t_mul=2", "constant:learning_rate=\"1\"",
    "hf_linear:learning_rate=1e-4,num_training_steps=1000",
    "exponential:learning_rate=1,decay_steps=2,decay_rate=0.5,staircase=true",
    "polynomial:learning_rate=1,decay_steps=9,cycle=true",
    "piecewise_linear:learning_rate=1,steps=[1;2],multiples=[1;0]",
    "adafactor", "lamb:exclude=[a;b]", "keras_bert:learning_rate=1,decay_steps=5,warmup_steps=2",
    "hf_cosine_with_restarts:learning_rate=1,num_training_steps=9,num_cycles=3",
    "inverse_sqrt:learning_rate=1,timescale=3",
    "inverse_time:learning_rate=1,decay_steps=3,decay_rate=2,staircase=true",
  ]

  /// Specs of optimizers and schedules; what is printed must be read back the same.
  static let spec = Entry(name: "spec") {
    specs.map { Array($0.utf8) }
  } parse: { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    let optimizer = try? OptimizerRecord(spec: text)
    let schedule = try? ScheduleRecord(spec: text)
    Use.records(optimizer, schedule, at: 7)
    if let optimizer {
      let again = try OptimizerRecord(spec: optimizer.description)
      precondition(again.description == optimizer.description)
    }
    if let schedule {
      let again = try ScheduleRecord(spec: schedule.description)
      precondition(again.description == schedule.description)
    }
  }

  /// JSON files of records.
  static let json = Entry(name: "json") {
    [
      #"{"kind": "adamw", "learning_rate": 0.001, "groups": [{"members": ["a"], "weight_decay": 0}]}"#,
      #"{"kind": "bert", "learning_rate": 1e-4, "num_train_steps": 10}"#,
      #"{"kind": "piecewise_constant", "boundaries": [1, 2], "values": [1, 2.5, 3]}"#,
    ].map { Array($0.utf8) }
  } parse: { bytes in
    let records = try RecordSource.records(bytes)
    Use.records(records.optimizer, records.schedule, at: 7)
  }
}
