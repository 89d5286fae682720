#!/bin/bash
# Keras 3.15.1 on TensorFlow 2.21.0: ScheduleFreeAdamW in compile() and fit() replaces all weights by plus or minus
# the rate at the first update; with build() called by hand before, it trains.
#
# Seen: the optimizer keeps a second copy of the weights in the slot called momentum, made when it is built. fit()
# builds it where the copy's values get lost, so that the slot begins at zero, and the first update writes the
# slot's step into the weights. Set weights, trained weights, any: each is 0.001 or -0.001 after one batch, and
# nothing is raised. After optimizer.build(model.trainable_variables) the first update moves every weight by 0.001.
# Guessed: fit() builds an optimizer as build() does, and an update at rate 0.001 moves a weight by about 0.001.
# Printed: "fit alone: weights 0.5..2.0 became sizes 0.0010..0.0010" / "built before: moved by 0.0010..0.0010"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" "$dir/venv/bin/python" - 2>"$dir/log" <<'PY' || { cat "$dir/log"; exit 1; }
import numpy as np, keras
start = np.linspace(0.5, 2.0, 12, dtype="f4").reshape(4, 3)

def train(build):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, use_bias=False)])
    model.set_weights([start])
    optimizer = keras.optimizers.ScheduleFreeAdamW(0.001)
    if build:
        optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mse")
    model.fit(np.ones((8, 4), "f4"), np.zeros((8, 3), "f4"), batch_size=8, epochs=1, verbose=0)
    slot = next(v.numpy() for v in optimizer.variables if v.path.endswith("_momentum"))
    return model.get_weights()[0], slot

(alone, slot), (built, kept) = train(False), train(True)
alone, built, slot, kept = np.abs(alone), np.abs(built - start), np.abs(slot), np.abs(kept - start)
print(f"fit alone: weights {start.min()}..{start.max()} became sizes {alone.min():.4f}..{alone.max():.4f}")
print(f"built before: moved by {built.min():.4f}..{built.max():.4f}")
assert np.allclose(alone, 0.001, rtol=0.01) and np.allclose(built, 0.001, rtol=0.01)
assert np.allclose(slot, 0.001, rtol=0.01) and np.allclose(kept, 0.001, rtol=0.01)   # the copy: from zero, from the weights
PY
