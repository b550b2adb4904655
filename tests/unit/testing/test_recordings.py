"""What a real Riak was asked, asked again: the development server says the same.

The recorded requests are sent as they were, except that what the recorded
server gave out (clocks, contexts, continuations) is replaced by what this one
gave out in the same place.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aioriak.riak_pb import MESSAGES
from aioriak.testing import RiakServer
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import INDEX, MAP_REDUCE, OPERATIONS

OWN = {
    "vclock", "context", "continuation", "vtag", "last_mod", "last_mod_usecs", "node", "server_version",
    "level_one", "level_two", "RpbKeysValue.value", "RpbClusterMemberEntry.port", "RpbPutResp.key", "DtUpdateResp.key",
}  # fmt: skip
"""Fields that every server fills as it likes."""
TOLD_BACK = ("vclock", "context", "continuation")
"""Those that come back in requests."""
NO_ORDER = {
    "keys", "buckets", "content", "usermeta", "links", "indexes", "set_value", "gset_value", "map_value",
    "bucket_list", "keys_value", "keys_count",
}  # fmt: skip
STORAGE = (b"total_size", b"sizes")
"""Rows of statistics that speak of how much room a storage engine takes."""
HEADS = re.compile(
    r"Error processing (incoming|stream) message|{invalid_json,|Invalid term regular expression|{inputs,"
    r"|Phase 0: (The PhaseSpec part of the argument|invalid module named in PhaseSpec function)"
    r'|{"phase":0,"error":'
)
"""Past these words an error is a stack trace, or explains at length."""
PAUSES = {("kv/tombstone-reaped", 2): 5.0}

FAMILIES = {
    "server": ("server/",),
    "key/value": ("kv/",),
    "siblings and listings": ("siblings/", "list/"),
    "properties": ("props/",),
    "data types": ("dt/", "counter/"),
    "secondary indexes": ("2i/",),
    "map/reduce": ("mr/",),
    "cluster": ("cluster/", "repl/"),
    "folds, which see everything": ("",),
}
"""Scenarios that build on each other go together, on one server."""


def plain(message: Any) -> Any:
    """A message as data, in which a server's own values only count as there or not."""
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        name = field.name
        if name in OWN or f"{message.DESCRIPTOR.name}.{name}" in OWN:
            found[name] = bool(value) or isinstance(value, int)
        elif field.message_type is None:
            found[name] = list(value) if hasattr(value, "append") else value
        else:
            found[name] = [plain(each) for each in value] if hasattr(value, "add") else plain(value)
        if name == "keys_count":
            found[name] = [row for row in found[name] if row["tag"] not in STORAGE]
        if name in NO_ORDER and isinstance(found[name], list):
            found[name].sort(key=repr)
    return found


def map_reduced(frames: list[tuple[int, bytes]]) -> list[Any]:
    """What each phase returned, in whatever pieces and order."""
    phases: dict[int, list[Any]] = {}
    for code, body in frames:
        message = MESSAGES[code][1].FromString(body)
        if message.HasField("response"):
            phases[message.phase] = sorted(phases.get(message.phase, []) + json.loads(message.response), key=repr)
    return [("RpbMapRedResp", phases, message.done)]


def told(frames: list[tuple[int, bytes]], *, sort: bool = False) -> list[Any]:
    """The messages of one step as data; the pieces of a stream are one.

    ``sort``: an index query that was not paged, whose results come in any order.
    """
    if frames and all(code == MAP_REDUCE.reply_code for code, _ in frames):
        return map_reduced(frames)
    whole: list[Any] = []
    for code, body in frames:
        name, kind = MESSAGES[code]
        message = kind.FromString(body) if kind else None
        if name == "RpbErrorResp":
            words = " ".join(message.errmsg.decode("utf-8", "replace").split())
            head = HEADS.match(words)
            whole.append((name, head[0] if head else words))
            continue
        data = plain(message) if message is not None else {}
        if whole and whole[-1][0] == name:
            joined = whole[-1][1]
            for key, value in data.items():
                more = isinstance(value, list) and key in joined
                joined[key] = sorted(joined[key] + value, key=repr) if more else value
        else:
            whole.append((name, data))
    for _, data in whole:
        if sort and "results" in data:
            data["results"].sort(key=repr)
    return whole


def unpaged(frame: bytes) -> bool:
    """Whether this is an index query for everything at once."""
    return frame[4] == INDEX.request_code and not INDEX.request.FromString(frame[5:]).HasField("max_results")


class Replay:
    """Asks one server what another was asked."""

    def __init__(self, peer: Any) -> None:
        self.peer = peer
        self.instead: dict[bytes, bytes] = {}

    def request(self, frame: bytes) -> bytes:
        """A recorded frame with this server's clocks in it."""
        code, body = frame[4], frame[5:]
        kind = MESSAGES.get(code, ("", None))[1]
        try:
            message = kind.FromString(body) if kind else None
        except Exception:
            return frame  # recorded because it cannot be decoded
        if message is None:
            return frame
        for field, value in message.ListFields():
            if value.__class__ is bytes and value in self.instead:
                setattr(message, field.name, self.instead[value])
        return encode_frame(code, message.SerializePartialToString())

    async def step(self, step: dict[str, Any]) -> tuple[list[tuple[int, bytes]], bool]:
        """The frames that answer a recorded request, and whether the server hung up."""
        recorded = [(code, bytes.fromhex(body)) for code, body in step["recv"]]
        frame = bytes.fromhex(step["send"])
        self.peer.writer.write(self.request(frame))
        frames: list[tuple[int, bytes]] = []
        operation = OPERATIONS.get(frame[4])
        streams = (
            operation is not None
            and operation.streams != "never"
            and operation.streaming(operation.request.FromString(frame[5:]))
        )
        while True:
            try:
                frames.append(await self.peer.frame())
            except EOFError:
                return frames, True
            code, body = frames[-1]
            if code == 0 or not streams or MESSAGES[code][1].FromString(body).done:
                break
        if recorded and frames and recorded[-1][0] == frames[-1][0]:
            self._learn(recorded[-1], frames[-1])
        if step["closed"]:
            return frames, await self.peer.gone()
        return frames, False

    def _learn(self, theirs: tuple[int, bytes], ours: tuple[int, bytes]) -> None:
        kind = MESSAGES[theirs[0]][1]
        if kind is None:
            return
        their_message, our_message = kind.FromString(theirs[1]), kind.FromString(ours[1])
        for name in TOLD_BACK:
            value = getattr(their_message, name, b"")
            if value:
                self.instead[value] = getattr(our_message, name)


@pytest.mark.parametrize("family", FAMILIES)
async def test_the_server_answers_as_riak_did(family, recorded, connect, clock):
    differences = []
    asked = 0
    # the recorded server's ring had eight partitions
    async with RiakServer("standard", clock=clock, ring_size=8) as server:
        for prefix in FAMILIES[family]:
            for name, steps in recorded.items():
                if not name.startswith(prefix):
                    continue
                replay = Replay(await connect(server))
                for number, step in enumerate(steps):
                    clock.advance(PAUSES.get((name, number), 0))
                    frames, closed = await replay.step(step)
                    asked += 1
                    sort = unpaged(bytes.fromhex(step["send"]))
                    recv = [(code, bytes.fromhex(body)) for code, body in step["recv"]]
                    there, here = (told(recv, sort=sort), step["closed"]), (told(frames, sort=sort), closed)
                    if here != there:
                        differences.append((name, number, there, here))
    assert asked
    assert differences == []
