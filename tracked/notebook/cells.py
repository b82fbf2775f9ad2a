"""The run of a ``%%tracked`` cell: what its first line asks for, and what is done where that work was begun before."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from .. import tags as t
from ..blocks import Block
from ..call import Call
from ..decisions import Question
from ..existing import decide
from ..guard import guard
from ..identity import call_key
from ..plan import ERROR, NEW, RESUME, Options, RunPlan
from ..provenance.source import notebook_in
from ..run import Run
from ..scope import open_run

MARK = "%%tracked"


def cell(mark: str) -> Cell:
    """The block of a cell, from its first line.

    Raises:
        UsageError: the line does not say what the run is called, or asks for what there is not.
    """
    parser = MagicArgumentParser(MARK, add_help=False)  # type: ignore[no-untyped-call, unused-ignore]
    parser.add_argument("words", nargs="*")
    parser.add_argument("--on-existing", default=NEW, choices=(NEW, RESUME, ERROR))
    parser.add_argument("--experiment")
    parser.add_argument("--tag", action="append", default=[])
    parser.add_argument("--param", action="append", default=[])
    given = parser.parse_args(shlex.split(mark)[1:])
    if not 1 <= len(given.words) <= 2:
        raise UsageError(f"{MARK} [kind] name: {len(given.words)} words were given")
    *kind, name = given.words
    tags, params = _pairs("--tag", given.tag), _pairs("--param", given.param)
    block = Cell(name, kind[0] if kind else "", None, given.experiment, tags, params)
    block.on_existing = given.on_existing
    return block


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """``name=value`` as a mapping."""
    pairs = [text.partition("=") for text in texts]
    if any(not name or not sign for name, sign, _ in pairs):
        raise UsageError(f"{MARK}: {option} takes name=value")
    return {name: value for name, _, value in pairs}


class Cell(Block):
    """A block that is recognised when it comes again: by its notebook, kind, name and params, whatever its text is."""

    on_existing: Literal["new", "resume", "error"] = "new"
    """What is done where there is such a run: another one is made, it is gone on with, or that is an error.

    There is no ``"reuse"``: what a cell gives is its variables, and those are not kept.
    """

    def begin(self) -> Run:
        """Open the run, or go on with the one that failed or was stopped.

        Raises:
            RunExists: there is one that finished or is at work, and that was to be an error.
        """
        plan = self.plan()
        stage, name = plan.stage, plan.name
        call = Call(name, f"{notebook_in(os.environ)}:{stage}:{name}", _arguments(plan))
        with guard:
            key = call_key(call)
            plan = replace(plan, key=key, tags={**plan.tags, t.CALL_KEY: key.hash})
        if self.on_existing == NEW:
            return open_run(plan)
        options = Options(on_existing=self.on_existing)
        return decide(Question(self.kind, options, call, None, plan)).begin(plan)


def _arguments(plan: RunPlan) -> Mapping[str, str]:
    return {**plan.params, **plan.whole_params}
