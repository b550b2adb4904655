"""What a real Riak was asked, asked again: the development server says the same.

The recorded requests are sent as they were, except that what the recorded
server gave out (clocks, contexts, continuations) is replaced by what this one
gave out in the same place.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from aioriak.riak_pb import MESSAGES
from aioriak.testing import RiakServer
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import OPERATIONS

OWN = {"vclock", "context", "continuation", "vtag", "last_mod", "last_mod_usecs", "node", "server_version"}
"""Fields that every server fills as it likes."""
TOLD_BACK = ("vclock", "context", "continuation")
"""Those that come back in requests."""
NO_ORDER = {"keys", "buckets", "content", "usermeta", "links", "indexes", "set_value", "gset_value", "map_value"}
GENERATED = {"RpbPutResp": "key", "DtUpdateResp": "key"}
PAUSES = {("kv/tombstone-reaped", 2): 5.0}

FAMILIES = {
    "server": ("server/",),
    "key/value": ("kv/",),
    "siblings and listings": ("siblings/", "list/"),
    "properties": ("props/",),
    "data types": ("dt/", "counter/"),
}
"""Scenarios that build on each other go together, on one server."""


def plain(message: Any) -> Any:
    """A message as data, in which a server's own values only count as there or not."""
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        name = field.name
        if name in OWN or GENERATED.get(message.DESCRIPTOR.name) == name:
            found[name] = bool(value) or isinstance(value, int)
        elif field.message_type is None:
            found[name] = list(value) if hasattr(value, "append") else value
        else:
            found[name] = [plain(each) for each in value] if hasattr(value, "add") else plain(value)
        if name in NO_ORDER and isinstance(found[name], list):
            found[name].sort(key=repr)
    return found


def told(frames: list[tuple[int, bytes]]) -> list[Any]:
    """The messages of one step as data; the pieces of a stream are one."""
    whole: list[Any] = []
    for code, body in frames:
        name, kind = MESSAGES[code]
        message = kind.FromString(body) if kind else None
        if name == "RpbErrorResp":
            # past these words there is a stack trace
            words = re.split(r"(?<=^Error processing incoming message)", message.errmsg.decode("utf-8", "replace"))[0]
            whole.append((name, " ".join(words.split())))
            continue
        data = plain(message) if message is not None else {}
        if whole and whole[-1][0] == name:
            joined = whole[-1][1]
            for key, value in data.items():
                more = isinstance(value, list) and key in joined
                joined[key] = sorted(joined[key] + value, key=repr) if more else value
        else:
            whole.append((name, data))
    return whole


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
        streams = operation is not None and operation.streams != "never" and "done" in str(told(recorded))
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
    async with RiakServer("standard", clock=clock) as server:
        for prefix in FAMILIES[family]:
            for name, steps in recorded.items():
                if not name.startswith(prefix):
                    continue
                replay = Replay(await connect(server))
                for number, step in enumerate(steps):
                    clock.advance(PAUSES.get((name, number), 0))
                    frames, closed = await replay.step(step)
                    asked += 1
                    there = (told([(code, bytes.fromhex(body)) for code, body in step["recv"]]), step["closed"])
                    here = (told(frames), closed)
                    if here != there:
                        differences.append((name, number, there, here))
    assert asked
    assert differences == []
