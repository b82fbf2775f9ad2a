from __future__ import annotations

import os

import pytest

from tracked.picking import Choice, Picked, Remark, pick

TREE = ("a.txt", "a.tmp", "logs/x.txt", "logs/deep/y.txt", "m/__pycache__/z.pyc", "m/w.bin")


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    for name in TREE:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    return top


def names(tree, **choice):
    return [found.inner for found in pick(tree, Choice(**choice)) if isinstance(found, Picked)]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({}, sorted(TREE)),
        ({"exclude": "*.tmp"}, [n for n in sorted(TREE) if n != "a.tmp"]),
        ({"exclude": ["__pycache__", "logs/*"]}, ["a.tmp", "a.txt", "m/w.bin"]),
        ({"exclude": "logs/"}, ["a.tmp", "a.txt", "m/__pycache__/z.pyc", "m/w.bin"]),
        ({"include": "*.txt"}, ["a.txt", "logs/deep/y.txt", "logs/x.txt"]),
        ({"include": "**/*.txt", "exclude": "logs/deep"}, ["a.txt", "logs/x.txt"]),
        ({"include": ("m",), "exclude": "*.pyc"}, ["m/w.bin"]),
        ({"include": "*.TXT"}, []),
        ({"max_bytes": 6}, ["a.tmp", "a.txt"]),
    ],
)
def test_globs_choose(tree, choice, wanted):
    """One glob or several; a plain one means a name anywhere, one with a slash a path; case counts."""
    assert wanted == names(tree, **choice)


def test_what_is_too_large_is_said_with_the_setting(tree):
    """The remark tells the size, the limit and what to set."""
    (remark,) = [found for found in pick(tree, Choice("w.bin", max_bytes=3)) if isinstance(found, Remark)]
    assert "m/w.bin" == remark.inner
    assert "7 bytes are more than artifact_max_bytes (3)" in remark.text


def test_an_excluded_file_is_not_spoken_of(tree):
    """What nobody asked for costs no remark, whatever is wrong with it."""
    (tree / "out").symlink_to("/etc/hostname")
    assert [] == [f for f in pick(tree, Choice(exclude="out")) if isinstance(f, Remark)]


def test_links_inside_are_followed_and_none_leaves(tree):
    """A link to a file or folder inside is as good as that; out, up, or to nowhere, it is refused and named."""
    (tree / "same.txt").symlink_to("a.txt")
    (tree / "latest").symlink_to("logs")
    for name, target in {"out": "/etc/hostname", "up": "..", "gone": "nowhere", "loop": "."}.items():
        (tree / "m" / name).symlink_to(target)
    found = list(pick(tree))
    assert ["m/gone", "m/loop", "m/out", "m/up"] == [f.inner for f in found if isinstance(f, Remark)]
    assert {"same.txt", "latest/x.txt", "latest/deep/y.txt", *TREE} == set(names(tree))


def test_what_is_no_file_is_named(tree):
    """A pipe would be waited on for ever."""
    os.mkfifo(tree / "pipe")
    (remark,) = [found for found in pick(tree) if isinstance(found, Remark)]
    assert ("pipe", True) == (remark.inner, "neither a file" in remark.text)
