"""How a connection's payloads become frames: plain text, zlib-stream or zstd-stream.

A stream is one compressor for the life of a connection, flushed after every payload. discord.py
asks for zstd-stream when `zstandard` can be imported, else for zlib-stream; hikari likewise, and
refuses plain text once it has asked for a stream.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

Encoder = Callable[[Any], str | bytes]


def encoder(wanted: str | None) -> Encoder:
    """Return the function that turns a payload into a frame (str = text, bytes = binary).

    Raises ValueError, with a sentence, for a stream that cannot be made here.
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
        # The suffix 00 00 FF FF that libraries look for is what a sync flush leaves.
        return data + compressor.flush(zlib.Z_SYNC_FLUSH)

    return encode


def _zstd_stream() -> Encoder:
    try:
        import zstandard  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ValueError(
            "the bot asked for zstd-stream, but the gateway's Python has no `zstandard`: "
            "install it beside the gateway, or remove it beside the bot"
        ) from None
    compressor = zstandard.ZstdCompressor().compressobj()

    def encode(payload: Any) -> bytes:
        data: bytes = compressor.compress(as_text(payload).encode())
        return data + bytes(compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    return encode
