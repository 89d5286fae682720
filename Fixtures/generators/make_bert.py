"""Tiny BERT pretraining states at steps 5, 10 and 20, and the gradients between them.

    python make_bert.py DIRECTORY

The recorded run is the saved run: what `rates.tsv` and the gradient files hold was fetched in the
same session call that applied the update. That matters under TensorFlow 1.15, whose learning rate
reads the global step while it is being incremented.
"""
import sys

import bert_run
import expected
import numpy as np

SAVED = (5, 10, 20)


def main(directory):
    prefix = directory + "/model.ckpt"
    trainer = bert_run.Trainer()
    records = []
    for step in range(20):
        records.append(trainer.train_and_record(step))
        if step + 1 in SAVED:
            trainer.save(prefix, step + 1)
    for step in SAVED:
        expected.write_for_checkpoint("%s-%d" % (prefix, step))
    write_rates(directory + "/rates.tsv", records)
    write_gradients(directory + "/gradients-10.h5", records[10:20], "clipped")
    if not bert_run.tensorflow.__version__.startswith("1."):
        write_gradients(directory + "/gradients-5.h5", records[5:10], "clipped")
        write_gradients(directory + "/raw-gradients-10.h5", records[10:13], "raw")
        with open(directory + "/bert_config.json", "w", newline="\n") as file:
            file.write(bert_run.configuration().to_json_string())
    check_that_runs_repeat(prefix, records)


def write_rates(path, records):
    """What TensorFlow used at each update: float32 bits in hexadecimal."""
    with open(path, "w", newline="\n") as file:
        file.write("update\tlearning_rate\tglobal_norm\n")
        for update, record in enumerate(records, 1):
            bits = [int(np.float32(record[key]).view(np.uint32)) for key in ("rate", "norm")]
            file.write("%d\t%08x\t%08x\n" % (update, bits[0], bits[1]))


def write_gradients(path, records, which):
    """One group per update, without a clock in the file."""
    import h5py

    with h5py.File(path, "w") as file:
        for number, record in enumerate(records, 1):
            group = file.create_group(str(number))
            group.attrs["learning_rate"] = np.float32(record["rate"])
            group.attrs["global_norm"] = np.float32(record["norm"])
            for name, gradient in record[which].items():
                group.create_dataset(name, data=gradient, track_times=False)


def check_that_runs_repeat(prefix, records):
    """Without recording, and resumed at 10, the run ends in the same bits."""
    for first in (0, 10):
        trainer = bert_run.Trainer()
        if first:
            trainer.restore("%s-%d" % (prefix, first))
        trainer.train(first, 20)
        with trainer.graph.as_default():
            values = trainer.session.run({v.op.name: v for v in bert_run.tf.global_variables()})
        reader = bert_run.tf.train.load_checkpoint(prefix + "-20")
        differing = [n for n, v in values.items() if v.tobytes() != reader.get_tensor(n).tobytes()]
        print("from step %d: %d of %d tensors differ" % (first, len(differing), len(values)))


if __name__ == "__main__":
    main(sys.argv[1])
