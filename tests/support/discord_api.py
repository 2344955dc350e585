"""Discord's HTTP API as its document says it, and calls whose bodies and answers are compared."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
from bare_client import Client
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from autograder.world.gateway.server import GatewayServer

Json = dict[str, Any]


class Document:
    """Discord's API as its document says it."""

    def __init__(self, path: str) -> None:
        self._whole = json.loads(Path(path).read_bytes())
        resource = Resource.from_contents(self._whole, default_specification=DRAFT202012)
        self._registry: Any = Registry().with_resource("urn:api", resource)
        self._validators: dict[str, Draft202012Validator] = {}
        self.operations: dict[str, Json] = {
            f"{method.upper()} {path}": operation
            for path, methods in self._whole["paths"].items()
            for method, operation in methods.items()
            if method != "parameters"
        }

    def wrong(self, pointer: str, value: Any) -> str:
        """Return what is wrong with a value for the schema at a pointer; "" when it fits."""
        if pointer not in self._validators:
            schema = {"$ref": f"urn:api#{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        error = next(self._validators[pointer].iter_errors(value), None)
        if error is None:
            return ""
        inner = [item.message for item in error.context or ()]
        return f"{error.json_path}: {error.message[:300]} {inner[:3]}"

    def pointer(self, operation: str, *more: str) -> str:
        """Return the pointer to a part of an operation."""
        method, path = operation.split()
        parts = ("paths", path, method.lower(), *more)
        return "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)

    def wrong_body(self, operation: str, body: Any) -> str:
        content = self.operations[operation].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return "" if body is None else "this call has no body"
        more = ("requestBody", "content", "application/json", "schema")
        return self.wrong(self.pointer(operation, *more), body)

    def made_up_body(self, operation: str) -> Any:
        """Return the smallest body that an operation's schema asks for; None when it has none."""
        content = self.operations[operation].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        return self._made_up(content["application/json"]["schema"])

    def _made_up(self, schema: Json) -> Any:
        if "$ref" in schema:
            target: Any = self._whole
            for part in schema["$ref"].split("/")[1:]:
                target = target[part]
            return self._made_up(target)
        for known in ("const", "enum"):
            if known in schema:
                return schema[known] if known == "const" else schema[known][0]
        if "allOf" in schema:
            parts = [self._made_up(part) for part in schema["allOf"]]
            return {name: value for part in parts for name, value in part.items()}
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self._made_up(schema[choice][0])
        kind = schema.get("type", "null")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            wanted = schema.get("required", ())
            return {name: self._made_up(schema["properties"][name]) for name in wanted}
        if kind == "array":
            return [self._made_up(schema["items"])] * schema.get("minItems", 0)
        text = "7" if "pattern" in schema else "x" * max(1, schema.get("minLength", 1))
        number = schema.get("minimum", 1)
        return {"string": text, "integer": number, "number": number, "boolean": True}.get(kind)

    def wrong_answer(self, operation: str, status: int, value: Any) -> str:
        responses = self.operations[operation]["responses"]
        name = str(status) if str(status) in responses else "4XX"
        if status >= 500 or name not in responses:
            return f"the status {status} is not one of {sorted(responses)}"
        if name == "4XX":
            return self.wrong("/components/schemas/ErrorResponse", value)
        if "application/json" not in responses[name].get("content", {}):
            return "" if value is None else "there is an answer where there should be none"
        more = ("responses", name, "content", "application/json", "schema")
        return self.wrong(self.pointer(operation, *more), value)


class Api:
    """Calls operations by their names in the document, and checks what comes back."""

    def __init__(self, document: Document | None, one: GatewayServer, client: Client) -> None:
        self.document, self.one, self.client = document, one, client
        self.called: Counter[str] = Counter()

    async def raw(
        self, operation: str, body: Any = None, query: Json | None = None, **ids: str
    ) -> tuple[int, Any, Any]:
        """Return the status, the JSON and the headers of an answer."""
        method, path = operation.split()
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, path
        sent = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body}
        url = self.one.rest_url + path
        headers = {"Authorization": f"Bot {self.one.token}", "X-Audit-Log-Reason": "a test"}
        async with self.client.http.request(
            method, url, params=query, headers=headers, **({} if body is None else sent)
        ) as response:
            kind = response.content_type
            value = await response.json() if kind == "application/json" else None
            return response.status, value, response.headers

    async def __call__(
        self, operation: str, body: Any = None, query: Json | None = None, **ids: str
    ) -> Any:
        """Make a call that has to succeed, in the document's shapes on both sides."""
        if self.document and not isinstance(body, aiohttp.FormData) and body is not None:
            assert not (wrong := self.document.wrong_body(operation, body)), (operation, wrong)
        status, value, headers = await self.raw(operation, body, query, **ids)
        assert status < 300, (operation, status, value)
        wrong = self.document and self.document.wrong_answer(operation, status, value)
        assert not wrong, f"{operation}: {wrong}\n{json.dumps(value)[:2000]}"
        assert "X-RateLimit-Bucket" in headers
        self.called[operation] += 1
        return value

    async def refused(self, error: int, operation: str, /, **ids: str) -> None:
        status, value, _ = await self.raw(operation, **ids)
        assert (status, value["code"]) == (404, error), (operation, status, value)

    async def event(self, name: str) -> Json:
        """Return the data of the next event of this name."""
        event = await asyncio.wait_for(self.client.until(event=name), 20)
        return dict(event["d"])
