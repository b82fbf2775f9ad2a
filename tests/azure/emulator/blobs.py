"""Blob storage, as far as run artifacts and code snapshots need it: blobs, blocks, ranges."""

from __future__ import annotations

import re
from hashlib import md5
from xml.sax.saxutils import escape

from .messages import BYTES, XML, Answer, Request
from .state import State

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_BLOCK = re.compile(r"<(?:Latest|Uncommitted)>(.*?)</")
_USUAL = {
    "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT",
    "x-ms-version": "2024-01-01",
    "x-ms-request-id": "00000000-0000-0000-0000-000000000000",
    "x-ms-blob-type": "BlockBlob",
}


def answer(state: State, request: Request) -> Answer:
    """What an account answers; its signatures are not checked."""
    if request.query.get("sig") is None and not request.bearer:
        return _refused(403, "AuthenticationFailed")
    if request.method == "PUT":
        return _put(state, request)
    if request.query.get("comp") == "list":
        return _listed(state, request)
    content = state.blobs.get(request.path)
    return _refused(404, "BlobNotFound") if content is None else _got(request, content)


def _put(state: State, request: Request) -> Answer:
    kind, path = request.query.get("comp"), request.path
    if kind == "block":
        state.blocks.setdefault(path, {})[request.query["blockid"]] = request.body
    elif request.query.get("restype") == "container" or kind == "metadata":
        return Answer(200 if kind else 201, headers=_USUAL)
    elif request.headers.get("if-none-match") == "*" and path in state.blobs:
        return _refused(409, "BlobAlreadyExists")
    elif kind == "blocklist":
        blocks = state.blocks.pop(path, {})
        state.blobs[path] = b"".join(blocks[name] for name in _BLOCK.findall(request.body.decode()))
    else:
        state.blobs[path] = request.body
    return Answer(201, headers={**_USUAL, "ETag": _tag(request.body)})


def _got(request: Request, content: bytes) -> Answer:
    headers = {**_USUAL, "ETag": _tag(content), "Accept-Ranges": "bytes"}
    wanted = _RANGE.match(request.headers.get("x-ms-range") or request.headers.get("range") or "")
    if wanted is None:
        return Answer(200, content, BYTES, headers)
    first, last = int(wanted[1]), int(wanted[2] or len(content))
    if first >= len(content):
        return _refused(416, "InvalidRange")
    part = content[first : last + 1]
    headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
    return Answer(206, part, BYTES, headers)


def _listed(state: State, request: Request) -> Answer:
    top = request.path.rstrip("/") + "/"
    names = sorted(name for name in state.blobs if name.startswith(top + request.query.get("prefix", "")))
    told = "".join(
        f"<Blob><Name>{escape(name.removeprefix(top))}</Name><Properties><Content-Length>{len(state.blobs[name])}"
        "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name in names
    )
    text = f"<?xml version='1.0'?><EnumerationResults><Blobs>{told}</Blobs><NextMarker/></EnumerationResults>"
    return Answer(200, text.encode(), XML, _USUAL)


def _refused(status: int, code: str) -> Answer:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Answer(status, text.encode(), XML, {**_USUAL, "x-ms-error-code": code})


def _tag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'
