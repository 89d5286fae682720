#!/bin/bash
# optax 0.2.8 with jax 0.10.2: wrapping adam in inject_hyperparams makes bfloat16 weights NaN at the first update.
#
# Seen: inject_hyperparams keeps adam's numbers in the state, so that they can be changed and saved, and keeps them
# in the type of the weights. In bfloat16 the nearest number to 0.999 is 1: b2 is exactly 1, the second moment stays
# zero, its bias correction is 0/0, and every weight is NaN after one update. The bare optax.adam on the same weights
# is well, as its numbers are Python's. With one float32 leaf among the weights b2 is 0.999 and all is well again.
# Guessed: the wrapper only makes the rate visible; with a constant rate it changes nothing but some rounding.
# Printed: "bfloat16 bare: weight 0.988281" / "bfloat16 wrapped: b2 1.0, second moment 0.0, weight nan" /
#          "with one float32 leaf: b2 0.999, weight 0.988281"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install jax==0.10.2 optax==0.2.8 numpy==2.4.6
JAX_PLATFORMS=cpu "$dir/venv/bin/python" - <<'PY'
import math, jax, jax.numpy as jnp, optax

def update(optimizer, weights):
    state = optimizer.init(weights)
    gradients = jax.tree.map(lambda w: jnp.full_like(w, 0.5), weights)
    change, state = optimizer.update(gradients, state, weights)
    return float(optax.apply_updates(weights, change)["w"][0]), state

low = {"w": jnp.ones(4, jnp.bfloat16)}
wrapped = optax.inject_hyperparams(optax.adam)(learning_rate=0.01)
bare, _ = update(optax.adam(0.01), low)
print(f"bfloat16 bare: weight {bare:.6g}")
bad, state = update(wrapped, low)
b2, nu = float(state.hyperparams["b2"]), float(state.inner_state[0].nu["w"][0])
print(f"bfloat16 wrapped: b2 {b2}, second moment {nu}, weight {bad}")
good, mixed = update(wrapped, low | {"b": jnp.ones(1, jnp.float32)})
print(f"with one float32 leaf: b2 {float(mixed.hyperparams['b2']):.4g}, weight {good:.6g}")
assert 0.98 < bare < 1 and b2 == 1 and nu == 0 and math.isnan(bad)
assert abs(float(mixed.hyperparams["b2"]) - 0.999) < 1e-6 and 0.98 < good < 1
PY
