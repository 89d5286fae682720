"""Times the original BERT optimizer in TensorFlow on request, as torch_steps.py does for PyTorch."""
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
from bert import optimization

shapes = [[int(size) for size in word.split("x")] for word in sys.argv[1:]]
pairs = []
for index, shape in enumerate(shapes):
    gradient = tf.get_variable(f"gradient{index}", shape, initializer=tf.constant_initializer(1e-3), trainable=False)
    variable = tf.get_variable(f"kernel{index}", shape, initializer=tf.constant_initializer(0.02))
    pairs.append((gradient, variable))
optimizer = optimization.AdamWeightDecayOptimizer(
    1e-9, weight_decay_rate=0.01, epsilon=1e-6, exclude_from_weight_decay=["LayerNorm", "layer_norm", "bias"])
plain = optimizer.apply_gradients([(g.read_value(), v) for g, v in pairs])
clipped = tf.clip_by_global_norm([g.read_value() for g, _ in pairs], clip_norm=1.0)[0]
clip = optimization.AdamWeightDecayOptimizer(
    1e-9, weight_decay_rate=0.01, epsilon=1e-6, name="Clipped").apply_gradients
with tf.variable_scope("clipped", reuse=tf.AUTO_REUSE):
    clip = clip(list(zip(clipped, (v for _, v in pairs))))
session = tf.Session()
session.run(tf.global_variables_initializer())
tasks = {"bert": plain, "bert clip": clip}
for task in tasks.values():
    session.run(task)
print(f"tensorflow {tf.__version__}", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    session.run(tasks[line.strip()])
    print(time.perf_counter() - start, flush=True)
