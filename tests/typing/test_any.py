"""``Any`` in public signatures: each one is known, and has a reason."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

PACKAGE = pathlib.Path(__file__).parents[2] / "aioriak"

PUBLIC = [
    "client.py", "client_options.py", "bucket.py", "riak_object.py", "content.py", "resolver.py", "codec.py",
    "config.py", "security.py", "error.py", "admin/*.py", "compat/*.py", "datatypes/*.py", "observability/*.py",
    "queries/*.py",
    "models/buckets.py", "models/fields.py", "models/model.py", "models/query.py", "operations/cluster.py",
    "operations/datatypes.py", "operations/folds.py", "operations/indexes.py", "operations/mapreduce.py",
    "operations/options.py", "operations/properties.py", "operations/replication.py", "operations/search.py",
    "operations/server.py", "operations/stream.py",
]  # fmt: skip
"""The modules whose names programs use."""

ALLOWED: dict[str, set[str]] = {
    "Bucket, RiakObject, Datatype of any parameter; its methods do not depend on it": {
        "client.P", "compat.client.CompatClient.fetch_datatype", "compat.client.D",
        "compat.client.P", "content.RiakContent.add_link", "datatypes.handles.D", "datatypes.handles.TYPES",
        "datatypes.handles.fetch", "datatypes.handles.new", "datatypes.map.D", "datatypes.map.FIELDS",
        "datatypes.map.Map.__getitem__", "datatypes.map.Map.get", "models.buckets.D",
        "models.buckets.DatatypeBucket.__init__", "models.buckets.ModelBucket.__init__",
        "models.buckets.TypedBucket.__init__", "riak_object.RiakObject.__init__", "riak_object.RiakObject.add_link",
    },
    "the value of an object, whose class its content type and the program's encoders and decoders decide": {
        "codec.Codecs.decode", "codec.Codecs.decode_sent", "codec.Codecs.encode", "codec.Encoder",
        "content.RiakContent.from_reply", "content.UNSET", "resolver.largest_resolver", "resolver.merge_resolver",
    },
    "the value of a property, which its name decides": {
        "bucket.Bucket.get_property", "bucket.BucketType.get_property", "compat.bucket.AwaitedProperty.__set__",
        "compat.bucket.PropertyRequest.__await__",
    },
    "a value of the indexed field, which the model's class declares": {"models.buckets.ModelBucket.query"},
    "a function that is decorated, of any signature": {"models.fields.F", "models.fields.indexed"},
    "the result of a function, which is ignored": {
        "models.buckets.ModelBucket.resolver", "models.buckets.ModelBucket.update",
    },
    "keys, or tuples of term and key, as return_terms says": {"operations.indexes.Result"},
    "a document of any shape, which an older version of a class made": {"models.model.Upgrade"},
    "JSON that a map/reduce job returns": {
        "compat.client.CompatClient.mapred", "queries.mapreduce.MapReduce.run", "queries.mapreduce.RiakMapReduce.run",
        "operations.mapreduce.PhaseResult.data",
    },
    "JSON of a map/reduce job, for display and for further changes": {
        "queries.keyfilter.Step", "queries.mapreduce.RiakMapReduce.inputs", "queries.mapreduce.RiakMapReduce.query",
    },
    "the value of a map's field, whose type its name decides": {
        "datatypes.map.Map.dirty_value", "datatypes.map.Map.value", "datatypes.map.View.pop",
    },
    "the staged changes as plain data, which differ by data type": {"datatypes.base.Datatype.to_op"},
    "objects or data types, which the bucket types of the triples decide": {"compat.client.CompatClient.multiget"},
    "arguments handed on to the method of the bucket": {
        "compat.client.CompatClient.paginate_index", "compat.client.CompatClient.paginate_stream_index",
        "compat.client.CompatClient.stream_index",
    },
    "what a hook of the program returned": {
        "observability.otel.OpenTelemetry.attempt_failed", "observability.otel.OpenTelemetry.operation_ended",
        "observability.otel.OpenTelemetry.request_hedged",
        "observability.telemetry.Guarded.attempt_failed", "observability.telemetry.Guarded.operation_ended",
        "observability.telemetry.Guarded.request_hedged",
        "observability.telemetry.Telemetry.attempt_failed", "observability.telemetry.Telemetry.operation_ended",
        "observability.telemetry.Telemetry.request_hedged",
    },
    "the overloads say the types": {"bucket.Bucket.of"},
    "the type that asyncio awaits": {"client.RiakClient.__await__"},
    "used inside the package alone": {
        "client.RiakClient.__del__", "config.ParsedURL.options", "datatypes.base.fetch",
        "models.fields.tagged", "models.model.Model.term", "operations.cluster.BucketFold.__init__",
        "operations.datatypes.Fetched.value", "operations.datatypes.Updated.value",
        "operations.datatypes.counter_get", "operations.datatypes.counter_update", "operations.datatypes.fetch",
        "operations.datatypes.returns_value", "operations.datatypes.update", "operations.indexes.IndexQuery.__init__",
        "models.query.ModelQuery.__init__", "operations.options.Check",
        "operations.options.NOT_GIVEN", "operations.options.written", "operations.options.apply",
        "operations.options.count", "operations.options.flag", "operations.options.milliseconds",
        "operations.options.octets", "operations.options.positive", "operations.options.quorum",
        "operations.options.sync_on_write", "operations.properties.encode", "operations.properties.set_bucket",
        "operations.properties.set_type", "operations.replication.enqueue", "operations.search.query",
        "operations.stream.Stream.__init__", "queries.index.IndexStream.__init__", "queries.index.get_page",
        "queries.index.index_query", "security.take_from_url",
    },
}  # fmt: skip


def _public_any(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    """Yield the names of public symbols whose signature or declared type contains ``Any``."""
    for node in tree.body:
        name = ""
        types: list[ast.AST | None] = []
        if isinstance(node, ast.ClassDef):
            if not node.name.startswith("_"):
                yield from _public_any(node, f"{prefix}.{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
            types = [*(one.annotation for one in every if one is not None), node.returns]
            name = node.name if not node.name.startswith("_") or node.name.endswith("__") else ""
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, types = node.target.id, [node.annotation]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, types = node.targets[0].id, [node.value]
        is_public = name and (not name.startswith("_") or name.endswith("__"))
        if is_public and any(one is not None and re.search(r"\bAny\b", ast.unparse(one)) for one in types):
            yield f"{prefix}.{name}"


def _found() -> set[str]:
    found: set[str] = set()
    for pattern in PUBLIC:
        paths = sorted(PACKAGE.glob(pattern))
        assert paths, pattern
        for path in paths:
            module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
            found.update(_public_any(ast.parse(path.read_text()), module))
    return found


def test_any_is_in_no_other_public_signature() -> None:
    allowed = set().union(*ALLOWED.values())
    found = _found()
    assert found - allowed == set(), "say the type, or add the reason to ALLOWED"
    assert allowed - found == set(), "these have a type now; remove them from ALLOWED"


def test_any_is_found_in_each_kind_of_signature() -> None:
    source = '''
A = list[Any]
_B = list[Any]
class C:
    d: Any
    def e(self, f: Any) -> None: ...
    async def g(self, *h: Any) -> None: ...
    def _i(self, j: Any) -> None: ...
    def k(self) -> list[Any]: ...
    def __len__(self, **l: Any) -> int: ...
    def m(self, anything: int) -> Anything:
        n: Any
'''
    assert set(_public_any(ast.parse(source), "o")) == {"o.A", "o.C.d", "o.C.e", "o.C.g", "o.C.k", "o.C.__len__"}
