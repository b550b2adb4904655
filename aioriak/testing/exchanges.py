"""Recorded exchanges with a server: their file, and what of a reply can be compared with another server's.

The file is JSON: scenario names to lists of steps, as in ``tests/data``.  A step has

``name``
    The name of the request message; ``RAW`` if no message has its code.
``send``
    The whole frame of the request, hexadecimal.
``recv``
    The replies: pairs of a message code and a body, hexadecimal.
``closed``
    Whether the server closed the connection afterwards; ``null`` if nobody looked.
``connection``, ``pause``
    Optional: the number of the connection within the scenario (default 0), and the seconds that passed since
    the step before (default 0).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError, Message

from aioriak.riak_pb import MESSAGES
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import FIND_KEYS, INDEX, MAP_REDUCE, OPERATIONS, Operation

Reply = tuple[int, bytes]
"""A message code and a body."""

SET_UP = "bucket types"
"""The scenario that asks for the properties of the bucket types that the others need."""


class BadRecording(ValueError):
    """A file is not a recording of exchanges."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request with its replies."""

    name: str
    send: bytes
    recv: tuple[Reply, ...] = ()
    closed: bool | None = False
    connection: int = 0
    pause: float = 0.0

    @property
    def code(self) -> int:
        """The message code of the request."""
        return self.send[4]

    @property
    def operation(self) -> Operation[Any, Any] | None:
        """The operation of the request, if its code is known."""
        return OPERATIONS.get(self.code)

    def request(self) -> Message | None:
        """Return the request message; ``None`` if it has no body or cannot be decoded."""
        return decode(self.code, self.send[5:])


Recording = dict[str, list[Step]]
"""Scenarios by name, in the order in which they were recorded."""


