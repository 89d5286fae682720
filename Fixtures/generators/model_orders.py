"""The order in which models of transformers number their parameters, as a table of patterns.

    python model_orders.py dump VERSION.json            under each version of transformers that shall count
    python model_orders.py merge VERSION.json … > Sources/TrainerCheckpoint/Models/orders.json

Made with transformers 4.30.2, 4.57.1 and 5.23.0. Every head of a family is built tiny, with the switches of its configuration
that add parameters; what a version saves under another name than its module has is found by value.
"""
import itertools
import json
import os
import re
import sys
import tempfile

SMALL = dict(
    vocab_size=60, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
    max_position_embeddings=24,
)
CROSS = dict(is_decoder=True, add_cross_attention=True)
LLAMA = dict(SMALL, num_key_value_heads=1, head_dim=8)
# Kinds of config.json that have one order, and for each the classes' first word, configuration, and settings that add
# parameters.
FAMILIES = [
    {"bert": ("Bert", "BertConfig", [SMALL, dict(SMALL, **CROSS)])},
    {
        "roberta": ("Roberta", "RobertaConfig", [SMALL, dict(SMALL, **CROSS)]),
        "xlm-roberta": ("XLMRoberta", "XLMRobertaConfig", [SMALL]),
        "camembert": ("Camembert", "CamembertConfig", [SMALL]),
    },
    {
        "distilbert": (
            "DistilBert", "DistilBertConfig",
            [dict(vocab_size=60, dim=16, hidden_dim=32, n_layers=2, n_heads=2, max_position_embeddings=24)],
        ),
    },
    {
        "electra": (
            "Electra", "ElectraConfig", [dict(SMALL, embedding_size=12), dict(SMALL, embedding_size=12, **CROSS)],
        ),
    },
    {
        "albert": (
            "Albert", "AlbertConfig", [dict(SMALL, embedding_size=12, num_hidden_groups=2, inner_group_num=2)],
        ),
    },
    {
        "deberta": (
            "Deberta", "DebertaConfig",
            [dict(SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"], talking_head=True, embedding_size=12)],
        ),
    },
    {
        "deberta-v2": (
            "DebertaV2", "DebertaV2Config",
            [
                dict(
                    SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"], share_att_key=False,
                    position_buckets=4, norm_rel_ebd="layer_norm", conv_kernel_size=3, embedding_size=12,
                )
            ],
        ),
    },
    {
        "gpt2": (
            "GPT2", "GPT2Config",
            [
                dict(vocab_size=60, n_embd=16, n_layer=2, n_head=2, n_positions=24, **more)
                for more in ({}, {"add_cross_attention": True})
            ],
        ),
    },
    {
        "llama": ("Llama", "LlamaConfig", [LLAMA, dict(LLAMA, attention_bias=True, mlp_bias=True)]),
        "mistral": ("Mistral", "MistralConfig", [LLAMA]),
        "qwen2": ("Qwen2", "Qwen2Config", [LLAMA]),
    },
    {"mixtral": ("Mixtral", "MixtralConfig", [dict(LLAMA, num_local_experts=2)])},
    {
        "t5": (
            "T5", "T5Config",
            [
                dict(vocab_size=60, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, **more)
                for more in ({}, {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False})
            ],
        ),
    },
    {
        "vit": (
            "ViT", "ViTConfig",
            [
                dict(
                    image_size=16, patch_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                    num_attention_heads=2, num_labels=3,
                )
            ],
        ),
    },
]


def pattern(name, base):
    """A name with its layers' numbers as letters; a base model's own prefix may be missing."""
    own = name.removeprefix(base + ".")
    letters = iter("nml")
    # Numbers that are no choice of a configuration: T5's places in a block, a classifier's layers.
    fixed = re.compile(r"^(layer|classifier)$") if re.search(r"(^|\.)block\.\d", own) else re.compile(r"^classifier$")
    parts = own.split(".")
    for place, part in enumerate(parts):
        if part.isdigit() and not fixed.match(parts[place - 1]):
            parts[place] = "{" + next(letters) + "}"
    return ".".join(parts)


def models(transformers):
    kinds = [(family, *kind) for kinds in FAMILIES for family, kind in kinds.items()]
    for family, stem, configuration, variants in kinds:
        if not hasattr(transformers, configuration):
            continue
        names = [
            name for name in sorted(dir(transformers))
            if re.fullmatch(stem + "(Model|LMHeadModel|DoubleHeadsModel|EncoderModel|For[A-Z].*)", name)
        ]
        for name in names:
            for settings in variants:
                try:
                    model = getattr(transformers, name)(getattr(transformers, configuration)(**settings))
                except (ImportError, ValueError):
                    continue
                yield family, name, model


def saved_names(model, torch):
    """What each parameter is called in a saved model, where that is not its name: one name, or parts to be stacked."""
    from safetensors.torch import load_file

    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = os.path.join(folder, "model.safetensors")
        if not os.path.exists(path):
            return {}
        saved = load_file(path)
    found = {}
    for name, parameter in model.named_parameters():
        if name in saved:
            continue
        same = [key for key, value in saved.items() if torch.equal(value, parameter)]
        if same:
            found[name] = ("saved", same[:1])
            continue
        # Experts: the first of the stack tells which tensors it is put together of, one below the other.
        parts, rest = [], parameter[0]
        while len(rest):
            part = next(key for key, value in saved.items() if torch.equal(value, rest[: len(value)]))
            parts.append(part)
            rest = rest[len(saved[part]):]
        found[name] = ("stacked", parts)
    return found


def dump(path):
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    found = []
    for family, name, model in models(transformers):
        base = model.base_model_prefix
        saved = {
            pattern(key, base): [kind, [[pattern(part, base), part.startswith(base + ".")] for part in parts]]
            for key, (kind, parts) in saved_names(model, torch).items()
        }
        order, inside = [], []
        for key, _ in model.named_parameters():
            text = pattern(key, base)
            if text not in order:
                order.append(text)
                inside.append(key.startswith(base + "."))
        found.append([family, name, base, list(zip(order, inside)), saved])
    with open(path, "w") as file:
        json.dump({"version": transformers.__version__, "models": found}, file)


def merged(orders):
    """Several orders in one, `None` where they disagree; what is free stands where it was met first."""
    names = list(dict.fromkeys(name for order in orders for name in order))
    before = {name: set() for name in names}
    for order in orders:
        for first, second in zip(order, order[1:]):
            before[second].add(first)
    result = []
    while len(result) < len(names):
        ready = next((name for name in names if name not in result and before[name] <= set(result)), None)
        if ready is None:
            return None
        result.append(ready)
    return result


def merge(paths):
    """Each head's order under each version, by family."""
    heads, inside = {}, {}
    for path in paths:
        with open(path) as file:
            content = json.load(file)
        for family, _, base, order, saved in content["models"]:
            heads.setdefault(family, []).append((base, [text for text, _ in order], saved))
            # A head that one version alone has tells what is the base model's in all of them.
            within_base = inside.setdefault(family, set())
            within_base.update(text for text, within in order if within)
            within_base.update(part for _, parts in saved.values() for part, within in parts if within)
    return {family: [entries(*head, inside[family]) for head in all] for family, all in heads.items()}


def entries(base, order, saved, inside):
    def written(text):
        return f"[{base}.]{text}" if text in inside else text

    found = []
    for text in order:
        kind, parts = saved.get(text, (None, []))
        names = [written(part) for part, _ in parts]
        if kind is None:
            found.append(written(text))
        else:
            found.append({"name": written(text), kind: names[0] if kind == "saved" else names})
    return found


def saved(entry):
    """The names in a saved model that an entry stands for."""
    if isinstance(entry, str):
        return [entry]
    return entry["stacked"] if "stacked" in entry else [entry["saved"]]


def joined(orders):
    """All orders in one, `None` where they disagree on the order, or on what a saved tensor is."""
    texts = [[json.dumps(name) for name in order] for order in orders]
    seen = {}
    for text in itertools.chain(*texts):
        for name in saved(json.loads(text)):
            if seen.setdefault(name, text) != text:
                return None
    both = merged(texts)
    return both and [json.loads(text) for text in both]


def compact(families):
    """One table for kinds, and one order for heads and versions that agree."""
    tables = []
    for kinds in FAMILIES:
        agreeing = []
        for order in (order for kind in kinds for order in families.get(kind, [])):
            for orders in agreeing:
                if order in orders or joined([*orders, order]):
                    orders.append(order)
                    break
            else:
                agreeing.append([order])
        tables.append({"model_types": list(kinds), "orders": [joined(orders) for orders in agreeing]})
    return tables


def text(tables):
    lines = ["{", '  "parameter_orders": 1,', '  "models": [']
    for table in tables:
        lines += ["    {", f'      "model_types": {json.dumps(table["model_types"])},', '      "orders": [']
        for order in table["orders"]:
            lines.append("        [")
            lines += [f"          {json.dumps(name)}," for name in order]
            lines[-1] = lines[-1].removesuffix(",")
            lines.append("        ],")
        lines[-1] = lines[-1].removesuffix(",")
        lines += ["      ]", "    },"]
    lines[-1] = lines[-1].removesuffix(",")
    return "\n".join(lines + ["  ]", "}", ""])


if __name__ == "__main__":
    if sys.argv[1] == "dump":
        dump(sys.argv[2])
    else:
        sys.stdout.write(text(compact(merge(sys.argv[2:]))))
