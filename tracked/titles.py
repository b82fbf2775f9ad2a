"""The name of a run, from its plan and the settings: pure, so that the same plan has the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import naming
from . import tags as t
from .plan import RunPlan
from .settings import Settings


def title_of(
    plan: RunPlan, hashes: Mapping[str, str], settings: Settings, around: Callable[[], Mapping[str, str]]
) -> str:
    """The name that a person gave, else what the template of its kind makes, else that of the plan.

    Args:
        plan: the run to come.
        hashes: its keys, and those of the run around.
        settings: where templates and the longest name are.
        around: gives what ``{env}`` and ``{date}`` stand for, and the ``backbone`` of the run above; asked only where
            there is a template.
    """
    template = settings.name_template.get(plan.stage) or settings.name_template.get("")
    if plan.is_named or not template:
        return naming.cut(plan.name, settings.name_max_length)
    outside = around()
    tags = {t.BACKBONE: outside.get("backbone", ""), t.PROJECT: settings.project, **plan.tags}
    facts = naming.facts_of(plan.name, plan.stage, plan.params, tags, hashes)
    return naming.from_template(template, {**outside, **facts}, settings.name_max_length)
