"""No secret that a run meets is written down: neither in the store nor below the home."""

import os
from pathlib import Path
from typing import Annotated, Any

import pytest

import tracked
from tracked import Secret, tags, track, tracked_training
from tracked.redact import MASK, is_secret_name

BODY = "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"

SHAPES = {
    "GitHub token": f"ghp_{BODY}",
    "GitHub fine-grained token": f"github_pat_11ABCDEFG0{BODY}",
    "GitLab token": "glpat-xQ7pLm2Zt9Rk4Wv8Yb1N",
    "Hugging Face token": f"hf_{BODY[:34]}",
    "OpenAI key": f"sk-proj-{BODY}{BODY}",
    "Anthropic key": f"sk-ant-api03-{BODY}-{BODY}",
    "AWS access key": "AKIAQ3EGRXV6T2YZP7LM",
    "Google key": f"AIzaSy{BODY[:33]}",
    "Databricks token": "dapi0123456789abcdef0123456789abcdef",
    "Slack token": f"xoxb-123456789012-{BODY}",
    "npm token": f"npm_{BODY}",
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0{BODY}.{BODY}",
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "database URL": "postgresql://scott:pg-tiger-9X@db.example.org:5432/runs",
    "store URL": "mongodb+srv://root:mongo-pw-4T@cluster.example.org/x",
    "proxy": "http://me:proxy-pw-7Z@proxy.example.org:8080",
    "Azure connection string": f"DefaultEndpointsProtocol=https;AccountName=n;AccountKey={BODY}==;EndpointSuffix=s",
    "SAS URL": f"https://a.blob.core.windows.net/c/b?sv=2022&sig={BODY}%3D&se=2030",
    "signed S3 URL": f"https://b.s3.amazonaws.com/k?X-Amz-Expires=9&X-Amz-Signature={BODY}",
    "ODBC string": "Driver={ODBC};Server=s;Uid=u;Pwd=odbc-pw-5R;Encrypt=yes",
    "API key in a query": f"https://api.example.org/v1?key={BODY}&q=1",
}
PIECES = {
    **{
        name: text
        for name, text in SHAPES.items()
        if "://" not in text and ";" not in text and "\n" not in text
    },
    "private key": BODY + "\n",
    "database URL": "pg-tiger-9X",
    "store URL": "mongo-pw-4T",
    "proxy": "proxy-pw-7Z",
    "Azure connection string": f"AccountKey={BODY}",
    "SAS URL": f"sig={BODY}",
    "signed S3 URL": f"Signature={BODY}",
    "ODBC string": "odbc-pw-5R",
    "API key in a query": f"key={BODY}",
}
"""What of each shape is the secret."""
ENVIRON = "correct-horse-battery-staple"
BY_NAME, BY_MARK, BY_TYPE = "hunter2-by-its-name", "1234-by-its-mark", "swordfish-by-its-type"
TAGGED, LABELLED, RETURNED = "rosebud-of-the-options", "rosebud-of-a-label", "rosebud-of-a-result"
BLOCK, LATER, NESTED = "opensesame-of-a-block", "abracadabra-of-later", "alohomora-in-a-config"
ALL = {
    **PIECES,
    **{v: v for v in (ENVIRON, BY_NAME, BY_MARK, BY_TYPE, TAGGED, LABELLED, RETURNED, BLOCK, LATER, NESTED)},
}


