"""A port on loopback for an aiohttp application."""

from __future__ import annotations

import errno
import socket

from aiohttp import web

from autograder.outcomes import UserMistake


async def listen(
    app: web.Application, port: int, what: str, *, handler_cancellation: bool = False
) -> tuple[web.AppRunner, int]:
    """Serve `app` on 127.0.0.1 (port 0: a free one), and return its runner and the port.

    With `handler_cancellation` a handler is cancelled as soon as its client has gone.
    Raises UserMistake when the port is taken, or not allowed to this user.
    """
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
    except (OSError, OverflowError) as error:
        reason = {errno.EADDRINUSE: "is taken", errno.EACCES: "is not allowed to you"}
        why = reason.get(getattr(error, "errno", None) or 0, f"cannot be used ({error})")
        raise UserMistake(
            f"port {port} {why}, so {what} did not start: choose another port, or 0 for a free one"
        ) from None
    # shutdown_timeout: the server must end even if a bot keeps its connection open.
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=0.1,
        handler_cancellation=handler_cancellation,
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner, int(listener.getsockname()[1])
