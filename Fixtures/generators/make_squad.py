"""A SQuAD-like fine-tuning state: the pooler has no gradient, hence no slots.

    python make_squad.py DIRECTORY
"""
import sys

import bert_run
import expected


def main(directory):
    trainer = bert_run.Trainer("squad")
    trainer.train(0, 3)
    prefix = trainer.save(directory + "/model.ckpt", 3)
    expected.write_for_checkpoint(prefix)


if __name__ == "__main__":
    main(sys.argv[1])
