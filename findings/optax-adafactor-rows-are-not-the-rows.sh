#!/bin/bash
# optax 0.2.8 with jax 0.10.2: adafactor's v_row and v_col are named after lengths, not after rows and columns.
#
# Seen: a 150 x 200 matrix gives v_row of 150 numbers and v_col of 200. Its transpose, 200 x 150, gives the very same
# two: v_row holds what is left when the longer axis is averaged away, whichever axis that is. In the
# second matrix v_row is the mean of every column. A square matrix counts its last axis as the longer one.
# Guessed: v_row has one number for each row, v_col one for each column, as the names say and as PyTorch's row_var
# and col_var do; so a converter copies v_row to row_var for every weight.
# Printed: "(150, 200): v_row 150, means of rows" / "(200, 150): v_row 150, means of columns" /
#          "(200, 200): v_row 200, means of rows" / "state of the transpose equal: True"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install jax==0.10.2 optax==0.2.8 numpy==2.4.6
JAX_PLATFORMS=cpu "$dir/venv/bin/python" - <<'PY'
import numpy as np, jax.numpy as jnp, optax

def moments(gradient):
    weights = jnp.ones(gradient.shape)
    optimizer = optax.adafactor(0.001)
    _, state = optimizer.update(jnp.asarray(gradient), optimizer.init(weights), weights)
    return np.asarray(state[0].v_row), np.asarray(state[0].v_col)

def means(values, gradient):
    squares = gradient.astype("f8") ** 2
    return [name for name, axis in (("rows", 1), ("columns", 0))
            if values.shape == squares.mean(axis).shape and np.allclose(values, squares.mean(axis), rtol=1e-5)]

rng = np.random.default_rng(0)
g = rng.normal(size=(150, 200)).astype("f4")
square = rng.normal(size=(200, 200)).astype("f4")
for gradient, row, col in ((g, ["rows"], ["columns"]), (g.T, ["columns"], ["rows"]), (square, ["rows"], ["columns"])):
    v_row, v_col = moments(gradient)
    print(f"{gradient.shape}: v_row {len(v_row)}, means of {means(v_row, gradient)[0]}")
    assert means(v_row, gradient) == row and means(v_col, gradient) == col
equal = all(np.allclose(a, b, rtol=1e-6) for a, b in zip(moments(g), moments(g.T)))
print("state of the transpose equal:", equal)
assert equal
PY
