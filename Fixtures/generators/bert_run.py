"""The original BERT on a toy corpus, trained the same way every time.

Runs under TensorFlow 1.15 (the setting the code was written for) and under
TensorFlow 2 through `compat.v1`. The model and the optimizer come from the PyPI
package `bert-tensorflow`; nothing of it is copied here.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# One thread and no oneDNN: sums are formed in one order, so runs repeat bit for bit.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import sys
import types
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import tensorflow
import tensorflow.compat.v1 as tf

VOCABULARY, POSITIONS, LENGTH, BATCH, MASKED = 50, 32, 16, 4, 3
RATE, STEPS, WARMUP = 1e-3, 100, 8


def layer_norm(inputs, scope=None, **_):
    """What `tf.contrib.layers.layer_norm` computes over the last axis."""
    with tf.variable_scope(scope, "LayerNorm"):
        width = [inputs.shape[-1]]
        beta = tf.get_variable("beta", width, initializer=tf.zeros_initializer())
        gamma = tf.get_variable("gamma", width, initializer=tf.ones_initializer())
    mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
    return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, 1e-12)


def dense(inputs, units, activation=None, kernel_initializer=None):
    """What `tf.layers.dense` computes for a matrix."""
    with tf.variable_scope(None, "dense"):
        kernel = tf.get_variable("kernel", [inputs.shape[-1], units], initializer=kernel_initializer)
        bias = tf.get_variable("bias", [units], initializer=tf.zeros_initializer())
    outputs = tf.nn.bias_add(tf.matmul(inputs, kernel), bias)
    return activation(outputs) if activation else outputs


def stand_in_for_what_tensorflow_2_dropped():
    contrib = types.ModuleType("tensorflow.contrib")
    contrib.layers = types.SimpleNamespace(layer_norm=layer_norm)
    sys.modules["tensorflow.contrib"] = contrib
    tf.layers = types.SimpleNamespace(dense=dense)
    tf.disable_eager_execution()


if not tensorflow.__version__.startswith("1."):
    stand_in_for_what_tensorflow_2_dropped()

from bert import modeling, optimization


def configuration():
    return modeling.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=POSITIONS,
        type_vocab_size=2,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def batch(step):
    """The batch is a function of the step, so a resumed run sees the same ones."""
    random = np.random.RandomState(1000 + step)
    return {
        "ids": random.randint(0, VOCABULARY, (BATCH, LENGTH)),
        "mask": (np.arange(LENGTH) < random.randint(9, LENGTH + 1, (BATCH, 1))).astype(np.int32),
        "segments": random.randint(0, 2, (BATCH, LENGTH)),
        "positions": random.randint(0, LENGTH, (BATCH, MASKED)),
        "labels": random.randint(0, VOCABULARY, (BATCH, MASKED)),
        "next": random.randint(0, 2, (BATCH, 1)),
    }


class Trainer:
    """One graph and one session; `step` runs one update."""

    def __init__(self, task="pretraining"):
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(12)
            self.inputs = {
                name: tf.placeholder(tf.int32, value.shape, name) for name, value in batch(0).items()
            }
            loss = self.pretraining_loss() if task == "pretraining" else self.squad_loss()
            self.add_optimizer(loss)
            self.saver = tf.train.Saver(max_to_keep=9, save_relative_paths=True)
            self.start = tf.global_variables_initializer()
        options = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        self.session = tf.Session(graph=self.graph, config=options)
        self.session.run(self.start)

    def model(self):
        return modeling.BertModel(
            config=configuration(),
            is_training=True,
            input_ids=self.inputs["ids"],
            input_mask=self.inputs["mask"],
            token_type_ids=self.inputs["segments"],
            use_one_hot_embeddings=False,
        )

    def pretraining_loss(self):
        from bert import run_pretraining

        model = self.model()
        masked = run_pretraining.get_masked_lm_output(
            configuration(),
            model.get_sequence_output(),
            model.get_embedding_table(),
            self.inputs["positions"],
            self.inputs["labels"],
            tf.ones([BATCH, MASKED]),
        )
        following = run_pretraining.get_next_sentence_output(
            configuration(), model.get_pooled_output(), self.inputs["next"]
        )
        return masked[0] + following[0]

    def squad_loss(self):
        from bert import run_squad

        start, end = run_squad.create_model(
            configuration(), True, self.inputs["ids"], self.inputs["mask"], self.inputs["segments"], False
        )
        answer = tf.one_hot(self.inputs["positions"][:, 0], LENGTH)
        return -tf.reduce_mean(answer * (tf.nn.log_softmax(start) + tf.nn.log_softmax(end)))

    def add_optimizer(self, loss):
        """`create_optimizer` unchanged; two of its calls are overheard for the record."""
        clip = tf.clip_by_global_norm
        apply = optimization.AdamWeightDecayOptimizer.apply_gradients

        def overhear_clip(gradients, clip_norm, *rest, **named):
            clipped, norm = clip(gradients, clip_norm, *rest, **named)
            self.raw, self.norm = gradients, norm
            return clipped, norm

        def overhear_apply(optimizer, pairs, *rest, **named):
            pairs = list(pairs)
            self.rate = optimizer.learning_rate
            self.names = [variable.name.split(":")[0] for _, variable in pairs]
            self.clipped = [gradient for gradient, _ in pairs]
            return apply(optimizer, pairs, *rest, **named)

        tf.clip_by_global_norm = overhear_clip
        optimization.AdamWeightDecayOptimizer.apply_gradients = overhear_apply
        try:
            self.update = optimization.create_optimizer(loss, RATE, STEPS, WARMUP, False)
        finally:
            tf.clip_by_global_norm = clip
            optimization.AdamWeightDecayOptimizer.apply_gradients = apply

    def train(self, first, last):
        """Updates `first + 1` to `last`."""
        for step in range(first, last):
            self.session.run(self.update, self.feed(step))

    def train_and_record(self, step):
        """One update, with what entered it."""
        wanted = {"update": self.update, "norm": self.norm, "rate": self.rate}
        wanted["raw"] = dict(zip(self.names, self.raw))
        wanted["clipped"] = dict(zip(self.names, self.clipped))
        return self.session.run(wanted, self.feed(step))

    def feed(self, step):
        return {self.inputs[name]: value for name, value in batch(step).items()}

    def save(self, prefix, step):
        return self.saver.save(self.session, prefix, global_step=step, write_meta_graph=False)

    def restore(self, prefix):
        self.saver.restore(self.session, prefix)
