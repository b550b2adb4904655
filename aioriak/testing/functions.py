"""Riak's built-in map/reduce functions, in Python.

Those of the Erlang module ``riak_kv_mapreduce``, and the JavaScript ones of
Riak 2.x.  A map function takes an object (``None``: not found), the input and the
phase's argument; a reduce function takes a list and the argument.
(Riak documentation, "MapReduce: Built-in Functions".)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from aioriak.testing.erlang import Atom, order
from aioriak.testing.mapreduce import Input, binary
from aioriak.testing.robject import RiakObj

Map = Callable[[RiakObj | None, Input, Any], list[Any]]
Reduce = Callable[[list[Any], Any], list[Any]]

NOT_FOUND = (Atom("error"), Atom("notfound"))


class PhaseError(Exception):
    """A function failed on its input; ``reason`` is Erlang's term for the error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _absent(found: Input, argument: Any) -> list[Any]:
    if argument == b"filter_notfound":
        return []
    if argument == b"include_notfound":
        return [NOT_FOUND]
    if argument == b"include_keydata":
        return [found.data]
    if isinstance(argument, dict) and list(argument) == ["sub"]:
        return list(argument["sub"])
    raise PhaseError("function_clause")


def from_source(*given: Any) -> list[Any]:
    """Refuse a function given as source: Riak 3 starts no worker for it."""
    raise PhaseError("[worker_startup_failed]")


def map_identity(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    """Return the object itself, which cannot leave the job as JSON."""
    return [NOT_FOUND if obj is None else obj]


def map_object_value(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    """Return the object's value."""
    return _absent(found, argument) if obj is None else [_value(obj)]


def map_object_value_list(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    """Return the elements of the object's value; a value that a client stored is never a list."""
    if obj is None:
        return _absent(found, argument)
    return []


def _value(obj: RiakObj) -> bytes:
    if len(obj.contents) != 1:
        raise PhaseError("{badmatch,[_,_|_]}")
    return obj.contents[0].value


def reduce_identity(values: list[Any], argument: Any) -> list[Any]:
    """Return bucket and key of every input."""
    pairs = []
    for value in values:
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise PhaseError("{nocatch,{unhandled_entry,_}}")
        pair, *_ = value
        with_data = isinstance(value, tuple) and isinstance(pair, tuple) and len(pair) == 2
        pairs.append(list(pair if with_data else value))
    return pairs[::-1]


def reduce_set_union(values: list[Any], argument: Any) -> list[Any]:
    """Return each value once."""
    return list({repr(value): value for value in values}.values())


def reduce_sort(values: list[Any], argument: Any) -> list[Any]:
    """Return the values in Erlang's order."""
    return sorted(values, key=order)


def reduce_sum(values: list[Any], argument: Any) -> list[Any]:
    """Return the sum of numbers."""
    numbers = [value for value in values if not _is_not_found(value)]
    if not all(_is_number(value) for value in numbers):
        raise PhaseError("badarith")
    return [sum(numbers)]


def reduce_plist_sum(values: list[Any], argument: Any) -> list[Any]:
    """Return sums by name, of ``{Name, Number}`` pairs."""
    sums: dict[Any, Any] = {}
    pending = list(values)
    while pending:
        value = pending.pop(0)
        if isinstance(value, list):
            pending[:0] = value
        elif isinstance(value, tuple) and len(value) == 2 and _is_number(value[1]):
            sums[value[0]] = sums.get(value[0], 0) + value[1]
        else:
            raise PhaseError("function_clause")
    return list(sums.items())


def reduce_string_to_integer(values: list[Any], argument: Any) -> list[Any]:
    """Return the integers that strings stand for."""
    return [_integer(value) for value in values if not _is_not_found(value)]


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        value = bytes(value)
    if not isinstance(value, bytes):
        raise PhaseError("function_clause")
    if not re.fullmatch(rb"[+-]?[0-9]+", value):
        raise PhaseError("badarg")
    return int(value)


def reduce_count_inputs(values: list[Any], argument: Any) -> list[Any]:
    """Return the number of inputs; an integer counts as its value."""
    return [sum(value if isinstance(value, int) and not isinstance(value, bool) else 1 for value in values)]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_not_found(value: Any) -> bool:
    if isinstance(value, dict):
        return "not_found" in value
    return isinstance(value, tuple) and len(value) > 1 and value[0] == "not_found"


_MODULE = b"riak_kv_mapreduce"

ERLANG_MAPS: dict[tuple[bytes, bytes], Map] = {
    (_MODULE, b"map_identity"): map_identity,
    (_MODULE, b"map_object_value"): map_object_value,
    (_MODULE, b"map_object_value_list"): map_object_value_list,
}
ERLANG_REDUCES: dict[tuple[bytes, bytes], Reduce] = {
    (_MODULE, b"reduce_identity"): reduce_identity,
    (_MODULE, b"reduce_set_union"): reduce_set_union,
    (_MODULE, b"reduce_sort"): reduce_sort,
    (_MODULE, b"reduce_sum"): reduce_sum,
    (_MODULE, b"reduce_plist_sum"): reduce_plist_sum,
    (_MODULE, b"reduce_string_to_integer"): reduce_string_to_integer,
    (_MODULE, b"reduce_count_inputs"): reduce_count_inputs,
}


def _js_not_found(found: Input) -> dict[str, Any]:
    return {"not_found": {"bucket": found.bucket, "key": found.key, "keydata": found.data}}


def _js_map_values(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    return [_js_not_found(found)] if obj is None else [content.value for content in obj.live[:1]]


def _js_map_values_json(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    if obj is None:
        return [_js_not_found(found)]
    try:
        return [binary(json.loads(content.value)) for content in obj.live[:1]]
    except (ValueError, RecursionError):
        raise PhaseError("[{<<\"message\">>,<<\"SyntaxError: JSON.parse\">>}]") from None


def _js_map_by_fields(obj: RiakObj | None, found: Input, argument: Any) -> list[Any]:
    wanted = argument if isinstance(argument, dict) else {}
    return [
        value
        for value in _js_map_values_json(obj, found, argument)
        if isinstance(value, dict) and all(value.get(name) == part for name, part in wanted.items())
    ]


def _js_sort(values: list[Any], argument: Any) -> list[Any]:
    return sorted(values, key=order)


def _js_limit(values: list[Any], argument: Any) -> list[Any]:
    return values[: int(argument or 0)]


def _js_slice(values: list[Any], argument: Any) -> list[Any]:
    start, end = argument
    return values[start:end]


def _js_extreme(choose: Callable[[list[Any]], Any]) -> Reduce:
    return lambda values, argument: [choose(values)] if values else []


JAVASCRIPT_MAPS: dict[bytes, Map] = {
    b"Riak.mapValues": _js_map_values,
    b"Riak.mapValuesJson": _js_map_values_json,
    b"Riak.mapByFields": _js_map_by_fields,
}
JAVASCRIPT_REDUCES: dict[bytes, Reduce] = {
    b"Riak.filterNotFound": lambda values, argument: [value for value in values if not _is_not_found(value)],
    b"Riak.reduceSum": reduce_sum,
    b"Riak.reduceMin": _js_extreme(min),
    b"Riak.reduceMax": _js_extreme(max),
    b"Riak.reduceSort": _js_sort,
    b"Riak.reduceNumericSort": _js_sort,
    b"Riak.reduceLimit": _js_limit,
    b"Riak.reduceSlice": _js_slice,
}
