"""In Jupyter's server: passes the gateways' events on to the panel, over a WebSocket.

The WebSocket uses the same origin, login and proxies as the notebooks. So it works wherever
JupyterLab works, also on Binder and on a JupyterHub.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from autograder.livelog.lines import line
from autograder.world.observers import Message, look_on

ROUTE = "unblocked/gateway-log"


def add_route(app: Any) -> None:
    """Serve the events under the server's base URL."""
    app.add_handlers(".*$", [(url_path_join(app.settings["base_url"], ROUTE), GatewayLog)])


class GatewayLog(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One open panel: it gets the past events that are kept, then every new one."""

    auth_resource = "kernels"  # a user who may see the kernels may see what their bots do
    _telling: asyncio.Task[None] | None = None

    def set_default_headers(self) -> None:
        """Do nothing: a WebSocket needs no page headers; a kernel's WebSocket sends none either."""

    @ws_authenticated
    async def get(self, *arguments: Any, **keywords: Any) -> None:
        may = self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        if not await ensure_async(may):
            raise web.HTTPError(403)
        await super().get(*arguments, **keywords)

    def open(self, *arguments: Any, **keywords: Any) -> None:
        super().open(*arguments, **keywords)
        self._telling = asyncio.create_task(self._tell(), name="live log")

    def on_message(self, message: str | bytes) -> None:
        """Do nothing: the panel only receives."""

    def on_close(self) -> None:
        super().on_close()
        if self._telling is not None:
            self._telling.cancel()

    async def _tell(self) -> None:
        try:
            # The events' `at` is from the same clock: all processes of a machine share it.
            await self._write({"now": time.monotonic()})
            async with contextlib.aclosing(look_on()) as messages:
                async for message in messages:
                    await self._write(shown(message))
        except WebSocketClosedError:
            pass
        finally:
            self.close()  # the panel connects again if it is still open

    async def _write(self, message: Message) -> None:
        await self.write_message(json.dumps(message))


def shown(message: Message) -> Message:
    """Return a message as the panel needs it: an event gets its line, and loses other facts."""
    if "event" not in message:
        return message
    event = message["event"]
    facts = {name: event[name] for name in ("t", "at", "bot")}
    if "gap" in event:
        facts["gap"] = event["gap"]
    return {
        "gateway": message["gateway"],
        "event": event["event"],
        **facts,
        "line": line(event),
    }
