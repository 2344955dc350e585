"""The limit on sends, and the headers about limits that every answer has."""

from __future__ import annotations

import time

from autograder.world.gateway.call import Refused
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.session import Bot

# The headers of a route without a limit. discord.py 2.7.1 sends as many requests of a route at the
# same time as `Limit` allows; with 1 of 1 it sends one after the other and never waits, as it does
# without headers. So the order of a bot's messages is the order of its sends.
FREE = {
    "X-RateLimit-Limit": "1",
    "X-RateLimit-Remaining": "1",
    "X-RateLimit-Reset-After": "0.000",
}


def free(bucket: str) -> dict[str, str]:
    """Return the headers of an answer without a limit."""
    return {**FREE, "X-RateLimit-Reset": f"{time.time():.3f}", "X-RateLimit-Bucket": bucket}


def take(hub: Hub, bot: Bot, channel: str) -> None:
    """Count a send to a channel. Raises Refused, a 429, when there were too many.

    discord.py and its forks take a 429 without the header `Via` for a ban by Cloudflare, and stop.
    """
    limit = hub.settings.sends
    if not limit:
        return
    sent = hub.sent[bot.number, channel]
    instant, window = time.monotonic(), hub.settings.sends_window
    while sent and instant - sent[0] >= window:
        sent.popleft()
    if len(sent) < limit:
        sent.append(instant)
        return
    wait = round(window - (instant - sent[0]), 3)
    hub.journal.record("limited", bot.number, retry_after=wait)
    refused = Refused(429, 0, "You are being rate limited.", retry_after=wait)
    refused.body["global"] = False
    refused.headers |= {**headers_of(hub, bot, channel), "Retry-After": f"{wait:.3f}"}
    refused.headers |= {"X-RateLimit-Scope": "user", "Via": "1.1 unblocked"}
    raise refused


def headers_of(hub: Hub, bot: Bot, channel: str) -> dict[str, str]:
    """Return the headers of the limit on sends; none when there is no limit."""
    limit = hub.settings.sends
    if not limit:
        return {}
    sent = hub.sent[bot.number, channel]
    window = hub.settings.sends_window
    wait = window - (time.monotonic() - sent[0]) if sent else 0.0
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(limit - len(sent)),
        "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": f"send-{channel}",
    }
