"""Forged PyTorch states: sound archives and pickles whose optimizers, names and counters lie.

    python make_hostile_optimizer.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import sys

from torch_bytes import Array, Pairs, group, moments, saved

MOST = (1 << 63) - 1
attacks = []
directory = sys.argv[1]


def put(name, status, attack, item):
    attacks.append((name + ".pt", str(status), attack))
    with open(os.path.join(directory, name + ".pt"), "wb") as file:
        file.write(saved(item))


def model():
    return Pairs([("first.weight", Array([1.0, 2, 3, 4], [2, 2])), ("first.bias", Array([5.0, 6, 7]))])


def optimizer(name, status, attack, state=None, groups=None, **beside):
    state = Pairs([(0, moments(4)), (1, moments(3))]) if state is None else state
    groups = [group([0, 1])] if groups is None else groups
    put(name, status, attack, {"model": model(), "optimizer": {"state": state, "param_groups": groups}, **beside})


def make_groups():
    def one(name, status, attack, *groups):
        optimizer(f"groups-{name}", status, attack, None, list(groups))

    optimizer("control", 0, "nothing is wrong: the tool must read this one")
    one("none", "0,65", "no parameter groups")
    one("repeated", 65, "a parameter twice in one group", group([0, 0]))
    one("shared", 65, "a parameter in two groups", group([0, 1]), group([1]))
    one("negative", "0,65", "a parameter numbered -1", group([-1, 1]))
    one("most", "0,65", "a parameter numbered 2^63 - 1", group([0, MOST]))
    one("wide", 65, "a parameter numbered 2^80", group([0, 1 << 80]))
    one("fraction", 65, "a parameter numbered 0.5", group([0, 0.5]))
    one("list", 65, "a parameter whose number is a list", group([0, [1]]))
    one("text", "0,65", "parameters that are a text", group("01"))
    one("dictionary", "0,65", "parameters that are a dictionary", group({0: 1}))
    one("fewer", "0,65", "a parameter that has a state and no group", group([0]))
    one("more", "0,65", "a parameter that the model lacks", group([0, 1, 2]))
    one("many", "0,65", "four thousand parameters of a model that has two", group(list(range(4_000))))
    optimizer("groups-hundreds", "0,65", "four hundred groups of no parameters", None, [group([0, 1])] + [{"params": []}] * 400)
    one("names-fewer", "0,65", "names for fewer parameters than there are", group([0, 1], param_names=["first.weight"]))
    one("names-twice", 65, "one name for two parameters", group([0, 1], param_names=["first.weight", "first.weight"]))
    one("names-swapped", "0,1,65", "names of two parameters in the wrong order", group([0, 1], param_names=["first.bias", "first.weight"]))
    one("names-gone", "0,65", "names that the model lacks", group([0, 1], param_names=["x", "y"]))
    one("names-numbers", "0,65", "names that are numbers", group([0, 1], param_names=[3, 4]))
    one("names-climb", "0,65", "names that climb out of a folder", group([0, 1], param_names=["../../x", "/y"]))
    one("names-newline", "0,65", "a name with a line of its own", group([0, 1], param_names=["x\nFORGED all sums match", "y"]))
    for word, value in (("nan", float("nan")), ("infinite", float("inf")), ("negative", -1.0), ("1e308", 1e308), ("text", "fast"), ("list", [1.0]), ("most", MOST), ("wide", 1 << 200)):
        one(f"rate-{word}", "0,65", f"a learning rate that is {word}", group([0, 1], lr=value))
    one("betas-three", "0,65", "three betas", group([0, 1], betas=(0.9, 0.99, 0.999)))
    one("betas-one", "0,65", "betas of 1", group([0, 1], betas=(1.0, 1.0)))
    one("betas-text", "0,65", "betas that are a text", group([0, 1], betas="0.9"))
    one("eps-none", "0,65", "an epsilon that is nothing", group([0, 1], eps=None))
    one("rate-tensor", "0,65", "a learning rate that is a tensor of three", group([0, 1], lr=Array([1.0, 2, 3])))


def make_states():
    def one(name, status, attack, first, second=None):
        optimizer(f"state-{name}", status, attack, Pairs([(0, first), (1, second or moments(3))]))

    for word, value, status in (("negative", -7.0, "0,65"), ("half", 7.5, 65), ("nan", float("nan"), 65), ("infinite", float("inf"), 65), ("wide", 1e30, 65)):
        one(f"step-{word}", status, f"a step that is {word}", moments(4, value))
    one("step-list", "0,65", "a step of two numbers", moments(4, step=Array([7.0, 8.0])))
    one("step-matrix", "0,65", "a step that is a matrix of one number", moments(4, step=Array([7.0], [1, 1])))
    one("step-empty", "0,65", "a step of no numbers", moments(4, step=Array([], [0])))
    one("step-truth", "0,65", "a step that is a truth value", moments(4, step=Array(True, kind="BoolStorage")))
    one("step-most", "0,65", "a step of 2^63 - 1", moments(4, step=MOST))
    one("step-beyond", "0,65", "a step of 2^63", moments(4, step=MOST + 1))
    one("step-long-most", "0,65", "a step of 2^63 - 1 in a tensor of whole numbers", moments(4, step=Array(MOST, kind="LongStorage")))
    one("step-text", "0,65", "a step that is a text", moments(4, step="7"))
    one("step-absent", "0,65", "moments without a step", moments(4, step=...))
    one("moment-absent", "0,65", "a first moment without the second", moments(4, exp_avg_sq=...))
    one("moment-shape", "0,1,65", "a moment of another shape than its parameter", moments(4, exp_avg=Array([1.0] * 9)))
    one("moment-scalar", "0,1,65", "a moment that is a number", moments(4, exp_avg=0.5))
    one("moment-whole", "0,1,65", "a moment of whole numbers", moments(4, exp_avg=Array([1, 2, 3, 4], [2, 2], "LongStorage")))
    one("moment-path", "0,65", "a moment whose name climbs out of a folder", moments(4, **{"../../escape": Array([1.0])}))
    one("moment-absolute", "0,65", "a moment whose name is an absolute path", moments(4, **{"/escape": Array([1.0])}))
    one("moment-value", "0,65", "a moment called as our own layout calls a value", moments(4, **{"@value": Array([1.0])}))
    one("moment-newline", "0,65", "a moment whose name has a line of its own", moments(4, **{"x\nFORGED all sums match": Array([1.0])}))
    one("moment-empty", "0,65", "a moment without a name", moments(4, **{"": Array([1.0])}))
    one("moment-number", "0,65", "a moment whose name is a number", Pairs([*moments(4).items(), (5, Array([1.0]))]))
    one("mixed", "0,65", "one parameter with Adam's state and one with SGD's", moments(4), {"momentum_buffer": Array([1.0, 2, 3])})
    one("empty", 0, "a parameter that was never updated", {}, moments(3))
    one("none", 65, "a parameter whose state is nothing", None)
    one("list", 65, "a parameter whose state is a list", [1, 2])
    one("key-twice", 65, "one moment twice", Pairs([*moments(4).items(), ("exp_avg", Array([9.0] * 4, [2, 2]))]))
    optimizer("state-unknown", "0,65", "a state of a parameter that no group has", Pairs([(0, moments(4)), (1, moments(3)), (9, moments(3))]))
    optimizer("state-twice", 65, "the state of one parameter twice", Pairs([(0, moments(4)), (0, moments(4)), (1, moments(3))]))
    optimizer("state-true", "0,65", "a state whose key is True", Pairs([(0, moments(4)), (True, moments(3))]))
    optimizer("state-text", "0,65", "a state whose key is the text '1'", Pairs([(0, moments(4)), ("1", moments(3))]))
    optimizer("state-tensor", 65, "a state whose key is a tensor", Pairs([(0, moments(4)), (Array([1.0]), moments(3))]))
    optimizer("state-other-shape", "0,65", "states in another order than the parameters", Pairs([(0, moments(3)), (1, moments(4))]))
    for word, value in (("negative", -7), ("most", MOST), ("wide", MOST + 1), ("text", "7"), ("list", [7]), ("real", 7.5)):
        optimizer(f"counter-{word}", "0,65", f"a global step that is {word}", global_step=value)
    optimizer("counter-other", "0,65", "a global step that no parameter has", global_step=3)
    optimizer("two-optimizers", "0,65", "two optimizers", other={"state": {}, "param_groups": [group([0, 1])]})
    rates = {"base_lrs": [0.001], "last_epoch": 7, "_step_count": 8, "_last_lr": [0.001]}
    for word, change in (("epoch-negative", {"last_epoch": -5}), ("epoch-most", {"last_epoch": MOST}), ("rates-none", {"base_lrs": []}),
                         ("rates-nan", {"base_lrs": [float("nan")]}), ("rates-many", {"base_lrs": [0.1] * 5000}), ("cosine", {"T_max": 0, "eta_min": float("inf")}),
                         ("step-size", {"step_size": 0, "gamma": float("nan")}), ("milestones", {"milestones": {"x": 1}, "gamma": 0.1})):
        optimizer(f"scheduler-{word}", "0,65", f"a scheduler that lies ({word})", scheduler={**rates, **change})


def make_schedulers():
    common = {"base_lrs": [0.001], "last_epoch": 7, "_step_count": 8, "_is_initial": False,
              "_get_lr_called_within_step": False, "_last_lr": [0.001]}

    def one(name, status, attack, *, absent=(), **change):
        lying = {key: value for key, value in {**common, **change}.items() if key not in absent}
        optimizer(f"schedule-{name}", status, attack, scheduler=lying)

    one("control", 0, "a scheduler with nothing wrong", step_size=30, gamma=0.1)
    one("step-zero", 0, "steps of no updates", step_size=0, gamma=0.1)
    one("step-most", 0, "steps of 2^63 - 1 updates", step_size=MOST, gamma=0.1)
    one("gamma-nan", 0, "a factor that is NaN", gamma=float("nan"))
    one("epochs-most", 0, "2^63 - 1 calls, each of which would be computed", gamma=0.5, last_epoch=MOST)
    one("epochs-many", 0, "2^40 calls, each of which would be computed", gamma=1.0, last_epoch=1 << 40)
    one("epochs-negative", 0, "fewer than no calls", gamma=0.5, last_epoch=-9)
    one("milestones-many", 0, "a milestone that counts 2^62 times", milestones={5: 1 << 62}, gamma=0.1)
    one("milestones-text", 0, "a milestone that is a text", milestones={"x": 1}, gamma=0.1)
    one("period-zero", 0, "a cosine of no updates", T_max=0, eta_min=0.0)
    one("period-most", 0, "a cosine of 2^63 - 1 updates", T_max=MOST, eta_min=0.0)
    one("restarts-zero", 0, "cycles of no updates", T_0=0, T_mult=1, T_i=0, T_cur=0, eta_min=0.0)
    one("restarts-one", 0, "cycles that double sixty times", T_0=1, T_mult=2, T_i=1, T_cur=0, eta_min=0.0, last_epoch=MOST - 1)
    one("total-zero", 0, "a decay over no updates", total_iters=0, power=1.0)
    one("phases", 0, "phases that are none", total_steps=9, _schedule_phases=[{}], _anneal_func_type="cos", cycle_momentum=False)
    one("cycle-zero", 0, "cycles of no length", max_lrs=[0.1], total_size=0.0, step_ratio=0.0, mode="exp_range", gamma=1.0,
        scale_mode="iterations", cycle_momentum=False, _scale_fn_custom=None)
    one("rates-many", 0, "more rates than groups", gamma=0.5, _last_lr=[0.1] * 5000)
    one("contradiction", 0, "a rate that the optimizer does not have", gamma=1.0, base_lrs=[0.5], _last_lr=[0.5])
    one("parts-none", 0, "a sequence of no schedulers", _schedulers=[], _milestones=[], absent=("base_lrs",))
    one("parts-many", "0,65", "a sequence of two hundred schedulers", _schedulers=[{"gamma": 0.9, **common}] * 200, _milestones=list(range(199)))
    one("parts-deep", "0,65", "a sequence within a sequence", _schedulers=[{"_schedulers": [], "_last_lr": []}] * 2, _milestones=[1])
    nested = {"gamma": 0.9, **common}
    for _ in range(60):
        nested = {"_schedulers": [nested], "_milestones": [], "_last_lr": [0.001], "last_epoch": 7}
    optimizer("schedule-nested", "0,65", "sixty sequences within one another", scheduler=nested)
    optimizer("schedule-loops", 0, "loops of Lightning's that are none", scheduler={**common, "gamma": 1.0}, global_step=7, loops={"fit_loop": 5},
              **{"pytorch-lightning_version": "2.6.6"})


NAMES = {
    "climbs": ("a name that climbs out of a folder", "../../escape"),
    "absolute": ("a name that is an absolute path", "/etc/escape"),
    "empty": ("a tensor without a name", ""),
    "dots": ("a name of dots", "..."),
    "newline": ("a name with a line of its own", "a\nFORGED all sums match"),
    "escape": ("a name that colours the terminal", "\x1b[2J\x1b[32ma"),
    "c1": ("a name with a control sequence in one character", "a\x9b32mb"),
    "bidi": ("a name that turns the direction of writing", "a\u202egnihtyna"),
    "nul": ("a name with a zero byte", "a\0b"),
    "mark": ("a combining mark behind a dot", "a.\u0301b"),
    "slashes": ("a name of slashes", "//"),
    "at": ("a name that our own layout uses", "@value"),
    "step": ("a tensor called global_step", "global_step"),
    "long": ("a name of five thousand letters", "n" * 5_000),
}


def make_names():
    for label, (attack, name) in NAMES.items():
        put(f"name-{label}", "0,65" if label in ("empty", "nul", "dots", "step") else 0, attack, Pairs([("first.weight", Array([1.0, 2])), (name, Array([3.0, 4]))]))
    put("name-not-utf8", 65, "a name that is overlong UTF-8", Pairs([(b"a\xc0\xafb", Array([1.0]))]))
    put("name-surrogate", "0,65", "a name that is half a surrogate pair", Pairs([(b"a\xed\xa0\x80", Array([1.0]))]))
    put("names-composed", 0, "two names that differ in how an accent is written", Pairs([("caf\u00e9", Array([1.0])), ("cafe\u0301", Array([2.0]))]))
    put("names-look-alike", 0, "two names in two scripts that look the same", Pairs([("scope", Array([1.0])), ("s\u0441ope", Array([2.0]))]))
    put("name-twice", 65, "one name twice", Pairs([("a", Array([1.0])), ("a", Array([2.0]))]))
    put("name-nested", "0,65", "one name, once with a dot and once nested", {"model": Pairs([("a.b", Array([1.0])), ("a", {"b": Array([2.0])})])})
    put("name-number", "0,65", "a name that is a number", Pairs([("a", Array([1.0])), (7, Array([2.0]))]))
    put("name-tuple", "0,65", "a name that is a tuple", Pairs([("a", Array([1.0])), (("b", "c"), Array([2.0]))]))
    put("many", "0,65", "two hundred tensors of one storage each", Pairs((f"t{number}", Array(1.0)) for number in range(200)))


make_groups()
make_states()
make_schedulers()
make_names()
with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as table:
    table.write("file\tstatus\tattack\n")
    table.writelines("%s\t%s\t%s\n" % attack for attack in attacks)