def load(path: str | Path) -> Recording:
    """Read a recording; raises :class:`BadRecording` and :class:`OSError`."""
    try:
        given = json.loads(Path(path).read_bytes())
        return {str(name): [_step(step) for step in steps] for name, steps in given.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRecording(f"{path} is not a recording: {type(error).__name__}: {error}") from None


def dump(recording: Mapping[str, Iterable[Step]]) -> str:
    """Return the text of a recording."""
    scenarios = {name: [_row(step) for step in steps] for name, steps in recording.items()}
    return json.dumps(scenarios, indent=1) + "\n"


def _step(row: Mapping[str, Any]) -> Step:
    send = bytes.fromhex(row["send"])
    if len(send) < 5:
        raise ValueError("a request has at least five bytes")
    return Step(
        name=str(row["name"]),
        send=send,
        recv=tuple((int(code), bytes.fromhex(body)) for code, body in row["recv"]),
        closed=None if row["closed"] is None else bool(row["closed"]),
        connection=int(row.get("connection", 0)),
        pause=float(row.get("pause", 0)),
    )


def _row(step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": step.name,
        "send": step.send.hex(),
        "recv": [[code, body.hex()] for code, body in step.recv],
        "closed": step.closed,
    }
    if step.connection:
        row["connection"] = step.connection
    if step.pause:
        row["pause"] = step.pause
    return row


# -- messages -----------------------------------------------------------------------


def message_name(code: int) -> str:
    """Return the name of a message, ``RAW`` for an unknown code."""
    return MESSAGES[code][0] if code in MESSAGES else "RAW"


def decode(code: int, body: bytes) -> Message | None:
    """Return the message, ``None`` if it has no body or cannot be decoded."""
    kind = MESSAGES.get(code, ("", None))[1]
    try:
        return kind.FromString(body) if kind else None
    except DecodeError:
        return None


def is_last(step_request: bytes, code: int, body: bytes) -> bool:
    """Whether no other message answers this request after this one."""
    operation = OPERATIONS.get(step_request[4])
    if code == 0 or operation is None or operation.streams == "never":
        return True
    request = decode(step_request[4], step_request[5:])
    if request is None or not operation.streaming(request):
        return True
    reply = decode(code, body)
    return reply is None or "done" not in reply.DESCRIPTOR.fields_by_name or reply.done  # type: ignore[attr-defined]


# -- what one server gave, instead of what the other did -----------------------------

_GIVEN = ("vclock", "context", "continuation")
"""Opaque values of replies that come back in requests."""
_GENERATED = ("RpbPutResp", "DtUpdateResp")
"""Replies whose key the server generated."""


@dataclass(slots=True)
class Translation:
    """The opaque values and generated keys of the recorded server, and those of this one in their place."""

    known: dict[bytes, bytes] = field(default_factory=dict)

    def learn(self, recorded: Iterable[Reply], here: Iterable[Reply]) -> None:
        """Compare two answers to one request."""
        for (their_code, theirs), (our_code, ours) in zip(recorded, here, strict=False):
            their_message, our_message = decode(their_code, theirs), decode(our_code, ours)
            if their_code != our_code or their_message is None or our_message is None:
                continue
            names = (*_GIVEN, "key") if message_name(our_code) in _GENERATED else _GIVEN
            for name in names:
                there, now = getattr(their_message, name, b""), getattr(our_message, name, b"")
                if there and now:
                    self.known[there] = now

    def request(self, frame: bytes) -> bytes:
        """Return a recorded request with the values of this server."""
        message = decode(frame[4], frame[5:])
        if not self.known or message is None or not self.apply(message):
            return frame
        return encode_frame(frame[4], message.SerializePartialToString())

    def apply(self, message: Message) -> bool:
        """Replace the recorded server's values in a message; return whether there was one."""
        changed = False
        for descriptor, value in message.ListFields():
            name = descriptor.name
            if isinstance(value, bytes):
                translated = self._bytes(message, name, value)
                if translated != value:
                    setattr(message, name, translated)
                    changed = True
            elif isinstance(value, Message):
                changed |= self.apply(value)
            elif descriptor.message_type is not None:
                for each in value:
                    changed |= self.apply(each)
            elif hasattr(value, "append"):
                for place, each in enumerate(value):
                    if each in self.known:
                        value[place] = self.known[each]
                        changed = True
        return changed

    def _bytes(self, message: Message, name: str, value: bytes) -> bytes:
        if value in self.known:
            return self.known[value]
        if (message.DESCRIPTOR.name, name) in (("RpbMapRedReq", "request"), ("RpbMapRedResp", "response")):
            try:
                return json.dumps(self._json(json.loads(value))).encode()
            except (ValueError, RecursionError):
                return value
        return value

    def _json(self, value: Any) -> Any:
        if isinstance(value, str):
            found = self.known.get(value.encode("utf-8", "surrogateescape"))
            return value if found is None else found.decode("utf-8", "surrogateescape")
        if isinstance(value, list):
            return [self._json(each) for each in value]
        if isinstance(value, dict):
            return {name: self._json(each) for name, each in value.items()}
        return value


# -- what can be compared -----------------------------------------------------------

OPAQUE = frozenset({
    "vclock", "context", "continuation", "vtag", "last_mod", "last_mod_usecs", "node", "server_version",
    "level_one", "level_two",
    "RpbKeysValue.value", "RpbClusterMemberEntry.port", "RpbPutResp.key", "DtUpdateResp.key",
})  # fmt: skip
"""Fields that every server fills in its own way; only their presence is compared."""
_OBJECT_SIZE = "RpbKeysCount.count"  # of a fold that finds large objects
OF_THE_CLUSTER = frozenset({
    "RpbClusterMemberEntry.ip", "RpbBucketKeyPreflistItem.partition", "cover_context", "crc_check",
    "replencoded_object", _OBJECT_SIZE,
})  # fmt: skip
"""Fields that depend on the nodes' addresses, the size of the ring and the storage backend."""
_NO_ORDER = frozenset({
    "keys", "buckets", "content", "usermeta", "links", "indexes", "set_value", "gset_value", "map_value",
    "bucket_list", "keys_value", "keys_count",
})  # fmt: skip
_STORAGE = (b"total_size", b"sizes")  # rows of statistics that depend on the storage backend
_HEADS = re.compile(
    r"Error processing (incoming|stream) message|{invalid_json,|Invalid term regular expression|{inputs,"
    r"|Phase 0: (The PhaseSpec part of the argument|invalid module named in PhaseSpec function)"
    r'|{"phase":0,"error":'
)
"""The text after these words is a stack trace or the text of one library."""

View = list[tuple[str, Any]]
"""Replies as data: a name and fields for each message, where the messages of a stream are one."""


def view(step: Step, replies: Iterable[Reply], opaque: frozenset[str] = OPAQUE) -> View:
    """Return what can be compared of the replies to the request of a step."""
    frames = list(replies)
    if frames and all(code == MAP_REDUCE.reply_code for code, _ in frames):
        return _phases(frames)
    request = step.request()
    unordered = step.code == INDEX.request_code and request is not None and not request.HasField("max_results")
    if step.code != FIND_KEYS.request_code or not getattr(request, "finder", 0):
        opaque -= {_OBJECT_SIZE}
    whole: View = []
    for code, body in frames:
        name, message = message_name(code), decode(code, body)
        if code == 0 and message is not None:
            text = " ".join(getattr(message, "errmsg", b"").decode("utf-8", "replace").split())
            head = _HEADS.match(text)
            whole.append((name, {"errmsg": head[0] if head else text}))
            continue
        data = _plain(message, opaque) if message is not None else {"body": body} if body else {}
        if whole and whole[-1][0] == name:
            joined = whole[-1][1]
            for key, value in data.items():
                more = isinstance(value, list) and key in joined
                joined[key] = sorted(joined[key] + value, key=repr) if more else value
        else:
            whole.append((name, data))
    if unordered:
        for _, data in whole:
            if "results" in data:
                data["results"].sort(key=repr)
    return whole


class _Present:
    """Stands for an opaque value."""

    def __repr__(self) -> str:
        return "<present>"


PRESENT = _Present()


def _plain(message: Message, opaque: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for descriptor, value in message.ListFields():
        name = descriptor.name
        if name in opaque or f"{message.DESCRIPTOR.name}.{name}" in opaque:
            found[name] = PRESENT if value or isinstance(value, int) else b""
        elif isinstance(value, Message):
            found[name] = _plain(value, opaque)
        elif descriptor.message_type is not None:
            found[name] = [_plain(each, opaque) for each in value]
        else:
            found[name] = list(value) if hasattr(value, "append") else value
        if name == "keys_count":
            found[name] = [row for row in found[name] if row["tag"] not in _STORAGE]
        if name in _NO_ORDER and isinstance(found[name], list):
            found[name].sort(key=repr)
    return found


def _phases(frames: Iterable[Reply]) -> View:
    """Return what each phase of map/reduce returned, in whatever pieces and order."""
    phases: dict[int, list[Any]] = {}
    done = False
    for _, body in frames:
        message = MAP_REDUCE.decode(body)
        if message.HasField("response"):
            phases[message.phase] = sorted(phases.get(message.phase, []) + json.loads(message.response), key=repr)
        done = message.done
    data = {f"phase {number}": values for number, values in sorted(phases.items())}
    return [("RpbMapRedResp", {**data, "done": done})]


def lines(view: View) -> list[str]:
    """Return the fields of messages as readable lines, one for each value."""
    told = []
    for name, data in view:
        told.append(name)
        told += [f"    {path}: {shown}" for path, shown in _flat(data, "")]
    return told


def request_lines(step: Step) -> list[str]:
    """Return the request of a step as readable lines."""
    request = step.request()
    if request is None:
        body = step.send[5:]
        return [f"{message_name(step.code)} (code {step.code})" + (f" {body.hex()}" if body else "")]
    return lines([(message_name(step.code), _plain(request, frozenset()))])


_LONG = 120


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(each, f"{path}[{number}]")
        if not value:
            yield path, "[]"
    elif isinstance(value, bytes):
        yield path, _shown(value)
    else:
        yield path, json.dumps(value) if isinstance(value, (str, bool)) else repr(value)


def _shown(value: bytes) -> str:
    """Return bytes as a literal; of long ones the beginning, the size and a checksum."""
    shown = repr(value[:_LONG])[1:]
    return shown if len(value) <= _LONG else f"{shown}… ({len(value)} bytes, CRC-32 {zlib.crc32(value):08x})"
