"""The program in a shell: completions as bash, zsh and fish offer them, help, usage, colours, and JSON by its schemas."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import termios
import time

import jsonschema
import pytest
from conftest import BERT, HERE, tensors

PROGRAM = os.environ["OPTSTATE"]
ROOT = HERE.parent.parent
SCHEMAS = ROOT / "Sources/optstate/Schemas"


def run(*arguments):
    """The program's end; its output is text."""
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)


COMMANDS = re.findall(r"^  ([a-z]+) ", run("--help").stdout.split("SUBCOMMANDS:")[1], flags=re.MULTILINE)


@pytest.fixture(scope="module")
def shells(tmp_path_factory):
    """A folder with each shell's script, and an environment in which the program is found by its name."""
    folder = tmp_path_factory.mktemp("shells")
    for shell, name in [("bash", "optstate.bash"), ("zsh", "_optstate"), ("fish", "optstate.fish")]:
        (folder / name).write_text(run("--generate-completion-script", shell).stdout)
    (folder / "work").mkdir()
    (folder / "work/weights.safetensors").touch()
    (folder / "work/runs").mkdir()
    environment = {**os.environ, "PATH": f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    return folder, environment


def bash(shells, line):
    folder, environment = shells
    script = f"""source {folder}/optstate.bash; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
read -ra COMP_WORDS <<<"$COMP_LINE"; [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_optstate optstate "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], cwd=folder / "work", env=environment, capture_output=True, text=True)
    return done.stdout


def zsh(shells, line):
    folder, _ = shells
    setup = f"fpath=({folder} $fpath); autoload -U compinit; compinit -u -d {folder}/dump; LISTMAX=999; echo READY=\n"
    return asked(shells, ["zsh", "-f", "-i"], setup, line + "\t\t")


def fish(shells, line):
    folder, _ = shells
    setup = f"source {folder}/optstate.fish; echo READY=\n"
    return asked(shells, ["fish", "-N", "-i"], setup, f"complete -C '{line}'\n")


def asked(shells, command, setup, keys):
    """What a shell answers on a terminal: it completes for nobody else."""
    folder, environment = shells
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder / "work")
        os.execvpe(command[0], command, {**environment, "TERM": "dumb"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    try:
        os.write(terminal, setup.encode())
        until(terminal, "READY=\r")
        os.write(terminal, keys.encode())
        return until(terminal, None)
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def until(terminal, mark, limit=20, quiet=1.0):
    """What comes from a terminal until a mark, or until nothing has come for a while."""
    text, end = "", time.monotonic() + limit
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], quiet)
        if ready:
            text += os.read(terminal, 65536).decode(errors="replace")
        elif mark is None:
            return text
        if mark and mark in text:
            return text
    assert mark is None, text
    return text


@pytest.mark.parametrize("shell", [bash, zsh, fish], ids=lambda shell: shell.__name__)
@pytest.mark.parametrize(
    "line, offered",
    [
        ("optstate con", ["convert"]),
        ("optstate convert --to ", ["safetensors", "huggingface", "tensorflow-object"]),
        ("optstate convert --naming ", ["google-bert", "keras-bert"]),
        ("optstate convert --optimizer ada", ["adamw", "adafactor"]),
        ("optstate inspect --limit ", ["tensors=", "nesting="]),
        ("optstate inspect ", ["weights.safetensors", "runs"]),
        ("optstate convert --naming ru", ["runs/"]),
        ("optstate kinds adamw", ["adamw"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_shells_complete(shells, shell, line, offered):
    answer = shell(shells, line)
    assert all(word in answer for word in offered), answer


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_the_command_takes(command, tmp_path):
    text = run(command, "--help").stdout
    assert all(len(line) <= 80 for line in text.splitlines()), text
    text = re.sub(r" \\\n +", " ", text)
    examples = re.findall(r"^  optstate (.*)$", text.split("Examples:")[1].split("USAGE:")[0], flags=re.MULTILINE)
    assert examples
    for example in examples:
        done = subprocess.run([PROGRAM, *example.split()], cwd=tmp_path, capture_output=True, text=True)
        assert example.startswith(command) and done.returncode in (0, 66), f"{example}: {done.stderr}"


def test_help_names_every_bound_once():
    text = run("--help").stdout
    assert "Bounds for --limit" in text and "pickle_objects" in text
    (line,) = [line for line in run("convert", "--help").stdout.splitlines() if "--limit" in line and "USAGE" not in line]
    assert line.split("  ")[-1].strip() == "A bound on what a file may ask for."


def test_choice_of_debias_is_one():
    assert "<--fold|--unfold|--declare|--translate-frozen>" in run("debias", "--help").stdout


@pytest.mark.parametrize("word, meant", [("convrt", "convert"), ("inpsect", "inspect"), ("docotr", "doctor"), ("frobnicate", None)])
def test_mistyped_commands_are_told_what_was_meant(word, meant):
    done = run(word, "a", "b")
    assert done.returncode == 64
    first = done.stderr.splitlines()[0]
    assert first == f"error: there is no command '{word}'" + (f"; '{meant}' is one" if meant else "")


def test_mistyped_variables_are_told_what_was_meant(tmp_path):
    for command in [["inspect"], ["diff", BERT / "model.ckpt-10"], ["reset", None]]:
        output = [tmp_path / "o.h5"] if None in command else []
        paths = [part for part in command[1:] if part]
        done = run(command[0], *paths, BERT / "model.ckpt-20", *output, "--match", "poolar")
        assert done.returncode == 65 and "is 'pooler' meant?" in done.stderr, done.stderr
    done = run("resize", BERT / "model.ckpt-20", tmp_path / "o.h5", "--variable", "cls/predictions/output_bais", "--rows", "40")
    assert done.returncode == 65 and "is 'cls/predictions/output_bias' meant?" in done.stderr


def test_errors_have_one_spelling():
    for arguments in [["convert", "a"], ["inspect", "--no-such"], ["set", "a", "b"], ["inspect", "/no/such"], ["debias", "a", "b"]]:
        assert run(*arguments).stderr.startswith("error: "), arguments


def terminal(*arguments, **environment):
    """What the program writes to a terminal that stands for standard error."""
    master, slave = pty.openpty()
    settings = {**os.environ, "TERM": "xterm", **environment}
    done = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=slave, env=settings)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    done.wait()
    os.close(master)
    return text.decode()


def test_colours_are_for_terminals_that_want_them():
    assert "\x1b[1;31merror:\x1b[0m" in terminal("inspect", "/no/such")
    assert "\x1b" not in terminal("inspect", "/no/such", NO_COLOR="1")
    assert "\x1b" not in terminal("inspect", "/no/such", TERM="dumb")
    assert "\x1b" not in run("inspect", "/no/such").stderr


def test_what_was_written_is_said(tmp_path):
    for command, output, format in [("convert", "s.h5", "optstate"), ("strip", "r.ckpt", "tensorflow")]:
        done = run(command, BERT / "model.ckpt-20", tmp_path / output)
        assert f"note: wrote {tmp_path / output}, {format}\n" in done.stderr
    page = tmp_path / "p.html"
    assert f"note: wrote {page}, HTML\n" in run("report", BERT / "model.ckpt-20", "-o", page).stderr


def reports(folder):
    """A command line for each schema, and for what else it has to hold."""
    bert, torch = BERT / "model.ckpt-20", ROOT / "Fixtures/reference/pytorch/2.13.0/adam.pt"
    broken = folder / "broken.h5"
    run("convert", bert, folder / "s.h5")
    run("reset", bert, folder / "zero.h5", "--slots", "adam_v", "--force")
    broken.write_bytes((folder / "s.h5").read_bytes())
    with open(broken, "r+b") as file:
        place = broken.read_bytes().index(tensors(bert)["bert/pooler/dense/kernel/adam_m"].tobytes())
        file.seek(place)
        file.write(b"\xff" * 32)
    return [
        ("inspect", bert, "--stats"), ("inspect", torch, "--variables"), ("inspect", folder / "s.h5"),
        ("verify", bert), ("verify", torch), ("verify", broken),
        ("diff", bert, BERT / "model.ckpt-10"), ("diff", bert, bert), ("diff", bert, torch),
        ("doctor", bert), ("doctor", torch), ("doctor", folder / "zero.h5"),
        ("schedule", "bert:learning_rate=1e-4,num_train_steps=1000", "--compare", "constant:learning_rate=1e-3"),
        ("kinds",), ("kinds", "adafactor"), ("kinds", "cosine"),
        ("convert", bert, folder / "l.ckpt", "--like", BERT / "model.ckpt-10", "--dry-run"),
        ("debias", bert, folder / "d.h5", "--fold", "--optimizer", "bert_adamw"),
    ]  # fmt: skip


def test_reports_keep_to_their_schemas(tmp_path):
    seen = set()
    for command, *arguments in reports(tmp_path):
        done = run(command, *arguments, "--json")
        assert done.returncode in (0, 1), done.stderr
        schema = json.loads((SCHEMAS / f"{command}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(done.stdout), schema)
        seen.add(command)
    assert {path.name.split(".")[0] for path in SCHEMAS.iterdir()} == seen
    takes = {command for command in COMMANDS if re.search(r"^  --json ", run(command, "--help").stdout, flags=re.MULTILINE)}
    assert takes == seen


def test_schemas_refuse_what_is_not_a_report():
    report = json.loads(run("inspect", BERT / "model.ckpt-20", "--json").stdout)
    schema = json.loads((SCHEMAS / "inspect.schema.json").read_text())
    for change in [{"format": 1}, {"surprise": True}, {"account": {}}]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**report, **change}, schema)
