"""Small models and every optimizer, for tf_keras, Keras 3 and TensorFlow 2.15's own Keras."""
import numpy as np


def data():
    generator = np.random.default_rng(7)
    return generator.random((16, 4), "f4"), generator.random((16, 2), "f4")


def model(K, optimizer, loss="mse"):
    """Two matrices, a bias, two norms: weights that training leaves alone among them."""
    K.backend.clear_session()
    K.utils.set_random_seed(3)
    inputs = K.layers.Input((4,), name="in")
    x = K.layers.Dense(3, name="first")(inputs)
    x = K.layers.LayerNormalization(name="norm")(x)
    x = K.layers.BatchNormalization(name="batch")(x)
    x = K.layers.Dropout(0.0, name="drop")(x)
    # Alphabetical order is not the model's.
    outputs = K.layers.Dense(2, name="a_last", use_bias=False)(x)
    made = K.Model(inputs, outputs, name="mdl")
    made.compile(optimizer, loss)
    return made


def train(made, steps):
    x, y = data()
    made.fit(x, y, batch_size=len(x), epochs=steps, shuffle=False, verbose=0)


def optimizer_variables(made):
    variables = made.optimizer.variables
    return [np.asarray(v) for v in (variables() if callable(variables) else variables)]


def everything(made):
    """Every weight and every variable of the optimizer, as bytes with their shapes."""
    arrays = [np.asarray(w) for w in made.get_weights()] + optimizer_variables(made)
    return [(str(a.dtype), a.shape, a.tobytes()) for a in arrays]


def rate(K):
    return K.optimizers.schedules.PolynomialDecay(1e-2, 10, 1e-4, power=2.0)


def legacy(K):
    O = K.optimizers.legacy
    return {
        "Adam": lambda: O.Adam(1e-2),
        "Adam-amsgrad": lambda: O.Adam(1e-2, amsgrad=True),
        "Adam-schedule": lambda: O.Adam(rate(K)),
        "Adam-decay": lambda: O.Adam(1e-2, decay=0.1),
        "SGD": lambda: O.SGD(0.1),
        "SGD-momentum": lambda: O.SGD(0.1, momentum=0.9, nesterov=True),
        "RMSprop": lambda: O.RMSprop(0.01),
        "RMSprop-centered": lambda: O.RMSprop(0.01, momentum=0.9, centered=True),
        "Adagrad": lambda: O.Adagrad(0.01),
        "Adadelta": lambda: O.Adadelta(0.1),
        "Adamax": lambda: O.Adamax(0.01),
        "Nadam": lambda: O.Nadam(0.01),
        "Ftrl": lambda: O.Ftrl(0.1),
    }


def current(K):
    """What tf.keras since 2.11 and Keras 3 share."""
    O = K.optimizers
    return {
        "Adam": lambda: O.Adam(1e-2),
        "Adam-amsgrad": lambda: O.Adam(1e-2, amsgrad=True),
        "Adam-schedule": lambda: O.Adam(rate(K)),
        "Adam-average": lambda: O.Adam(1e-2, use_ema=True, ema_momentum=0.9),
        "Adam-clipped": lambda: O.Adam(1e-2, global_clipnorm=0.1),
        "AdamW": lambda: O.AdamW(1e-2, weight_decay=0.01),
        "SGD": lambda: O.SGD(0.1),
        "SGD-momentum": lambda: O.SGD(0.1, momentum=0.9, nesterov=True),
        "RMSprop": lambda: O.RMSprop(0.01),
        "RMSprop-centered": lambda: O.RMSprop(0.01, momentum=0.9, centered=True),
        "Adagrad": lambda: O.Adagrad(0.01),
        "Adadelta": lambda: O.Adadelta(0.1),
        "Adamax": lambda: O.Adamax(0.01),
        "Nadam": lambda: O.Nadam(0.01),
        "Ftrl": lambda: O.Ftrl(0.1),
        "Adafactor": lambda: O.Adafactor(0.01),
        "Lion": lambda: O.Lion(0.01),
    }


def keras3(K):
    O = K.optimizers
    return {
        **current(K),
        "Lamb": lambda: O.Lamb(1e-2),
        "Adam-accumulation": lambda: O.Adam(1e-2, gradient_accumulation_steps=2),
        "Adam-loss-scale": lambda: O.LossScaleOptimizer(O.Adam(1e-2), initial_scale=8.0),
        "AdamW-average-amsgrad": lambda: O.AdamW(1e-2, amsgrad=True, use_ema=True),
    }


def assert_equal(found, wanted):
    assert len(found) == len(wanted)
    differing = [i for i, (one, other) in enumerate(zip(found, wanted)) if one != other]
    assert not differing, f"tensors {differing} of {len(wanted)}"
