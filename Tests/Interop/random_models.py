"""Random models of Keras 3, made by a seed: what people stack, nest, freeze and thaw."""
import random

import numpy as np


def image(K, rng, x):
    """A layer on an image."""
    L, width = K.layers, rng.choice([3, 4, 5, 6])
    return rng.choice(
        [
            lambda v: L.Conv2D(width, 3, padding="same", use_bias=rng.random() < 0.5)(v),
            lambda v: L.DepthwiseConv2D(3, padding="same")(v),
            lambda v: L.BatchNormalization(scale=rng.random() < 0.8)(v),
            lambda v: L.SeparableConv2D(width, 3, padding="same")(v),
            lambda v: L.Conv2DTranspose(width, 2, padding="same")(v),
            lambda v: L.PReLU(shared_axes=[1, 2])(v),
            lambda v: L.ReLU()(v),
        ]
    )(x)


def sequence(K, rng, x):
    """A layer on a sequence."""
    L, width = K.layers, rng.choice([2, 4, 6])
    return rng.choice(
        [
            lambda v: L.MultiHeadAttention(2, 2)(v, v),
            lambda v: L.LayerNormalization()(v + L.Dense(v.shape[-1])(L.Dense(width, activation="gelu")(v))),
            lambda v: L.LSTM(width, return_sequences=True)(v),
            lambda v: L.GRU(width, return_sequences=True)(v),
            lambda v: L.Bidirectional(L.LSTM(2, return_sequences=True))(v),
            lambda v: L.Conv1D(width, 3, padding="same")(v),
            lambda v: L.TimeDistributed(L.Dense(width))(v),
            lambda v: L.Dropout(0.1)(v),
        ]
    )(x)


def vector(K, rng, x):
    """A layer on a vector."""
    L, width = K.layers, rng.choice([3, 4, 5, 6, 7])
    return rng.choice(
        [
            lambda v: L.Dense(width)(v),
            lambda v: L.LayerNormalization(center=rng.random() < 0.8)(v),
            lambda v: L.BatchNormalization()(v),
            lambda v: L.Dense(width, use_bias=False)(v),
            lambda v: L.Activation("tanh")(v),
        ]
    )(x)


KINDS = {4: image, 3: sequence, 2: vector}


def layers(K, rng, x, depth):
    """A random run of layers, some of them models."""
    for _ in range(rng.randint(2, 5)):
        x = KINDS[len(x.shape)](K, rng, x)
        if depth and rng.random() < 0.3:
            inside = K.Input(x.shape[1:])
            x = K.Model(inside, layers(K, rng, inside, depth - 1))(x)
    return x


def head(K, rng, x):
    L = K.layers
    if len(x.shape) == 4:
        x = L.GlobalAveragePooling2D()(x)
    elif len(x.shape) == 3:
        x = L.GlobalAveragePooling1D()(x)
    return L.Dense(2)(layers(K, rng, x, 1) if rng.random() < 0.5 else x)


def functional(K, rng):
    kind = rng.choice(["image", "ids", "vector"])
    inputs = {"image": lambda: K.Input((8, 8, 3)), "ids": lambda: K.Input((6,), dtype="int32"), "vector": lambda: K.Input((6,))}[kind]()
    x = K.layers.Embedding(20, 4)(inputs) if kind == "ids" else inputs
    return K.Model(inputs, head(K, rng, layers(K, rng, x, 2)))


def subclassed(K, rng):
    """A model that is a class of its own, whose attributes are saved in alphabetical order."""
    width = rng.choice([3, 4, 5])
    names = rng.sample(["encoder", "body", "neck", "adapter", "proj"], rng.randint(2, 3))

    class Net(K.Model):
        def __init__(self):
            super().__init__()
            for name in names:
                if rng.random() < 0.3:
                    value = [K.layers.Dense(width) for _ in range(rng.randint(1, 3))]
                else:
                    value = rng.choice([lambda: K.layers.Dense(width), lambda: K.layers.LayerNormalization(), lambda: K.Sequential([K.layers.Dense(5), K.layers.Dense(width)])])()
                setattr(self, name, value)
            self.last = K.layers.Dense(2)

        def call(self, x):
            for name in names:
                value = getattr(self, name)
                for layer in value if isinstance(value, list) else [value]:
                    x = layer(x)
            return self.last(x)

    net = Net()
    net(np.zeros((1, 6), "f4"))
    return net


def optimizer(K, rng):
    """An optimizer, and the settings without which its list could be another's."""
    O = K.optimizers
    return rng.choice(
        [
            lambda: (O.Adam(0.01), None),
            lambda: (O.Adam(O.schedules.CosineDecay(0.01, 100)), None),
            lambda: (O.AdamW(0.01, amsgrad=True), "adamw:amsgrad=true"),
            lambda: (O.RMSprop(0.01, momentum=0.9, centered=True), "rmsprop:momentum=0.9,centered=true"),
            lambda: (O.SGD(0.1, momentum=0.9), "sgd:momentum=0.9"),
            lambda: (O.Adafactor(0.01), None),
            lambda: (O.Lion(0.001), None),
        ]
    )()


def make(K, seed):
    """The model of a seed, compiled, its optimizer built; layers may be frozen before or after that.

    Returns the model, the variables that the optimizer was built for, and its settings in the program's words.
    """
    rng = random.Random(seed)
    K.utils.clear_session()
    K.utils.set_random_seed(seed)
    made = subclassed(K, rng) if rng.random() < 0.2 else functional(K, rng)
    chosen, spec = optimizer(K, rng)
    made.compile(chosen, "mse")
    frozen = [layer for layer in made.layers if rng.random() < 0.3] if rng.random() < 0.2 else []
    for layer in frozen:
        layer.trainable = False
    if not made.trainable_variables:
        made.trainable = True
    made.optimizer.build(made.trainable_variables)
    trained = list(made.trainable_variables)
    if frozen and rng.random() < 0.3:
        made.trainable = True
    return made, trained, spec


def train(made, trained, steps, seed):
    """Updates with random gradients, so that no two tensors are equal; rows of embeddings are met more than once."""
    import tensorflow as tf

    numbers = np.random.default_rng(seed)
    for _ in range(steps):
        gradients = []
        for variable in trained:
            if variable.path.endswith("embeddings"):
                rows = numbers.integers(0, variable.shape[0], 30)
                values = numbers.standard_normal((30, variable.shape[1])).astype("f4")
                gradients.append(tf.IndexedSlices(values, rows, tf.constant(variable.shape)))
            else:
                gradients.append(numbers.standard_normal(variable.shape).astype("f4"))
        made.optimizer.apply(gradients, trained)


def owners(made, trained):
    """The bytes of each slot that Keras keeps, with those of its variable."""
    pairs = []
    for name, value in vars(made.optimizer).items():
        if not isinstance(value, list) or name.endswith("variables") or len(value) != len(trained):
            continue
        for slot, variable in zip(value, trained):
            if hasattr(slot, "numpy") and slot is not variable and len(slot.shape):
                pairs.append((slot.numpy().tobytes(), variable.numpy().tobytes()))
    return pairs
