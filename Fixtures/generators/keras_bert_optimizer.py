"""Records keras-bert's AdamWarmup, its schedule inside, on legacy Keras.

    TF_USE_LEGACY_KERAS=1 python keras_bert_optimizer.py OUTPUT.json

Needs the PyPI packages tensorflow-cpu, tf_keras and, without what it depends on, keras-bert.
"""
import importlib.util
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
import tf_keras

import optimizer_cases as cases

# keras-bert was written for the base class that is now called legacy.
tf_keras.optimizers.Optimizer = tf_keras.optimizers.legacy.Optimizer
sys.modules["tensorflow.keras"] = tf_keras
sys.modules["tensorflow.keras.optimizers"] = tf_keras.optimizers
package = importlib.util.find_spec("keras_bert").submodule_search_locations[0]
spec = importlib.util.spec_from_file_location("warmup_v2", os.path.join(package, "optimizers", "warmup_v2.py"))
warmup = importlib.util.module_from_spec(spec)
spec.loader.exec_module(warmup)


def run(weight_decay):
    optimizer = warmup.AdamWarmup(
        decay_steps=8, warmup_steps=3, min_lr=1e-5, learning_rate=1e-3, weight_decay=weight_decay)
    variables = {n: tf.Variable(value, name=n) for n, value in cases.start().items()}
    after = []
    for gradients in cases.gradients():
        optimizer.apply_gradients([(tf.constant(gradients[n]), v) for n, v in variables.items()])
        after.append({
            n: {
                "value": cases.bits(v.numpy()),
                "adam_m": cases.bits(optimizer.get_slot(v, "m").numpy()),
                "adam_v": cases.bits(optimizer.get_slot(v, "v").numpy()),
            }
            for n, v in variables.items()
        })
    return {
        "name": f"keras-bert, decay {weight_decay}",
        "kind": "keras_bert_adamw",
        "hyperparameters": {"weight_decay": weight_decay},
        "schedule": "keras_bert:learning_rate=0.001,decay_steps=8,warmup_steps=3,min_learning_rate=1e-05",
        "after": after,
    }


cases.write(sys.argv[1], f"keras-bert on tensorflow {tf.__version__}", updates=[run(0.01), run(0.0)])
