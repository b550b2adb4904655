# pyright: strict
"""A web application (ASGI) that reads and writes one user per request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, reveal_type

from aioriak import Bucket, ClientOptions, OutcomeUnknown, RiakClient, RiakError, RiakObject

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

OPTIONS: ClientOptions = {"max_size": 4, "request_timeout": timedelta(seconds=2), "allow_listing": "error"}


class Application:
    """The application and the client that its requests share."""

    def __init__(self, url: str) -> None:
        self.client = RiakClient.from_url(url, **OPTIONS)
        self.users = self.client.bucket("users")
        reveal_type(self.users)  # revealed: Bucket[RiakObject[Any]]

    async def __call__(self, scope: Scope, send: Send) -> None:
        key: str = scope["path"].removeprefix("/users/")
        try:
            if scope["method"] == "GET":
                await self.show(key, send)
            else:
                await self.rename(key, scope["name"], send)
        except OutcomeUnknown as error:
            await reply(send, 503, {"error": f"{error.operation} at {error.node}", "retry": False})
        except RiakError as error:
            await reply(send, 502, {"error": error.value, "retry": not error.outcome_unknown})

    async def show(self, key: str, send: Send) -> None:
        """Answer with a user, or with "not found"."""
        user = await self.users.get(key, r="quorum", timeout=timedelta(milliseconds=500))
        reveal_type(user)  # revealed: RiakObject[Any]
        if not user.exists:
            await reply(send, 404, {})
            return
        modified = user.modified_at
        reveal_type(modified)  # revealed: datetime | None
        await reply(send, 200, {**user.data, "modified": None if modified is None else modified.isoformat()})

    async def rename(self, key: str, name: str, send: Send) -> None:
        """Change a user's name without losing what others change meanwhile."""

        def change(user: RiakObject) -> None:
            user.data = {**(user.data or {}), "name": name}
            user.set_index("name_bin", name)

        changed = await self.users.update(key, change)
        reveal_type(changed)  # revealed: RiakObject[Any]
        reveal_type(changed.vclock)  # revealed: bytes | None
        await reply(send, 200, changed.data)


async def reply(send: Send, status: int, body: object) -> None:
    """Send a reply as JSON."""
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def mistakes(users: Bucket[RiakObject]) -> None:
    """Mistakes that an editor underlines."""
    user = await users.get("ada")
    await user.stor()  # expect-error: attr-defined, reportAttributeAccessIssue
    user.vclok = b""  # expect-error: attr-defined, reportAttributeAccessIssue
    user.increment()  # expect-error: attr-defined, reportAttributeAccessIssue
    user.exists = True  # expect-error: misc, reportAttributeAccessIssue
    user.store()  # expect-error: unused-coroutine, reportUnusedCoroutine
    await users.get("ada", timeout=2.5)  # expect-error: arg-type, reportArgumentType
    await users.get("ada", quorum=2)  # expect-error: call-arg, reportCallIssue
    await users.get("ada", r="most")  # expect-error: arg-type, reportArgumentType
    await RiakClient.create(max_szie=3)  # expect-error: call-arg, reportCallIssue
    RiakClient("localhost", request_timeout="2s")  # expect-error: arg-type, reportArgumentType
    options: ClientOptions = {"max_szie": 4}  # expect-error: typeddict-unknown-key, reportAssignmentType
    print(options)
