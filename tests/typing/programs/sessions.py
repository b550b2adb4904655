# pyright: strict
"""Sessions of a web site, with a conflict resolver."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TypedDict, reveal_type

from aioriak import Bucket, ConflictError, RetryPolicy, RiakClient, RiakContent, RiakObject, Timeouts
from aioriak.error import PreconditionFailed


class Session(TypedDict):
    """What a session holds."""

    user: str
    seen: list[str]


def union(robject: RiakObject[Session]) -> None:
    """Keep the pages of all siblings."""
    reveal_type(robject.siblings)  # revealed: list[RiakContent[Session]]
    newest = max(robject.siblings, key=lambda content: content.last_modified or 0.0)
    pages = {page for content in robject.siblings for page in content.data["seen"]}
    newest.data = {"user": newest.data["user"], "seen": sorted(pages)}
    robject.siblings = [newest]


class Sessions:
    """The sessions of a web site."""

    def __init__(self, client: RiakClient) -> None:
        self.bucket: Bucket[RiakObject[Session]] = client.bucket("sessions")
        self.bucket.resolver = union

    async def begin(self, user: str) -> str:
        """Store a new session and return its key."""
        while True:
            session = await self.bucket.new(secrets.token_hex(), {"user": user, "seen": []})
            reveal_type(session)  # revealed: RiakObject[Session]
            try:
                stored = await session.store(if_none_match=True)
            except PreconditionFailed:
                continue
            reveal_type(stored.data)  # revealed: Session
            return str(stored.key)

    async def visit(self, key: str, page: str) -> Session | None:
        """Remember a page, and return the session if there is one."""
        session = await self.bucket.get(key)
        if not session.exists:
            return None
        session.data["seen"].append(page)
        await session.store(return_body=False)
        return session.data

    async def old(self, keys: list[str]) -> list[str]:
        """Return the keys of sessions that were not used for an hour."""
        limit = datetime.now(UTC) - timedelta(hours=1)
        found: list[str] = []
        for session in await self.bucket.multiget(keys):
            if isinstance(session, tuple):
                print(session[3])
                continue
            reveal_type(session)  # revealed: RiakObject[Session]
            if session.modified_at is not None and session.modified_at < limit:
                found.append(str(session.key))
        return found

    def user_of(self, content: RiakContent[Session]) -> str:
        """Return the user of one sibling."""
        return content.data["user"]


async def run() -> None:
    """Use the sessions."""
    settings = Timeouts(connect=timedelta(seconds=1), request=5.0)
    reveal_type(settings.connect)  # revealed: float | None
    async with RiakClient(["a", "b"], timeouts=settings, retry=RetryPolicy(attempts=2), key_aware=True) as client:
        reveal_type(client)  # revealed: RiakClient
        sessions = Sessions(client.with_options(request_timeout=timedelta(seconds=1), retry_writes=True))
        key = await sessions.begin("ada")
        try:
            print(await sessions.visit(key, "/"))
        except ConflictError as conflict:
            print(conflict.value)


async def mistakes(sessions: Sessions) -> None:
    """Mistakes that an editor underlines."""
    session = await sessions.bucket.get("x")
    session.data["sen"]  # expect-error: typeddict-item, reportGeneralTypeIssues
    session.data = {"user": "ada"}  # expect-error: typeddict-item, reportAttributeAccessIssue
    session.data = None  # expect-error: assignment, reportAttributeAccessIssue
    Timeouts(conect=3)  # expect-error: call-arg, reportCallIssue
    Timeouts(request="3")  # expect-error: arg-type, reportArgumentType
    sessions.bucket.resolver = "newest"  # expect-error: assignment, reportAttributeAccessIssue
    sessions.bucket.client.with_options(max_size=3)  # expect-error: call-arg, reportCallIssue