class SecretStr:
    """As pydantic has it: hides itself, and is read by asking."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


SecretStr.__module__ = "pydantic.types"


@tracked_training(tags={"basic_auth": TAGGED, "endpoint": f"https://x/?n={ENVIRON}"})
def train(
    shapes: Any,
    password: str,
    pin: Annotated[str, Secret],
    hidden: Any,
    config: Any,
    url: str,
    plain: str,
    **more: Any,
) -> dict[str, Any]:
    """Touch every path by which a text gets into a run."""
    track.params(shapes, api_key=LATER, again=LATER, beside=f"x {BY_MARK} y", padded=[BY_NAME] * 2000)
    track.params(plain=f"changed {ENVIRON}")
    track.tag({"url": url, "said": f"with {pin}", "access_token": LABELLED, ENVIRON: 1, "typed": BY_TYPE})
    track.tag({f"shape {i}": text for i, text in enumerate(shapes.values())})
    track.note(f"# Note\n\npassword: {password}, again {LATER}, {config['login']['secret']} and {shapes}")
    with track.run(f"block {ENVIRON}", tags={"of": BLOCK, "session": LATER}, token=BLOCK, copy=f"{BLOCK}!"):
        track.tag(inside=BLOCK)
    return {
        "acc": 0.5,
        "endpoint": f"https://x/?t={ENVIRON}",
        "echo": BY_NAME,
        "token": RETURNED,
        "nested": {"api_key": [RETURNED]},
    }


@tracked_training
def fails(password: str, shape: str) -> None:
    """Its error tells what it was given."""
    raise ValueError(f"cannot log in with {password} at {shape}, environment {ENVIRON}")


@tracked_training
def outer(shapes: dict[str, str]) -> None:
    """Fails with the secrets of what it called."""
    for shape in shapes.values():
        with pytest.raises(ValueError, match="cannot log in"):
            fails(BY_NAME, shape)
    fails(BY_NAME, next(iter(shapes.values())))


def everything(*folders: Path) -> bytes:
    """Names and contents of all files."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in files)


def test_no_secret_is_written_down(tmp_path, home, monkeypatch, capsys):
    """Params, tags, names, notes, errors, tracebacks, results, params.json, journals: ``***`` in every place."""
    monkeypatch.setenv("SOME_API_KEY", ENVIRON)
    store = tmp_path / "store"
    store.mkdir()
    tracked.setup_mlflow("secrets", tracking_uri=f"sqlite:///{store}/mlflow.db")
    config = {"login": {"user": "u", "secret": NESTED}, "seen": [NESTED], ENVIRON: 1}
    train(
        SHAPES, BY_NAME, BY_MARK, SecretStr(BY_TYPE), config, f"https://x/?p={BY_NAME}", "p", webhook=ENVIRON
    )
    with pytest.raises(ValueError, match="cannot log in"):
        outer(SHAPES)
    journals = everything(home)
    assert tracked.sync()
    written = journals + everything(home, store) + capsys.readouterr().err.encode()
    assert [] == [name for name, secret in ALL.items() if secret.encode() in written]
    assert MASK.encode() in written
    assert b"cannot log in with ***" in written
    assert b"AccountName=n" in written


def test_a_secret_enters_no_key():
    """Calls that differ in secrets only are the same work, wherever the secret stands."""

    def key(password: str) -> str:
        return train.key(
            {}, password, "1", SecretStr(password), {}, f"https://x/?p={password}", f"a {password}"
        )

    assert key("hunter2-by-its-name") == key("swordfish-by-its-type")


def test_a_short_secret_does_not_hide_innocent_texts():
    """A password of a few letters is masked where it stands, and the same letters elsewhere are left alone."""
    from tracked.testing import captured

    with captured() as runs:
        train({}, "abc", "1", None, {"login": {"secret": ""}}, "", "abc-def")
        assert ("***", "abc-def") == tuple(runs["train"].params[k] for k in ("password", "plain"))


def test_none_of_our_tags_is_called_like_a_secret():
    """Tags of ours are never masked because of their names."""
    ours = [value for name, value in vars(tags).items() if name.isupper() and isinstance(value, str)]
    assert [] == list(filter(is_secret_name, ours))


def test_the_environment_is_read_again_when_it_changes(monkeypatch):
    """A secret that is set later is hidden from then on, and one that was there is still known."""
    from tracked.redact import secret_values

    monkeypatch.setenv("OLD_API_KEY", "first-secret-value")
    assert "first-secret-value" in secret_values(os.environ)
    monkeypatch.setenv("NEW_API_KEY", "second-secret-value")
    assert {"first-secret-value", "second-secret-value"} <= set(secret_values(os.environ))
    monkeypatch.delenv("OLD_API_KEY")
    assert "first-secret-value" not in secret_values(os.environ)
