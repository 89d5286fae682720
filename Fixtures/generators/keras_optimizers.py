"""Records the optimizers and schedules of Keras 3, of TensorFlow 1 and of BERT, update by update.

    python keras_optimizers.py OUTPUT.json

Needs the PyPI packages tensorflow-cpu, keras and bert-tensorflow.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf
from bert import optimization as bert

import optimizer_cases as cases

v1 = tf.compat.v1
RATES = [1e-3, 2e-3, 7e-4, 1e-3 / 3, 0.0, 5e-5]
STEPS = [0, 1, 2, 3, 5, 7, 9, 10, 11, 19, 20, 21, 37, 50, 99, 100, 101, 250, 999, 1000, 1001, 5000]


def keras_case(name, kind, hyperparameters, make, slots, rates=None):
    """`slots` maps our names to the optimizer's lists of variables."""
    optimizer = make(keras.optimizers)
    variables = {n: keras.Variable(value, name=n) for n, value in cases.start().items()}
    optimizer.build(list(variables.values()))
    after = []
    for update, gradients in enumerate(cases.gradients()):
        if rates:
            optimizer.learning_rate = rates[update]
        optimizer.apply([tf.constant(gradients[n]) for n in variables], list(variables.values()))
        record = {}
        for index, (n, variable) in enumerate(variables.items()):
            record[n] = {"value": cases.bits(variable.numpy())}
            for slot, attribute in slots.items():
                value = getattr(optimizer, attribute)[index]
                if value.shape != () or variable.shape == ():
                    record[n][slot] = cases.bits(value.numpy())
        after.append(record)
    case = {"name": "keras " + name, "kind": kind, "hyperparameters": {"arithmetic": "keras", **hyperparameters}, "after": after}
    if rates:
        case["rates"] = rates
    return case


ADAM = {"adam_m": "_momentums", "adam_v": "_velocities"}


def keras_cases():
    def case(*arguments, **more):
        return keras_case(*arguments, **more)

    return [
        case("adam", "adam", {}, lambda o: o.Adam(1e-3), ADAM),
        case("adam rates", "adam", {}, lambda o: o.Adam(1e-3), ADAM, rates=RATES),
        case("adam amsgrad", "adam", {"amsgrad": True, "epsilon": 1e-3}, lambda o: o.Adam(1e-3, amsgrad=True, epsilon=1e-3),
             {**ADAM, "adam_vhat": "_velocity_hats"}),
        case("adamw", "adamw", {}, lambda o: o.AdamW(1e-3), ADAM),
        case("adam clip norm", "adam", {"clip_norm": 0.5}, lambda o: o.Adam(1e-3, clipnorm=0.5), ADAM),
        case("adam global clip norm", "adam", {"global_clip_norm": 2.5}, lambda o: o.Adam(1e-3, global_clipnorm=2.5), ADAM),
        case("adam clip value", "adam", {"clip_value": 0.1}, lambda o: o.Adam(1e-3, clipvalue=0.1), ADAM),
        case("adam ema", "adam", {"ema_decay": 0.9}, lambda o: o.Adam(1e-3, use_ema=True, ema_momentum=0.9),
             {**ADAM, "ema": "_model_variables_moving_average"}),
        case("adam accumulation", "adam", {"accumulation_steps": 2}, lambda o: o.Adam(1e-3, gradient_accumulation_steps=2),
             {**ADAM, "gradient_accumulator": "_accumulated_gradients"}),
        case("sgd", "sgd", {"learning_rate": 0.1, "weight_decay": 0.01}, lambda o: o.SGD(0.1, weight_decay=0.01), {}),
        case("sgd momentum", "sgd", {"learning_rate": 0.1, "momentum": 0.9}, lambda o: o.SGD(0.1, momentum=0.9),
             {"momentum": "momentums"}),
        case("sgd nesterov", "sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
             lambda o: o.SGD(0.1, momentum=0.9, nesterov=True), {"momentum": "momentums"}, rates=RATES),
        case("rmsprop", "rmsprop", {}, lambda o: o.RMSprop(1e-3), {"rms": "_velocities"}),
        case("rmsprop centered", "rmsprop", {"centered": True, "momentum": 0.5, "epsilon": 1e-3},
             lambda o: o.RMSprop(1e-3, centered=True, momentum=0.5, epsilon=1e-3),
             {"rms": "_velocities", "momentum": "_momentums", "rms_mean_gradient": "_average_gradients"}),
        case("adagrad", "adagrad", {}, lambda o: o.Adagrad(1e-3), {"accumulator": "_accumulators"}),
        case("lion", "lion", {"weight_decay": 0.01}, lambda o: o.Lion(1e-3, weight_decay=0.01), {"momentum": "_momentums"}),
        case("lamb", "lamb", {"weight_decay": 0.01}, lambda o: o.Lamb(1e-3, weight_decay=0.01), ADAM),
        case("adafactor", "adafactor", {"learning_rate": 0.5}, lambda o: o.Adafactor(0.5),
             {"factored_row": "_r", "factored_col": "_c", "adam_v": "_v"}),
    ]


