"""Canonical trees, and the paths of what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and form of each leaf; what stands for one value of the user is one leaf."""
    if isinstance(tree, dict) and tree and not _is_wrapper(tree):
        for key, value in tree.items():
            yield from leaves(value, joined(path, key))
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree


def weak_paths(tree: Any) -> tuple[str, ...]:
    """Paths of all parts that are weak."""
    return tuple(dict.fromkeys(_weak(tree, "")))


def without(tree: dict[str, Any], path: str) -> None:
    """Take away the entry at this path of names joined by dots, if it is there; a name may have dots itself."""
    for name in [name for name in tree if path == name or path.startswith(f"{name}.")]:
        if name == path:
            del tree[name]
        elif isinstance(tree[name], dict):
            without(tree[name], path[len(name) + 1 :])


def joined(path: str, key: str) -> str:
    """The path one level deeper, with the key as its owner wrote it."""
    if key == "$type":
        return f"{path}(type)"
    name = key[2:] if key.startswith("$:") else key[1:] if key.startswith("$$") else key
    return f"{path}.{name}" if path else name


def _is_wrapper(tree: dict[str, Any]) -> bool:
    """Whether it stands for one value: ``{"$bytes": …}`` does, ``{"$type": …, fields}`` and users' keys do not."""
    return any(_is_ours(key) and key != "$type" for key in tree)


def _is_ours(key: str) -> bool:
    return key[:1] == "$" and key[1:2].isalpha()


def _weak(tree: Any, path: str) -> Iterator[str]:
    if isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _weak(value, f"{path}[{index}]")
    elif isinstance(tree, dict):
        if "$weak" in tree:
            yield path
        for key, value in tree.items():
            # A key of a mapping that is no text stands there as the text of its form.
            if key.startswith("$:") and '"$weak"' in key:
                yield path
            yield from _weak(value, path if _is_ours(key) else joined(path, key))
