"""Secrets in texts: credentials of URLs, what is assigned to secret names, keys of a known shape, the environment."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from .names import is_secret_name, words_of

MASK = "***"

_SECRET_TYPES = frozenset({"SecretStr", "SecretBytes", "Secret"})
_NOT_SECRET_VARIABLES = frozenset({"PWD", "OLDPWD"})
SHORTEST = 8
"""A secret of the environment shorter than this also stands in innocent texts by chance."""
_SHORTEST_SHAPE = 20

# Repetitions are bounded, or cannot begin within one another: the time is linear in the length of the text.
_URL = re.compile(r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{0,40}://[^\s'\"<>]+")
_USERINFO = re.compile(
    # The second form: a password with an unquoted slash, told from host:port/path by not being a number.
    r"\A(?P<scheme>[^:]+)://(?:(?P<user>[^/?#\s]*)|[^/?#@\s:]+:(?!\d+(?:[/?#]|$))[^@\s]+)@"
)
_QUERY = re.compile(r"(?P<name>(?<=[?&;#])[\w.\-%]{1,100})=(?P<value>[^&;#\s'\"]*[^&;#\s'\",.)\]}])")
_SIGNATURES = frozenset({"sig", "signature", "x-amz-signature", "x-amz-credential", "x-goog-signature"})
_LONG_ONES = frozenset({"key", "code"})
"""Query parameters that hold a secret when they are long: ``?key=AIza…`` and not ``?key=lr``."""
_WITH_USER = words_of("abfs abfss wasb wasbs adl hdfs ssh git git+ssh svn+ssh sftp rsync azureml")
"""Schemes in which a container or a plain user stands before the ``@``."""

_SHAPES = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,} | glpat-[\w\-]{16,} | hf_[A-Za-z0-9]{30,}
    | sk-(?=[\w\-]{0,200}\d)(?=[\w\-]{0,200}[A-Z])[\w\-]{20,200} | xox[abeprs]-[\w\-]{10,} | (?:AKIA|ASIA)[0-9A-Z]{16}
    | AIza[\w\-]{35} | dapi[0-9a-f]{32} | npm_[A-Za-z0-9]{36} | pypi-AgEI[\w\-]{50,}
    | eyJ[\w\-]{8,2000}\.eyJ[\w\-]{8,4000}\.[\w\-]*
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[\s\S]*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    )""",
    re.VERBOSE,
)
"""Keys that their makers gave a shape to be known by."""

_NAME = r"(?<!\w)(?P<name>[A-Za-z_][\w.\-]{0,100})"
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_ASSIGNED = re.compile(rf"{_NAME}(?P<between>=)(?P<value>{_QUOTED}|[^\s,;&'\"()]+)")
_SAID = re.compile(
    rf"{_NAME}(?P<between>['\"]?\s*[=:]\s*)"
    rf"(?P<value>(?:(?:Bearer|Basic|Token|Digest|ApiKey)\s+)?(?:{_QUOTED}|[^\s,;&'\")}}\]]+))"
)
_FLAG = re.compile(rf"(?<=--){_NAME}(?P<between>\s+)(?P<value>{_QUOTED}|[^\s\-]\S*)")


def is_secret_type(cls: type) -> bool:
    """Whether values of this type hide themselves: pydantic's ``SecretStr``, ``SecretBytes``, ``Secret[...]``."""
    return any(
        base.__module__.split(".")[0] == "pydantic" and base.__name__.split("[")[0] in _SECRET_TYPES
        for base in cls.__mro__
    )


_LAST: list[Any] = [None, ()]
"""An environment that was read, as the bytes it is made of, and its secrets."""


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of the environment's secrets, longest first."""
    # ``os.environ`` decodes each text anew at each look, and a run looks often: as long as nothing has changed
    # in what lies behind, the answer is the last one.
    behind = getattr(environ, "_data", None)
    if behind is None:
        return _secret_values(environ)
    if behind != _LAST[0]:
        _LAST[:] = [dict(behind), _secret_values(environ)]
    found: tuple[str, ...] = _LAST[1]
    return found


def _secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    found = {
        value
        for name, value in environ.items()
        if len(value) >= SHORTEST and is_secret_name(name) and name not in _NOT_SECRET_VARIABLES
    }
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def redact_text(text: str, environ: Mapping[str, str] | None = None, secrets: Collection[str] = ()) -> str:
    """Prose without secrets: a traceback, a message, a command line.

    Besides what :func:`redact_value` takes out, anything said of a secret name goes: ``token: abc``,
    ``{'api_key': 'abc'}``, ``--password abc``; and signatures of addresses that stand there without their host.
    """
    text = redact_value(text, (*secret_values(environ or {}), *secrets))
    if "=" in text:
        text = _QUERY.sub(_mask_parameter, text)
    return _FLAG.sub(_mask_if_secret, _SAID.sub(_mask_if_secret, text))


def redact_value(text: str, secrets: Collection[str] = ()) -> str:
    """A value without secrets, and otherwise untouched.

    What goes: the given secrets, credentials in URLs, ``Password=…`` of connection strings, keys of a known shape.
    """
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    # Most values are short words: they pay for three comparisons, not for four searches.
    if "=" in text or "@" in text:
        text = _ASSIGNED.sub(_mask_if_secret, _URL.sub(lambda url: redact_url(url.group()), text))
    return _SHAPES.sub(MASK, text) if len(text) >= _SHORTEST_SHAPE else text


def redact_url(uri: str) -> str:
    """The address without the user and password before its host and without signatures and tokens in its query."""
    return _QUERY.sub(_mask_parameter, _USERINFO.sub(_mask_userinfo, uri, count=1))


def _mask_userinfo(found: re.Match[str]) -> str:
    user = found["user"]
    harmless = (
        user is not None and ":" not in user and (found["scheme"].lower() in _WITH_USER or user == "git")
    )
    return found.group() if harmless else f"{found['scheme']}://{MASK}@"


def _mask_parameter(found: re.Match[str]) -> str:
    name = found["name"].lower()
    long = name in _LONG_ONES and len(found["value"]) >= _SHORTEST_SHAPE
    secret = long or name in _SIGNATURES or is_secret_name(found["name"])
    return f"{found['name']}={MASK}" if secret else found.group()


def _mask_if_secret(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]) or MASK in found["value"]:
        return found.group()
    return f"{found['name']}{found['between']}{MASK}"
