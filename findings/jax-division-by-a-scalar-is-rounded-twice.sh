#!/bin/bash
# jax 0.10.2 on the CPU: an array divided by a scalar is multiplied by the scalar's reciprocal, compiled or not, so that
# every fourth element is not the quotient rounded once.
#
# Seen: of 40,000 float32 normals divided by 0.271, 10,822 differ by 1 ULP from NumPy's quotient, outside of `jit` as in
# it, and none from x * (1 / 0.271). Divided by an array of as many 0.271, none differs from NumPy's. Reciprocals of powers of two
# are exact, and so is that quotient. optax divides both moments by such a scalar, 1 - beta ** count.
# One that divides a second array in the same function is divided by after all: optax-one-array-has-other-bits-than-two.sh.
# Guessed: IEEE division; the documentation of `jnp.divide` says nothing else, and XLA's fast math is off by default.
# Printed: "scalar: 10822 10822 differ from the quotient, 0 0 from the product; array: 0 0; power of two: 0 0"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q install jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$dir/v/bin/python" - <<'PY'
import jax, jax.numpy as jnp, numpy as np

x = np.random.default_rng(0).normal(size=40_000).astype(np.float32)
divide = lambda a, b: a / b

def differing(divisor, expected):
    results = [run(jnp.asarray(x), jnp.asarray(divisor)) for run in (divide, jax.jit(divide))]
    return [int((np.asarray(one).view(np.int32) != expected.view(np.int32)).sum()) for one in results]

c, two = np.float32(0.271), np.float32(0.25)
quotient, product = differing(c, x / c), differing(c, x * (np.float32(1) / c))
array, power = differing(np.full_like(x, c), x / c), differing(two, x / two)
print(f"scalar: {quotient[0]} {quotient[1]} differ from the quotient, {product[0]} {product[1]} from the product; "
      f"array: {array[0]} {array[1]}; power of two: {power[0]} {power[1]}")
assert quotient == [10_822, 10_822] and product == array == power == [0, 0]
PY