def kernel_case(name, kind, hyperparameters, make, slots, rates=None, root=None):
    """An optimizer of TensorFlow 1 in a graph; `root` is a slot whose approximate reciprocal root it uses."""
    with tf.Graph().as_default(), v1.Session() as session:
        variables = {n: v1.get_variable(n, initializer=value) for n, value in cases.start().items()}
        fed = {n: v1.placeholder(tf.float32, variable.shape) for n, variable in variables.items()}
        rate = v1.placeholder(tf.float32, [])
        optimizer = make(v1.train, rate)
        train = optimizer.apply_gradients([(fed[n], variables[n]) for n in variables])
        state = {n: {"value": v, **{ours: optimizer.get_slot(v, theirs) for ours, theirs in slots.items()}}
                 for n, v in variables.items()}
        if root:
            for arrays in state.values():
                arrays["root"] = tf.math.rsqrt(arrays[root])
        session.run(v1.global_variables_initializer())
        after = []
        for update, gradients in enumerate(cases.gradients()):
            feed = {fed[n]: gradients[n] for n in variables}
            feed[rate] = rates[update] if rates else hyperparameters["learning_rate"]
            session.run(train, feed)
            values = session.run(state)
            after.append({n: {k: cases.bits(x) for k, x in slots_.items()} for n, slots_ in values.items()})
    case = {"name": "tensorflow " + name, "kind": kind, "hyperparameters": {"arithmetic": "tensorflow", **hyperparameters}, "after": after}
    if rates:
        case["rates"] = rates
    return case


def kernel_cases():
    return [
        kernel_case("adam", "adam", {"learning_rate": 1e-3}, lambda t, r: t.AdamOptimizer(r), {"adam_m": "m", "adam_v": "v"}, rates=RATES),
        kernel_case("sgd", "sgd", {"learning_rate": 0.1}, lambda t, r: t.GradientDescentOptimizer(r), {}),
        kernel_case("momentum", "sgd", {"learning_rate": 0.1, "momentum": 0.9}, lambda t, r: t.MomentumOptimizer(r, 0.9),
                    {"momentum": "momentum"}),
        kernel_case("nesterov", "sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
                    lambda t, r: t.MomentumOptimizer(r, 0.9, use_nesterov=True), {"momentum": "momentum"}),
        kernel_case("rmsprop", "rmsprop", {"learning_rate": 1e-3, "momentum": 0.5}, lambda t, r: t.RMSPropOptimizer(r, momentum=0.5),
                    {"rms": "rms", "momentum": "momentum"}),
        kernel_case("rmsprop centered", "rmsprop", {"learning_rate": 1e-3, "centered": True},
                    lambda t, r: t.RMSPropOptimizer(r, centered=True), {"rms": "rms", "momentum": "momentum", "rms_mean_gradient": "mg"}),
        kernel_case("adagrad", "adagrad", {"learning_rate": 1e-2}, lambda t, r: t.AdagradOptimizer(r), {"accumulator": "accumulator"},
                    root="accumulator"),
    ]


def watched(optimization, seen):
    """Makes the optimizer note the rate that it is given; returns what undoes that."""
    optimizer = optimization.AdamWeightDecayOptimizer
    plain = optimizer.__init__

    def init(self, learning_rate, **more):
        seen["rate"] = learning_rate
        plain(self, learning_rate, **more)

    optimizer.__init__ = init
    return lambda: setattr(optimizer, "__init__", plain)


