"""How long keys and values may be, and what is done with longer ones."""

from __future__ import annotations

MAX_KEY = 250
MAX_VALUE = 6000


def shorten(text: str, limit: int = MAX_VALUE) -> str:
    """The text, or its first part and a hash of the whole, within the limit."""
    if len(text) <= limit:
        return text
    tail = f"... sha256:{digest(text)}"
    return text[: limit - len(tail)] + tail


def digest(text: str) -> str:
    """16 hex digits that tell two long texts apart."""
    import hashlib  # noqa: PLC0415 - only what is too long pays for it

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
