"""Parsing of map/reduce jobs.

A job is inputs and phases.  In JSON, strings are binaries; so they are ``bytes``
from here on, objects are ``dict`` with ``str`` names.  (Riak documentation,
"Using MapReduce".)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from aioriak.testing.erlang import Atom, BadTerm, decode_term, print_term
from aioriak.testing.errors import Refusal

JSON = b"application/json"
ERLANG = b"application/x-erlang-binary"
DEFAULT_TIMEOUT = 60_000


@dataclass(frozen=True, slots=True)
class Input:
    """One key that a map phase reads, with its optional ``data``."""

    type: bytes
    bucket: bytes
    key: bytes
    data: Any = None

    @property
    def term(self) -> Any:
        """The input as phases see it: ``{Bucket, Key}``, or ``{{Bucket, Key}, Data}`` with data or a bucket type."""
        if self.type != b"default":
            return self.place, Atom("undefined") if self.data is None else self.data
        return self.place if self.data is None else (self.place, self.data)

    @property
    def place(self) -> Any:
        """``{Bucket, Key}``, or ``{{Type, Bucket}, Key}``."""
        return (self.bucket if self.type == b"default" else (self.type, self.bucket)), self.key


@dataclass(frozen=True, slots=True)
class Keys:
    """Inputs: these keys."""

    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """Inputs: every key of a bucket that passes the filters."""

    type: bytes
    bucket: bytes
    filters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Indexed:
    """Inputs: the keys that an index query finds."""

    type: bytes
    bucket: bytes
    index: bytes
    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class Searched:
    """Inputs: the keys that a search finds (Riak 2.x)."""

    index: bytes
    query: bytes
    filter: bytes | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """Inputs: the result of a function of the server."""

    module: bytes
    function: bytes
    argument: Any


Inputs = Keys | Whole | Indexed | Searched | Generated


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a job.

    ``function`` is a module and a name, ``None`` for a function given as source; for JavaScript
    a name alone; for a link a bucket and a tag.
    """

    kind: Literal["map", "reduce", "link"]
    language: Literal["erlang", "javascript"]
    function: Any
    argument: Any
    keep: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A whole job; ``timeout`` in milliseconds."""

    inputs: Inputs
    phases: tuple[Phase, ...]
    timeout: int = DEFAULT_TIMEOUT


def parse(body: bytes, content_type: bytes) -> Job:
    """Parse the job of a request.  Raises :class:`Refusal`."""
    if content_type == JSON:
        return _from_json(body)
    if content_type == ERLANG:
        return _from_term(body)
    raise Refusal(f"{{unknown_content_type,{print_term(content_type)}}}")


def binary(value: Any) -> Any:
    """Convert JSON as Riak does: strings become binaries."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")  # half a pair, which JSON can escape
    if isinstance(value, list):
        return [binary(part) for part in value]
    if isinstance(value, dict):
        return {name: binary(part) for name, part in value.items()}
    return value


