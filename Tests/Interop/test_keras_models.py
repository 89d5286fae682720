"""Weights files of random Keras models: each slot is given to the variable that Keras keeps it for, or to none."""
import json
import re

import h5py
import numpy as np
import random_models

SEEDS = range(40)


def given(store):
    """The bytes of each slot that has an owner in a store, with those of its variable."""
    pairs = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("@") and not name.endswith("@value"):
            value = item.parent.get("@value")
            if value is not None:
                pairs.append((np.asarray(item).tobytes(), np.asarray(value).tobytes()))

    with h5py.File(store) as file:
        file.visititems(visit)
    return pairs


def assert_is_open(evidence, optstate, source):
    """The two orders that doctor prints are two, and have the same shapes: no list tells one from the other."""
    orders = re.search(r"from variable \d+ on they are (.*), or (.*)$", evidence).groups()
    found = json.loads(optstate("inspect", source, "--json", "--variables").stdout)
    shapes = {variable["name"]: variable["shape"] for variable in found["variables"]}
    one, other = ([shapes[name] for name in order.removesuffix(" …").split(", ")] for order in orders)
    assert orders[0] != orders[1] and one == other


def check(optstate, made, trained, spec, source, store):
    """Whether the slots of a model were paired; all are then right, and doctor has nothing to say."""
    known = random_models.owners(made, trained)
    assert known
    made.save_weights(source)
    optstate("convert", source, store, "--overwrite")
    found = given(store)
    assert set(found) <= set(known)
    assert len(found) in (0, len(known))
    known = ["--optimizer", spec] if spec else []
    told = json.loads(optstate("doctor", source, "--json", *known, status={0, 1}).stdout)["findings"]
    # Rows that a batch meets more than once have a bound of their own, which is not this module's.
    findings = [finding for finding in told if not (finding["variable"] or "").endswith("embeddings")]
    assert [finding["code"] for finding in findings] == ([] if found else ["unrecognized_state"])
    if not found:
        assert_is_open(findings[0]["evidence"], optstate, source)
    return bool(found)


def test_no_slot_goes_to_another_variable(optstate, tmp_path):
    import keras as K

    paired = []
    for seed in SEEDS:
        made, trained, spec = random_models.make(K, seed)
        for steps in (1, 9):
            random_models.train(made, trained, steps, seed + steps)
            is_paired = check(optstate, made, trained, spec, tmp_path / f"{seed}.weights.h5", tmp_path / "s.h5")
        if is_paired:
            paired.append(seed)
    print("paired", paired, "of", list(SEEDS))
    assert len(paired) >= 0.85 * len(SEEDS)
