#!/bin/bash
# Keras 3.15.1 on TensorFlow 2.21.0: Adam's second moment of an embedding depends on how often an id occurs in a batch.
#
# Seen: one id occurs ten times in the only example. The first moment takes the sum of its ten gradients, the second
# the sum of their ten squares, as TensorFlow hands the gradient over in ten unmerged slices and each is squared by
# itself. After one update m / sqrt(v) is 10 in the embedding, where one gradient can give only 0.1 / sqrt(0.001) =
# 3.162. The same model with a one-hot input and a Dense kernel in the embedding's place (the same function, the same
# gradient, the same m) gives 3.162, and so does the embedding in tf_keras 2.21.0, which merges the slices first.
# Guessed: an embedding is a product with a one-hot matrix, so the moments are the same; v is the square of what m saw.
# Printed: "Keras 3 embedding 10.000, Keras 3 one-hot 3.162, tf_keras embedding 3.162" / "v of one-hot over v of embedding 10.000"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install tensorflow-cpu==2.21.0 keras==3.15.1 tf_keras==2.21.0 numpy==2.4.6
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" "$dir/venv/bin/python" - 2>"$dir/log" <<'PY' || { cat "$dir/log"; exit 1; }
import numpy as np, keras, tf_keras
table = np.array([[0.1, 0.2, 0.3], [0.4, -0.5, 0.6]], "f4")
ids = np.ones((1, 10), "int32")

def moments(K, onehot=False):
    first = K.layers.Dense(3, use_bias=False) if onehot else K.layers.Embedding(2, 3)
    model = K.Sequential([K.layers.InputLayer((10, 2) if onehot else (10,)), first, K.layers.GlobalAveragePooling1D(), K.layers.Dense(1)])
    model.set_weights([table, np.array([[0.5], [-1.0], [2.0]], "f4"), np.zeros(1, "f4")])
    model.compile(K.optimizers.Adam(0.001), "mse")
    model.fit(np.eye(2, dtype="f4")[ids] if onehot else ids, np.ones((1, 1), "f4"), verbose=0)
    values = {}
    for v in model.optimizer.variables:
        if tuple(v.shape) == (2, 3):
            values[len(values)] = np.array(v)[1]
    return values[0], values[1]

(m, v), (dense_m, dense_v), (old_m, old_v) = moments(keras), moments(keras, True), moments(tf_keras)
ratios = [float(np.abs(a / np.sqrt(b)).mean()) for a, b in ((m, v), (dense_m, dense_v), (old_m, old_v))]
print(f"Keras 3 embedding {ratios[0]:.3f}, Keras 3 one-hot {ratios[1]:.3f}, tf_keras embedding {ratios[2]:.3f}")
print(f"v of one-hot over v of embedding {float((dense_v / v).mean()):.3f}")
assert np.allclose(m, dense_m, rtol=1e-4) and np.allclose(m, old_m, rtol=1e-4)
assert np.allclose(ratios, [10, 10**0.5, 10**0.5], rtol=1e-4) and np.allclose(dense_v / v, 10, rtol=1e-4)
PY
