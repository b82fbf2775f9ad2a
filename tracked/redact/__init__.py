"""Secrets taken out of names, values, URLs and texts.  What is left in their place is ``***``.

Three strengths: :func:`redact_url` for an address, :func:`redact_value` for a value that should otherwise stay as
it is (a param, a part of a key), and :func:`redact_text` for prose such as a traceback, where ``password: x`` counts.
"""

from .names import is_secret_name
from .texts import MASK, SHORTEST, is_secret_type, redact_text, redact_url, redact_value, secret_values

__all__ = [
    "MASK",
    "SHORTEST",
    "is_secret_name",
    "is_secret_type",
    "redact_text",
    "redact_url",
    "redact_value",
    "secret_values",
]
