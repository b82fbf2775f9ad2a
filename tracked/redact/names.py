"""Which names are the names of secrets.

A name is read word by word (``hfToken``, ``HF_TOKEN`` and ``hf-token`` are the same two words), because the words
of secrets are also words of machine learning: ``token`` is one, ``max_tokens`` and ``eos_token`` are not.
"""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words_of(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


_ALWAYS = words_of(
    "password passwords passwd passphrase passcode pwd secret secrets credential credentials cred creds apikey "
    "accesskey secretkey privatekey connstr connectionstring jwt bearer cookie cookies sas auth authorization "
    "authtoken accesstoken apitoken refreshtoken sessiontoken bearertoken hftoken"
)
_ENDINGS = ("password", "passwd", "passphrase", "apikey")
"""Written together: ``PGPASSWORD``."""

_KEY_OF = words_of(
    "api access secret private account storage subscription signing encryption master shared auth ssh license "
    "service admin deploy client app openai anthropic azure aws gcp google hf huggingface wandb comet neptune "
    "databricks mlflow"
)
_STRING_OF = words_of("conn connection")
_PASS_OF = words_of("db user ftp smtp mysql pg postgres admin redis proxy http")
_TOKENS_OF = words_of("access api auth refresh bearer secret hf github gitlab session user deploy")
_TOKENS_OF_TEXT = words_of(
    "bos eos pad mask unk sep cls special start end stop next prev previous first last new per max min num n image "
    "audio video prompt query class target source blank separator padding unknown begin sentinel word sub"
)
_ABOUT = words_of(
    "count len length size number file filename path dir directory folder id ids type types name names field limit "
    "dim level budget mode policy scope scopes ttl expiry expires expiration lifetime provider manager store "
    "enabled required regex pattern url uri endpoint method strategy classification classifier ratio rate weight "
    "weights loss embedding embeddings mask index idx position accuracy batch threshold overlap step version format "
    "sock timeout retries max min num"
)
"""Last words that speak about a secret and are none themselves."""
_NOT_AUTH = words_of("use require requires required enable no with without skip has is")
_WRAPPING = words_of("value val env header raw b base text plain encoded str string old new current")
"""Last words that change nothing: ``token_value``."""


@functools.lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether an argument, key, variable or query parameter of this name holds a secret.

    ``password``, ``HF_TOKEN``, ``apiKey``, ``conn_str``, ``basic_auth`` do; ``author``, ``tokenizer``,
    ``max_tokens``, ``pad_token``, ``token_count`` and ``password_file`` do not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if _is_pair(words):
        return True
    while len(words) > 1 and words[-1] in _WRAPPING:
        words.pop()
    return bool(words) and words[-1] not in _ABOUT and (_is_pair(words) or _is_word(words))


def _is_word(words: list[str]) -> bool:
    """One word says it, unless the word before takes it back."""
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last == "token":
        return before not in _TOKENS_OF_TEXT
    if last == "tokens":
        return before in _TOKENS_OF
    if last == "auth":
        return before not in _NOT_AUTH
    # "auth" further left describes what follows: auth_backend.
    return any(w in _ALWAYS and w != "auth" for w in words) or last.endswith(_ENDINGS)


def _is_pair(words: list[str]) -> bool:
    """Two words together say it."""
    if len(words) < 2:
        return False
    before, last = words[-2:]
    return (
        (last == "key" and before in _KEY_OF)
        or (last in ("str", "string") and before in _STRING_OF)
        or (last == "pass" and before in _PASS_OF)
    )
