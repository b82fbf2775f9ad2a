"""What makes two pieces of work the same: canonical form, keys, and why two of them differ."""

from .canonical import Canonical, canonical, to_bytes
from .code_used import code_used_by
from .explain import ABSENT, Difference, Explanation, explain
from .key import Key
from .keys import call_key, study_family_key, study_key, trial_key
from .plumbing import PLUMBING
from .possible import possible_space
from .resolve import backbone_of, resolve
from .spaces import plain_space

__all__ = [
    "ABSENT",
    "PLUMBING",
    "Canonical",
    "Difference",
    "Explanation",
    "Key",
    "backbone_of",
    "call_key",
    "canonical",
    "code_used_by",
    "explain",
    "plain_space",
    "possible_space",
    "resolve",
    "study_family_key",
    "study_key",
    "to_bytes",
    "trial_key",
]
