"""Map/reduce: jobs, and a builder of jobs.

Riak 3 runs phases in Erlang; Riak 2.x runs JavaScript and link phases too.
Riak's documentation: "Using MapReduce", "Advanced MapReduce".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, cast, runtime_checkable

from aioriak.error import InvalidRequest, InvalidType
from aioriak.operations import mapreduce
from aioriak.operations.mapreduce import Inputs, PhaseResult
from aioriak.operations.names import Name
from aioriak.operations.options import Timeout
from aioriak.operations.stream import Stream
from aioriak.queries.keyfilter import RiakKeyFilter
from aioriak.runtime import BucketTypeView, BucketView, HasRuntime, KeyView, Runtime

__all__ = ["MapReduce", "PhaseResult", "RiakMapReduce"]

Options = Mapping[str, object]
Function = str | Sequence[str]
_MODULE = "riak_kv_mapreduce"


@runtime_checkable
class _Object(KeyView, Protocol):
    """An object, which unlike a bucket has attributes ``bucket`` and ``key``."""


class RiakMapReduce:
    """A builder of one job: inputs first, then phases.  Each method but ``run`` and ``stream`` returns the builder.

    ::

        job = client.mapreduce.job().add_bucket("orders")
        total = await job.map_object_value().reduce_string_to_integer().reduce_sum().run()

    The ``options`` of a phase: ``keep`` returns its results, as those of the last phase always are; ``arg`` is
    an argument for its function; ``language`` is ``"erlang"``, or ``"javascript"`` with Riak 2.x.
    """

    def __init__(self, client: HasRuntime) -> None:
        self._runtime = client._runtime
        self._keys: list[list[Any]] = []
        self._inputs: Any = None
        self._filters: list[Any] = []
        self._phases: list[dict[str, dict[str, Any]]] = []

    # -- inputs -------------------------------------------------------------------------------

    def add(
        self,
        arg1: _Object | BucketView | Name,
        arg2: Name | Sequence[Name | Sequence[object]] | None = None,
        arg3: object = None,
        bucket_type: BucketTypeView | Name | None = None,
    ) -> Self:
        """Add an object, a whole bucket, or keys of a bucket, each with optional data for the map function."""
        if isinstance(arg1, _Object):
            return self.add_object(arg1)
        if arg2 is None:
            return self.add_bucket(arg1, bucket_type)
        if isinstance(arg2, (str, bytes)):
            return self.add_bucket_key_data(arg1, arg2, arg3, bucket_type)
        for key in arg2:
            if isinstance(key, (str, bytes)):
                self.add_bucket_key_data(arg1, key, arg3, bucket_type)
            else:
                name, data = cast("tuple[Name, object]", (*key, arg3)[:2])
                self.add_bucket_key_data(arg1, name, data, bucket_type)
        return self

    def add_object(self, obj: _Object) -> Self:
        """Add the key of an object.  Raises :class:`~aioriak.error.InvalidType` without a key."""
        if obj.key is None:
            raise InvalidType("an object without a key cannot be an input of a map/reduce job")
        return self.add_bucket_key_data(obj.bucket, obj.key, None)

    def add_bucket_key_data(
        self,
        bucket: BucketView | Name,
        key: Name,
        data: object = None,
        bucket_type: BucketTypeView | Name | None = None,
    ) -> Self:
        """Add a key, with optional data for the map function."""
        if self._inputs is not None:
            raise InvalidRequest("keys cannot be added to a job whose input is a bucket, an index query or a search")
        kind, name = _names(bucket, bucket_type)
        pair = [name, _text(key)]
        self._keys.append([*pair, data] if kind is None else [*pair, data, kind])
        return self

    def add_bucket(self, bucket: BucketView | Name, bucket_type: BucketTypeView | Name | None = None) -> Self:
        """Add every key of a bucket, or those that key filters select.  This reads the whole cluster."""
        return self._set_inputs(_bucket_input(bucket, bucket_type))

    def add_key_filters(self, key_filters: Sequence[Sequence[object]] | RiakKeyFilter) -> Self:
        """Add steps to the key filter, which only a whole bucket as input can have."""
        return self._filter(list(key_filters))

    def add_key_filter(self, *args: object) -> Self:
        """Add one step to the key filter, by its name and arguments, or a whole filter."""
        if len(args) == 1 and isinstance(args[0], RiakKeyFilter):
            return self._filter(list(args[0]))
        return self._filter([list(args)])

    def _filter(self, steps: list[Any]) -> Self:
        if self._keys or isinstance(self._inputs, dict):
            raise InvalidRequest("key filters need a whole bucket as the input")
        self._filters += steps
        return self

    def index(
        self,
        bucket: BucketView | Name,
        index: Name,
        startkey: int | Name,
        endkey: int | Name | None = None,
        bucket_type: BucketTypeView | Name | None = None,
    ) -> Self:
        """Add the keys that an index query matches: one term, or with ``endkey`` a range."""
        inputs: dict[str, Any] = {"bucket": _bucket_input(bucket, bucket_type), "index": _text(index)}
        if endkey is None:
            inputs["key"] = _term(startkey)
        else:
            inputs |= {"start": _term(startkey), "end": _term(endkey)}
        return self._set_inputs(inputs)

    def search(self, index: Name, query: str) -> Self:
        """Add the keys that a search query matches (Riak 2.x)."""
        name = _text(index)
        return self._set_inputs({"bucket": name, "index": name, "query": query})

    def module(self, module: str, function: str, arg: object) -> Self:
        """Add the inputs that an Erlang function of the server returns."""
        return self._set_inputs({"module": module, "function": function, "arg": arg})

    def _set_inputs(self, inputs: Any) -> Self:
        if self._keys or self._inputs is not None:
            raise InvalidRequest("a job has one kind of inputs: keys, a bucket, an index query, a search or a module")
        if self._filters and isinstance(inputs, dict):
            raise InvalidRequest("key filters need a whole bucket as the input")
        self._inputs = inputs
        return self

    # -- phases -------------------------------------------------------------------------------

    def link(self, bucket: Name = "_", tag: Name = "_", keep: bool = False) -> Self:
        """Add a phase that follows links, to a given bucket and with a given tag, or all of them."""
        self._phases.append({"link": {"bucket": _text(bucket), "tag": _text(tag), "keep": keep}})
        return self

    def map(self, function: Function, options: Options | None = None) -> Self:
        """Add a map phase: ``["module", "function"]`` of Erlang, or the name or source of a JavaScript function."""
        return self._phase("map", function, options)

    def reduce(self, function: Function, options: Options | None = None) -> Self:
        """Add a reduce phase; ``function`` as for :meth:`map`."""
        return self._phase("reduce", function, options)

    def _phase(self, kind: str, function: Function, options: Options | None) -> Self:
        given = dict(options or {})
        keep, argument = given.pop("keep", False), given.pop("arg", None)
        language = given.pop("language", "javascript" if isinstance(function, str) else "erlang")
        if given:
            raise TypeError(f"a phase has no option {', '.join(sorted(given))}; its options are keep, arg, language")
        step: dict[str, Any] = {"language": language, "keep": keep}
        if isinstance(function, str):
            step["source" if language == "erlang" or "{" in function else "name"] = function
        else:
            first, second = function
            names = ("module", "function") if language == "erlang" else ("bucket", "key")
            step |= dict(zip(names, (first, second), strict=True))
        if argument is not None:
            step["arg"] = argument
        self._phases.append({kind: step})
        return self

    def _built_in(self, kind: str, function: str, options: Options | None, argument: Any = None) -> Self:
        extra = {} if argument is None else {"arg": argument}
        return self._phase(kind, [_MODULE, function], {**extra, **(options or {})})

    # -- functions of the server, in Erlang -----------------------------------------------------

    def map_identity(self, options: Options | None = None) -> Self:
        """Add a map phase that returns each object itself, for a reduce phase."""
        return self._built_in("map", "map_identity", options)

    def map_object_value(self, options: Options | None = None) -> Self:
        """Add a map phase that returns each object's value.  Keys not found are left out, unless ``arg`` is changed."""
        return self._built_in("map", "map_object_value", options, "filter_notfound")

    def map_object_value_list(self, options: Options | None = None) -> Self:
        """Add a map phase that returns the elements of each object's value, a list."""
        return self._built_in("map", "map_object_value_list", options, "filter_notfound")

    def reduce_identity(self, options: Options | None = None) -> Self:
        """Add a reduce phase that returns bucket and key of each input."""
        return self._built_in("reduce", "reduce_identity", options)

    def reduce_set_union(self, options: Options | None = None) -> Self:
        """Add a reduce phase that drops duplicates."""
        return self._built_in("reduce", "reduce_set_union", options)

    def reduce_plist_sum(self, options: Options | None = None) -> Self:
        """Add a reduce phase that sums the values of lists of pairs by name."""
        return self._built_in("reduce", "reduce_plist_sum", options)

    def reduce_string_to_integer(self, options: Options | None = None) -> Self:
        """Add a reduce phase that converts texts to whole numbers."""
        return self._built_in("reduce", "reduce_string_to_integer", options)

    def reduce_count_inputs(self, options: Options | None = None) -> Self:
        """Add a reduce phase that counts its inputs."""
        return self._built_in("reduce", "reduce_count_inputs", options)

    def reduce_sum(self, options: Options | None = None) -> Self:
        """Add a reduce phase that sums numbers."""
        return self._built_in("reduce", "reduce_sum", options)

    def reduce_sort(self, js_cmp: str | None = None, options: Options | None = None) -> Self:
        """Add a reduce phase that sorts, with ``js_cmp`` by a JavaScript comparison function (Riak 2.x)."""
        if js_cmp is not None:
            return self.reduce("Riak.reduceSort", {"arg": js_cmp, **(options or {})})
        return self._built_in("reduce", "reduce_sort", options)

    # -- functions of the server, in JavaScript (Riak 2.x) ---------------------------------------

    def map_values(self, options: Options | None = None) -> Self:
        """Add a map phase that returns each object's value, ``not_found`` for a missing key (Riak 2.x)."""
        return self.map("Riak.mapValues", options)

    def map_values_json(self, options: Options | None = None) -> Self:
        """Add a map phase that returns each object's value decoded from JSON (Riak 2.x)."""
        return self.map("Riak.mapValuesJson", options)

    def reduce_min(self, options: Options | None = None) -> Self:
        """Add a reduce phase that returns the smallest value (Riak 2.x)."""
        return self.reduce("Riak.reduceMin", options)

    def reduce_max(self, options: Options | None = None) -> Self:
        """Add a reduce phase that returns the largest value (Riak 2.x)."""
        return self.reduce("Riak.reduceMax", options)

    def reduce_numeric_sort(self, options: Options | None = None) -> Self:
        """Add a reduce phase that sorts numbers (Riak 2.x)."""
        return self.reduce("Riak.reduceNumericSort", options)

    def reduce_limit(self, n: int, options: Options | None = None) -> Self:
        """Add a reduce phase that returns the first ``n`` values (Riak 2.x)."""
        return self.reduce("Riak.reduceLimit", {"arg": n, **(options or {})})

    def reduce_slice(self, start: int, end: int, options: Options | None = None) -> Self:
        """Add a reduce phase that returns the values from ``start`` to before ``end`` (Riak 2.x)."""
        return self.reduce("Riak.reduceSlice", {"arg": [start, end], **(options or {})})

    def filter_not_found(self, options: Options | None = None) -> Self:
        """Add a reduce phase that drops ``not_found`` values (Riak 2.x)."""
        return self.reduce("Riak.filterNotFound", options)

    # -- running it -----------------------------------------------------------------------------

    @property
    def inputs(self) -> Any:
        """The inputs as they are sent.  Raises :class:`~aioriak.error.InvalidRequest` when there are none."""
        if self._keys:
            return self._keys
        if self._inputs is None:
            raise InvalidRequest("a job needs inputs: add an object, keys, a bucket, an index query or a search")
        if self._filters:
            return {"bucket": self._inputs, "key_filters": self._filters}
        return self._inputs

    @property
    def query(self) -> list[dict[str, dict[str, Any]]]:
        """The phases as they are sent.  A job without phases returns the buckets and keys of its inputs."""
        if not self._phases:
            return [{"reduce": {"language": "erlang", "module": _MODULE, "function": "reduce_identity", "keep": True}}]
        phases = [{kind: dict(step) for kind, step in phase.items()} for phase in self._phases]
        for step in phases[-1].values():
            step["keep"] = True
        return phases

    async def run(self, timeout: Timeout | None = None) -> Any:
        """Run the job; return a list of results, or with several kept phases a dict of such lists by phase.

        The results of a job that ends in a link phase, or has no phases, are tuples of bucket, key and tag.
        ``timeout`` is a ``timedelta`` or milliseconds.

        Raises :class:`~aioriak.error.MapReduceError` with the phase and the reason.
        """
        found = await MapReduce(self._runtime).run(self.inputs, self.query, timeout)
        if isinstance(found, list) and (not self._phases or "link" in self._phases[-1]):
            return [(row[0], row[1], row[2] if len(row) > 2 else None) for row in found]
        return found

    async def stream(self, timeout: Timeout | None = None) -> Stream[PhaseResult]:
        """Run the job and stream its results one by one: pairs of a phase's number and a result.

        ``async for batch in stream.chunks()`` gives lists of such pairs, as the server sent them.
        ``timeout`` is a ``timedelta`` or milliseconds, for the job and for each wait.
        """
        return MapReduce(self._runtime).stream(self.inputs, self.query, timeout)

    def __repr__(self) -> str:
        kinds = [next(iter(phase)) for phase in self._phases]
        return f"<RiakMapReduce {', '.join(kinds) or 'no phases'}>"


