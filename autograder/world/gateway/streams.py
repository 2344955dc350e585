"""How a connection's payloads become frames: plain text, zlib-stream or zstd-stream.

A stream is one compressor for the whole connection, flushed after every payload. discord.py and
hikari ask for zstd-stream on Python 3.14, or where `zstandard` can be imported, and otherwise for
zlib-stream. hikari refuses plain text after it has asked for a stream.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import zlib
from collections.abc import Callable
from typing import Any

Encoder = Callable[[Any], str | bytes]


def encoder(wanted: str | None) -> Encoder:
    """Return the function that makes a frame of a payload (str: text, bytes: binary).

    Raises ValueError, with a sentence, for a compression that this Python cannot make.
    """
    if wanted is None or wanted == "":
        return as_text
    if wanted == "zlib-stream":
        return _zlib_stream()
    if wanted == "zstd-stream":
        return _zstd_stream()
    raise ValueError(f"the gateway does not know the compression {wanted!r}")


def as_text(payload: Any) -> str:
    return json.dumps(payload, separators=(",", ":"))


def _zlib_stream() -> Encoder:
    compressor = zlib.compressobj()

    def encode(payload: Any) -> bytes:
        data = compressor.compress(as_text(payload).encode())
        # A sync flush ends with 00 00 FF FF, the suffix that libraries look for.
        return data + compressor.flush(zlib.Z_SYNC_FLUSH)

    return encode


def _zstd_stream() -> Encoder:
    compressor = _zstd().ZstdCompressor()

    def encode(payload: Any) -> bytes:
        data: bytes = compressor.compress(as_text(payload).encode(), compressor.FLUSH_BLOCK)
        return data

    return encode


def _zstd() -> Any:
    """Return Python 3.14's zstd module, or the package with the same names for older versions."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ValueError(
        "the bot asked for zstd-stream, and the gateway's Python cannot make one: "
        "pip install backports.zstd beside the gateway"
    )
