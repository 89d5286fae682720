"""What the README shows is what the program prints: each console block is run, in a folder with the BERT fixtures.

    python test_readme.py        prints the README with what the program at $OPTSTATE prints today
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
README = ROOT / "README.md"


def replay(text, folder):
    """The text with the output of each `$ command` in its console blocks made anew, in their order."""
    environment = {**os.environ, "PATH": f"{pathlib.Path(os.environ['OPTSTATE']).parent}:{os.environ['PATH']}"}
    environment["F"] = str(ROOT / "Fixtures/reference/tensorflow/2.21.0/bert")

    def block(match):
        shown = []
        for part in re.split(r"^(?=\$ )", match[1], flags=re.MULTILINE):
            command = re.match(r"\$ ((?:.*\\\n)*.*\n)", part)
            if not command:
                assert not part.strip(), f"output before any command: {part}"
                continue
            done = subprocess.run(
                ["bash", "-c", command[1]], cwd=folder, env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
            assert done.returncode in (0, 1, 65), f"{command[1]}{done.stdout}"
            shown.append("$ " + command[1] + done.stdout)
        return "```console\n" + "".join(shown) + "```"

    return re.sub(r"```console\n(.*?)```", block, text, flags=re.DOTALL)


def test_console_blocks_are_what_the_program_prints(tmp_path):
    text = README.read_text("utf-8")
    assert text.count("```console") >= 6
    assert replay(text, tmp_path) == text


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.write(replay(README.read_text("utf-8"), place))