def bert_case(optimization):
    """`create_optimizer` as it is, fed with gradients: schedule, clipping, exclusions, update."""
    names = {"kernel": "layer/kernel", "bias": "layer/bias", "block": "LayerNorm/gamma", "tensor": "embeddings"}
    seen = {}
    undo = watched(optimization, seen)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = {n: v1.get_variable(names[n], initializer=value) for n, value in cases.start().items()}
        fed = {n: v1.placeholder(tf.float32, variable.shape) for n, variable in variables.items()}
        loss = v1.add_n([v1.reduce_sum(variables[n] * fed[n]) for n in variables])
        v1.train.get_or_create_global_step()
        train = optimization.create_optimizer(loss, 1e-3, 6, 3, False)
        norm = session.graph.get_tensor_by_name("global_norm/global_norm:0")
        by_name = {v.op.name: v for v in v1.global_variables()}
        state = {n: {"value": by_name[f], "adam_m": by_name[f + "/adam_m"], "adam_v": by_name[f + "/adam_v"]} for n, f in names.items()}
        session.run(v1.global_variables_initializer())
        after, norms, rates = [], [], []
        for gradients in cases.gradients():
            _, length, rate = session.run([train, norm, seen["rate"]], {fed[n]: gradients[n] for n in variables})
            norms.append(cases.bits(np.float32(length)[None]))
            rates.append(cases.bits(np.float32(rate)[None]))
            after.append({n: {k: cases.bits(x) for k, x in values.items()} for n, values in session.run(state).items()})
    undo()
    return {"names": names, "schedule": "bert:learning_rate=0.001,num_train_steps=6,num_warmup_steps=3",
            "norms": norms, "rates": rates, "after": after}


def bert_rates(optimization, spec, arguments, steps, folding):
    """Rates of the original schedule with the graph's constants folded or not."""
    seen = {}
    undo = watched(optimization, seen)
    config = v1.ConfigProto()
    if not folding:
        config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
        config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        variable = v1.get_variable("w", initializer=np.zeros(1, np.float32))
        step = v1.train.get_or_create_global_step()
        optimization.create_optimizer(v1.reduce_sum(variable), *arguments, False)
        session.run(v1.global_variables_initializer())
        values = []
        for s in steps:
            step.load(s, session)
            values.append(session.run(seen["rate"]))
    undo()
    spec += ",folding=" + ("true" if folding else "false")
    return {"spec": spec, "steps": steps, "rates": cases.bits(np.array(values, np.float32))}


def schedules(optimization):
    s = keras.optimizers.schedules
    made = {
        "exponential:learning_rate=0.1,decay_steps=100,decay_rate=0.96": s.ExponentialDecay(0.1, 100, 0.96),
        "exponential:learning_rate=0.1,decay_steps=10,decay_rate=0.5,staircase=true": s.ExponentialDecay(0.1, 10, 0.5, True),
        "piecewise_constant:boundaries=[10;100],values=[1.0;0.5;0.1]": s.PiecewiseConstantDecay([10, 100], [1.0, 0.5, 0.1]),
        "polynomial:learning_rate=0.1,decay_steps=100": s.PolynomialDecay(0.1, 100),
        "polynomial:learning_rate=0.1,decay_steps=100,end_learning_rate=0.01,power=2": s.PolynomialDecay(0.1, 100, 0.01, 2.0),
        "polynomial:learning_rate=0.1,decay_steps=30,power=0.5,cycle=true": s.PolynomialDecay(0.1, 30, power=0.5, cycle=True),
        "cosine:learning_rate=0.1,decay_steps=100,alpha=0.1": s.CosineDecay(0.1, 100, 0.1),
        "cosine:learning_rate=0.1,decay_steps=100,warmup_steps=10,warmup_learning_rate=0.01": s.CosineDecay(0.01, 100, warmup_target=0.1, warmup_steps=10),
        "cosine:learning_rate=0.1,decay_steps=90,warmup_steps=10": s.CosineDecay(0.0, 90, warmup_target=0.1, warmup_steps=10),
        "cosine_restarts:learning_rate=0.1,first_decay_steps=10": s.CosineDecayRestarts(0.1, 10),
        "cosine_restarts:learning_rate=0.1,first_decay_steps=10,t_mul=1,m_mul=0.5,alpha=0.01": s.CosineDecayRestarts(0.1, 10, 1.0, 0.5, 0.01),
    }
    result = [{"spec": spec, "steps": STEPS, "rates": cases.bits(np.array([float(make(step)) for step in STEPS], np.float32))}
              for spec, make in made.items()]
    large = STEPS + [9999, 10000, 10001, 123457, 777777, 999999, 1000000, 1000001, 20000001]
    for folding in (True, False):
        result.append(bert_rates(optimization, "bert:learning_rate=5e-05,num_train_steps=1000000,num_warmup_steps=10000",
                                 (5e-5, 1000000, 10000), large, folding))
        result.append(bert_rates(optimization, "bert:learning_rate=0.001,num_train_steps=997,num_warmup_steps=0", (1e-3, 997, 0), STEPS, folding))
        result.append(bert_rates(optimization, "bert:learning_rate=0.0003,num_train_steps=101,num_warmup_steps=11", (3e-4, 101, 11), STEPS, folding))
    return result


cases.write(
    sys.argv[1],
    f"tensorflow {tf.__version__}, keras {keras.__version__}",
    updates=keras_cases() + kernel_cases(),
    bert=bert_case(bert),
    schedules=schedules(bert),
)