class MapReduce:
    """The map/reduce jobs of a client: ``client.mapreduce``."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def job(self) -> RiakMapReduce:
        """Return a builder of a job."""
        return RiakMapReduce(self)

    async def run(self, inputs: Inputs, query: Sequence[Mapping[str, object]], timeout: Timeout | None = None) -> Any:
        """Run a job whose inputs and phases are given as in Riak's JSON; :meth:`job` builds them step by step.

        Returns a list of results, or with several kept phases a dict of such lists by phase.
        ``timeout`` is a ``timedelta`` or milliseconds.

        Raises :class:`~aioriak.error.MapReduceError` with the phase and the reason.
        """
        phases: dict[int, list[Any]] = {}
        async for phase, data in self.stream(inputs, query, timeout):
            phases.setdefault(phase, []).append(data)
        if len(phases) > 1:
            return {phase: phases[phase] for phase in sorted(phases)}
        return next(iter(phases.values()), [])

    def stream(
        self, inputs: Inputs, query: Sequence[Mapping[str, object]], timeout: Timeout | None = None
    ) -> Stream[PhaseResult]:
        """Stream the results of a job as given to :meth:`run`: pairs of a phase's number and a result."""
        return mapreduce.stream(self._runtime.dispatcher, inputs, query, timeout)


def _names(bucket: BucketView | Name, bucket_type: BucketTypeView | Name | None) -> tuple[str | None, str]:
    """Return the bucket type, ``None`` for the default, and the bucket."""
    kind: Any = bucket_type
    name: Any = bucket
    if not isinstance(bucket, (str, bytes)):
        name = bucket.name
        kind = bucket.bucket_type if bucket_type is None else bucket_type
    if kind is not None and not isinstance(kind, (str, bytes)):
        kind = kind.name
    found = None if kind is None else _text(kind)
    return (None if found == "default" else found), _text(name)


def _bucket_input(bucket: BucketView | Name, bucket_type: BucketTypeView | Name | None) -> Any:
    kind, name = _names(bucket, bucket_type)
    return name if kind is None else [kind, name]


def _term(value: int | Name) -> Any:
    return _text(value) if isinstance(value, (str, bytes)) else value


def _text(value: Any) -> str:
    """Return a name as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InvalidRequest(f"a map/reduce job is JSON and cannot contain the name {value!r}") from None
    raise InvalidType(f"a name must be a string or bytes, not {value!r}")