def _from_json(body: bytes) -> Job:
    try:
        job = json.loads(body.decode())  # loads() itself takes UTF-16 too, and what is no UTF-8
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{{invalid_json,{{{{case_clause,{print_term(str(error))}}},[]}}}}") from None
    if not isinstance(job, dict):
        raise Refusal("not_json")
    if job.get("inputs") is None or job.get("query") is None:
        raise Refusal("missing_field")
    timeout = job.get("timeout", DEFAULT_TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
        timeout = DEFAULT_TIMEOUT
    inputs = _json_inputs(binary(job["inputs"]), job["inputs"])
    query = job["query"]
    if not isinstance(query, list):
        raise Refusal(f'{{\'query\',["The value of the \\"query\\" field was not a list",{json.dumps(query)}]}}')
    phases = tuple(_json_phase(phase, last=number == len(query) - 1) for number, phase in enumerate(query))
    return Job(inputs, phases, int(timeout))


def _bad_inputs(given: Any) -> Refusal:
    return Refusal(f'{{inputs,["Unrecognized format of \\"inputs\\" field:","   ",{json.dumps(json.dumps(given))}]}}')


def _json_inputs(value: Any, given: Any) -> Inputs:
    if isinstance(value, bytes):
        return Whole(b"default", value)
    if isinstance(value, dict):
        return _json_object_inputs(value, given)
    if not isinstance(value, list):
        raise _bad_inputs(given)
    if len(value) == 2 and all(isinstance(part, bytes) for part in value):
        return Whole(value[0], value[1])
    if not value:
        raise Refusal('{inputs,"No inputs were given.\\n"}')
    inputs = []
    for each, raw in zip(value, given, strict=True):
        found = key_of(each)
        if found is None:
            raise _bad_inputs(raw)
        inputs.append(found)
    return Keys(tuple(inputs))


def _json_object_inputs(value: dict[str, Any], given: Any) -> Inputs:
    has = {name for name, part in value.items() if part is not None}
    if {"module", "function", "arg"} <= has:
        return Generated(value["module"], value["function"], value["arg"])
    if "query" in has and has & {"bucket", "index"}:
        return Searched(value.get("index") or value["bucket"], value["query"], value.get("filter"))
    where = value.get("bucket")
    if isinstance(where, list) and len(where) == 2 and all(isinstance(part, bytes) for part in where):
        type, bucket = where
    elif isinstance(where, bytes):
        type, bucket = b"default", where
    else:
        raise _bad_inputs(given)
    if "index" in has and "key" in has:
        return Indexed(type, bucket, value["index"], value["key"], value["key"])
    if {"index", "start", "end"} <= has:
        return Indexed(type, bucket, value["index"], value["start"], value["end"])
    if value.get("key_filters"):
        return Whole(type, bucket, tuple(given["key_filters"]))
    raise _bad_inputs(given)


def key_of(value: Any) -> Input | None:
    """Return the key of an input, or of a phase's result that a map phase receives, given as a list or tuple."""
    if isinstance(value, Input):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        head, tail = value
        if isinstance(head, tuple) and len(head) == 2 and not (isinstance(head[0], bytes) and isinstance(tail, bytes)):
            found = key_of(head)
            return None if found is None else Input(found.type, found.bucket, found.key, tail)
        if isinstance(tail, bytes):
            if isinstance(head, bytes):
                return Input(b"default", head, tail)
            if isinstance(head, tuple) and all(isinstance(part, bytes) for part in head):
                return Input(head[0], head[1], tail)
        return None
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        return None
    bucket, key, *rest = value
    if not isinstance(bucket, bytes) or not isinstance(key, bytes):
        return key_of((bucket, key)) if isinstance(bucket, tuple) and len(value) == 2 else None
    type = rest[1] if len(rest) > 1 else b"default"
    return Input(type, bucket, key, rest[0] if rest else None) if isinstance(type, bytes) else None


def _json_phase(phase: Any, last: bool) -> Phase:
    if not isinstance(phase, dict) or len(phase) != 1 or next(iter(phase)) not in ("map", "reduce", "link"):
        raise Refusal(f"{{'query',[\"Unrecognized format of query phase:\\n\",{json.dumps(json.dumps(phase))}]}}")
    ((kind, step),) = phase.items()
    if not isinstance(step, dict):
        raise Refusal(f"{{'query',[\"Unrecognized format of query phase:\\n\",{json.dumps(json.dumps(phase))}]}}")
    keep = step.get("keep", last)
    if not isinstance(keep, bool):
        raise Refusal("{'query',[\"The \\\"keep\\\" field was not a boolean value in:\\n\"]}")
    if kind == "link":
        target = (binary(step.get("bucket", "_")), binary(step.get("tag", "_")))
        if not all(isinstance(part, bytes) for part in target):
            shown = json.dumps(json.dumps(step))
            raise Refusal(f"{{'query',[\"Invalid link step specification:\\n\",\"   \",{shown}]}}")
        return Phase("link", "erlang", target, None, keep)
    argument = binary(step.get("arg"))
    language = step.get("language")
    if language == "erlang":
        if "module" in step and "function" in step:
            return Phase(kind, "erlang", (binary(step["module"]), binary(step["function"])), argument, keep)
        if "source" in step or ("bucket" in step and "key" in step):
            return Phase(kind, "erlang", None, argument, keep)
        raise Refusal("{'query',[\"No function specified in Erlang phase:\\n\"]}")
    if language == "javascript":
        return Phase(kind, "javascript", binary(step.get("name")), argument, keep)
    if language is None:
        raise Refusal("{'query',[\"No \\\"language\\\" was specified for the phase:\\n\"]}")
    raise Refusal(f"{{'query',[\"Unknown language \",{json.dumps(json.dumps(language))},\" in phase:\\n\"]}}")


def _from_term(body: bytes) -> Job:
    try:
        parts = dict(decode_term(body))
    except (BadTerm, TypeError, ValueError):
        raise Refusal("badarg") from None
    inputs = _term_inputs(parts.get(Atom("inputs")))
    query = parts.get(Atom("query"))
    if not isinstance(query, list):
        raise Refusal(f"{{'query',{{\"Query takes a list of step tuples\",{print_term(query)}}}}}")
    phases = []
    for step in query:
        match step:
            case ("map" | "reduce" as kind, ("modfun", module, function), argument, bool() as keep):
                name = (str(module).encode(), str(function).encode())
                phases.append(Phase(kind, "erlang", name, None if argument == Atom("none") else argument, keep))
            case ("map" | "reduce" as kind, ("strfun", _), argument, bool() as keep):
                phases.append(Phase(kind, "erlang", None, None if argument == Atom("none") else argument, keep))
            case ("link", bucket, tag, bool() as keep):
                target = tuple(b"_" if part == Atom("_") else part for part in (bucket, tag))
                phases.append(Phase("link", "erlang", target, None, keep))
            case _:
                raise Refusal(f"{{'query',{print_term(step)}}}")
    return Job(inputs, tuple(phases), int(parts.get(Atom("timeout"), DEFAULT_TIMEOUT)))


def _term_inputs(value: Any) -> Inputs:
    match value:
        case bytes():
            return Whole(b"default", value)
        case (bytes() as type, bytes() as bucket):
            return Whole(type, bucket)
        case ("index", bucket, bytes() as name, low):
            return Indexed(*_bucket(bucket), name, low, low)
        case ("index", bucket, bytes() as name, low, high):
            return Indexed(*_bucket(bucket), name, low, high)
        case ("modfun", module, function, argument):
            return Generated(str(module).encode(), str(function).encode(), argument)
        case (bucket, list() as filters):
            return Whole(*_bucket(bucket), tuple(filters))
        case list():
            found = [key_of(each) for each in value]
            inputs = [each for each in found if each is not None]
            if len(inputs) == len(found):
                return Keys(tuple(inputs))
    raise Refusal(f'{{inputs,{{"Inputs must be a bucket, a list of target tuples, or a tuple:",{print_term(value)}}}}}')


def _bucket(value: Any) -> tuple[bytes, bytes]:
    if isinstance(value, bytes):
        return b"default", value
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, bytes) for part in value):
        return value
    raise Refusal(f"{{inputs,{print_term(value)}}}")
