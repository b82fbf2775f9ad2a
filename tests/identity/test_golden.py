"""Golden vectors: what was a key yesterday is a key tomorrow, on every machine and version."""

import hashlib
import importlib
import json
import re
from pathlib import Path

import pytest

import tracked.identity
from tracked.identity import canonical, to_bytes

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text("utf-8"))
LIBRARIES = {"numpy": "np", "pandas": "pd"}
WITHOUT_VECTOR = {
    "$torch": "torch is not installed where the vectors are checked: test_contents.py",
    "$device": "as above",
    "$code": "bytecode differs between versions of Python: test_code.py",
    "$file": "needs a file: test_contents.py",
    "$folder": "as above",
    "$type": "stands beside fields and is in the vectors of dataclasses",
}


def values(vector):
    """The vector's value, made anew."""
    space = {"__name__": "samples"}
    exec("\n".join(GOLDEN["samples"]), space)
    if "needs" in vector:
        name = vector["needs"]
        pytest.importorskip("scipy.sparse" if name == "scipy" else name)
        space[LIBRARIES.get(name, name)] = importlib.import_module(name)
    return eval(vector["value"], space)


@pytest.mark.parametrize("vector", GOLDEN["vectors"], ids=lambda v: f"{v['rule']}: {v['value'][:40]}")
def test_a_value_keeps_its_canonical_form(vector):
    """The canonical form and the hash of each rule's samples are those that were checked in."""
    written = to_bytes(canonical(values(vector)).tree)

    assert vector["canonical"] == written.decode()
    assert vector["sha256"] == hashlib.sha256(written).hexdigest()


def test_every_rule_has_a_golden_vector():
    """No typed form can be written that the golden vectors do not show."""
    folder = Path(tracked.identity.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.stem != "canonical")
    written = set(re.findall(r'"(\$[a-z]\w+)"', source))
    shown = set(re.findall(r'"(\$[a-z]\w+)"', " ".join(v["canonical"] for v in GOLDEN["vectors"])))

    assert set() == written - shown - WITHOUT_VECTOR.keys()


def test_every_typed_form_is_documented():
    """The table of rules names each typed form, or the file that does."""
    documented = tracked.identity.canonical.__globals__["__doc__"]

    for form in ("$int", "$float", "$str", "$set", "$enum", "$bytes", "$array", "$frame", "$torch", "$weak"):
        assert form in documented
