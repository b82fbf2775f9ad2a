"""The list of commands, what each says of itself, and the page of the reference: all the same."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tracked.cli import main
from tracked_command import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
HELP = "from tracked_command import main; main(['--help'], standalone_mode=False)"


def command(name):
    """The command itself."""
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def codes_of(name):
    """The exit codes that its help names, and 2."""
    text = (command(name).help or "").partition("Exit codes:")[2]
    return {int(code) for code in re.findall(r"(?:^|,)\s*(\d+) ", text)} | {2}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    """Its first sentence, word for word, though the list loads no command."""
    assert COMMANDS[name].help == command(name).get_short_help_str(200)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_every_command_with_its_options_and_exit_codes(name):
    """What `--help` says, and nothing else."""
    rows = re.findall(rf"^\| `tracked {name}\b([^|`]*)` \|[^|]*\| ([\d, ]+) \|$", PAGE, re.MULTILINE)
    ((synopsis, codes),) = rows
    options = {option for each in command(name).params for option in each.opts + each.secondary_opts}
    told = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", synopsis))
    flags = {option for option in options if option.startswith("-")}
    assert told <= flags
    assert [] == [
        each.opts for each in command(name).params if each.opts[0][0] == "-" and not told & set(each.opts)
    ]
    assert codes_of(name) == {int(code) for code in codes.split(",")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_read_by_a_script(name):
    """One JSON object a line."""
    assert "--json" in {option for each in command(name).params for option in each.opts}


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if any(p.name == "run" for p in command(name).params)]
)
def test_every_command_says_what_a_run_can_be_called(name):
    """In the same words."""
    words = "RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`"
    assert words in " ".join((command(name).help or "").split())


def test_the_list_loads_nothing_of_tracked():
    """Click, and of Python nothing that is slow to load: so it answers at once, and says all there is."""
    code = (
        f"import sys; before = set(sys.modules)\n{HELP}\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "slow = {'asyncio', 'dataclasses', 'email', 'http', 'json', 'logging', 'sqlite3', 'ssl', 'urllib'}\n"
        "sys.stderr.write(' '.join(sorted(loaded - sys.stdlib_module_names | loaded & slow)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (0, "click tracked_command") == (done.returncode, done.stderr)
    assert [] == [name for name in COMMANDS if f"\n  {name} " not in done.stdout]


def test_the_help_of_no_command_loads_mlflow():
    """Nor anything else that is heavy."""
    heavy = ["mlflow", "azure", "optuna", "pandas", "numpy", "sqlalchemy", "ray"]
    code = (
        "import sys; from tracked_command import COMMANDS, main\n"
        "for name in COMMANDS: main([name, '--help'], standalone_mode=False)\n"
        f"sys.exit(' '.join(m for m in {heavy} if m in sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_what_is_no_command_is_2(tracked):
    """As click has it."""
    code, _, said = tracked("rusn")
    assert 2 == code
    assert "rusn" in said


def test_ctrl_c_is_130(looked_at, tracked, mocker):
    """As a shell has it, and without a traceback."""
    mocker.patch("tracked.cli.tail.follow", side_effect=KeyboardInterrupt)
    assert (130, "", "") == tracked("tail", "fast")
