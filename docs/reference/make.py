"""Makes the reference: every public name from its docstring, every command from its ``--help``.

    python docs/reference/make.py        # also the first thing that `make docs` does

The pages lie beside this script.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from docstrings import WIDTH, inline, prose, signature

import tracked
import tracked_command
from tracked import errors, testing, track
from tracked.kinds.benchmark_options import BenchmarkOptions
from tracked.kinds.conversion_options import ConversionOptions
from tracked.kinds.sweep_options import SweepOptions
from tracked.kinds.sweep_values import Sweep, Trial
from tracked.plan import Options
from tracked.run import Run

HERE = Path(__file__).parent
MADE = "*This page is made from the code: `python docs/reference/make.py`.*"

DECORATORS = {
    "tracked_sweep": SweepOptions,
    "tracked_training": Options,
    "tracked_benchmark": BenchmarkOptions,
    "tracked_conversion": ConversionOptions,
}
OURS = ("switches", "has_elsewhere", "begin_with", "take", "keep_whole", "close")
"""Methods of a run that nobody but ``tracked`` calls."""
SECTIONS: Mapping[str, Sequence[str]] = {
    "Set-up": ("setup_mlflow", "configure", "sync", "create_ml_client_from_config"),
    "Kinds of your own": ("Kind", "decorator_for"),
    "Markers": ("Param", "Metric", "Artifact", "Ignore", "Secret", "Key"),
    "Runs, and questions about them": (
        *("create_mlflow_run", "find_mlflow_runs", "find_mlflow_run", "find_best_mlflow_run", "find_lineage"),
        *("download_artifacts", "get_mlflow_run_url"),
    ),
    "Keys": ("get_or_compute_study_key_hash", "get_or_compute_trial_key_hash"),
    "Trackers": (
        *("MLflowSweepTracker", "MLflowTrainingTracker", "MLflowBenchmarkTracker", "MLflowConversionTracker"),
    ),
    "Notebook": ("load_ipython_extension", "unload_ipython_extension"),
}


def main() -> None:
    """Write both pages."""
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """What the pages have to be, by file name."""
    return {"api.md": _joined(api()), "commands.md": _joined(commands())}


def _joined(blocks: Iterator[str]) -> str:
    return "\n\n".join(block.strip() for block in blocks if block.strip()) + "\n"


def api() -> Iterator[str]:
    """Every public name, with what its docstring says."""
    yield "# Every public name\n\n" + MADE
    yield "`from tracked import ...` has all of these; `help(...)` says the same."
    yield from _decorators()
    yield from _section("The block face: `track`", f"`from tracked import track`. {inspect.getdoc(track)}")
    for name in block_names():
        yield from _thing(f"track.{name}", getattr(track, name, None))
    yield "## What calls and blocks give"
    for cls in (Run, Sweep, Trial):
        yield f"### {cls.__name__}"
        yield prose(inspect.getdoc(cls) or "")
        yield _methods(cls, without=OURS)
    for title, names in SECTIONS.items():
        yield from _section(title)
        for name in names:
            yield from _thing(name, getattr(tracked, name))
    yield from _section("Errors: `errors`", inspect.getdoc(errors) or "")
    yield "What each of them is about, and what helps: [what is said, and what to do](errors.md)."
    yield from _section("For tests: `testing`", inspect.getdoc(testing) or "")
    for name in testing.__all__:
        yield from _thing(f"testing.{name}", getattr(testing, name))


def block_names() -> list[str]:
    """What ``track`` offers."""
    own = (n for n, v in vars(track).items() if getattr(v, "__module__", "") == track.__name__)
    return [*(n for n in own if not n.startswith("_") and not n.isupper()), "resume_from"]


def _decorators() -> Iterator[str]:
    yield from _section("Decorators", "Each works bare, `@tracked_training`, and with options by name.")
    for name, options in DECORATORS.items():
        yield f"### {name}"
        if options is Options:
            yield "It has the [options of every decorator](#options-of-every-decorator)."
        else:
            yield from _options(options)
    yield "### Options of every decorator"
    yield from _options(Options)
    yield "### Questions to a decorated function"
    yield f"With `fn` for the function, and the arguments of a call.\n\n{_methods(tracked.decorate.TrackedFunction)}"


def _options(options: type[Options]) -> Iterator[str]:
    """The docstring, with type and default beside each option."""
    own = {f.name: f for f in fields(options) if f.name in vars(options)["__annotations__"]}

    def described(names: str) -> str:
        return ", ".join(f"`{n}` (`{own[n].type}{_default(own[n])}`)" for n in names.split(", "))

    yield prose(inspect.getdoc(options) or "", described).replace("**Attributes**", "**Options**")


def _default(field: Any) -> str:
    if field.default in (None, ()) or not isinstance(field.default, str | int | float | bool):
        return ""
    return f" = {field.default!r}"


def _section(title: str, text: str = "") -> Iterator[str]:
    yield f"## {title}"
    yield prose(text)


def _thing(name: str, thing: Any) -> Iterator[str]:
    """A function, a class with what is public of it, or a value."""
    yield f"### {name}"
    if thing is None:
        yield _comment_on(name)
        return
    yield f"```py\n{signature(name, thing)}\n```"
    yield prose(inspect.getdoc(thing) or "")
    if inspect.isclass(thing):
        yield _methods(thing)


def _comment_on(name: str) -> str:
    """The text below a value of a module, which has no docstring of its own."""
    source = inspect.getsource(track)
    found = re.search(rf'^{name.rpartition(".")[2]}: .*?\n"""(.*?)"""', source, re.MULTILINE | re.DOTALL)
    return prose(found[1]) if found else ""


def _methods(cls: type, without: Collection[str] = ()) -> str:
    """The methods and properties that are public, each with its first sentence."""
    own = {n: v for base in reversed(_ours(cls)) for n, v in vars(base).items() if not n.startswith("_")}
    lines = []
    for name, member in own.items():
        text = _first(member)
        if text and name not in without and (inspect.isroutine(member) or isinstance(member, property)):
            shown = name if isinstance(member, property) else f"{name}(...)"
            lines.append(f"* `.{shown}`: {inline(text)}")
    return "\n".join(lines)


def _ours(cls: type) -> list[type]:
    return [base for base in cls.__mro__ if base.__module__.startswith("tracked") and not _is_protocol(base)]


def _is_protocol(cls: type) -> bool:
    return bool(getattr(cls, "_is_protocol", False))


def _first(member: Any) -> str:
    """The first paragraph of its docstring, as one line."""
    return " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split())


def commands() -> Iterator[str]:
    """What each command says of itself."""
    yield "# Every command\n\n" + MADE
    yield "What they are for, with examples: [the command line](cli.md)."
    group = tracked_command.main
    for title, listed in tracked_command.SECTIONS.items():
        yield f"## {title}"
        for name in listed:
            command = group.commands.get(name) or group.get_command(click.Context(group), name)
            yield f"### tracked {name}"
            yield f"```text\n{_help(name, command)}\n```"


def _help(name: str, command: Any) -> str:
    parent = click.Context(tracked_command.main, info_name="tracked", **tracked_command.main.context_settings)
    context = click.Context(
        command, parent=parent, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH
    )
    return str(command.get_help(context)).strip()


if __name__ == "__main__":
    main()
