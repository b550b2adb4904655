"""Riak's error texts become the right exceptions, and an exception says who, what and what next."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from aioriak import error as errors
from aioriak.error import (
    AuthenticationFailed,
    BucketTypeNotFound,
    ConnectError,
    ConnectionLost,
    ContentError,
    DatatypeMismatch,
    HookRejected,
    InvalidIndex,
    InvalidProperties,
    InvalidRequest,
    MapReduceError,
    NoneMatchFailed,
    NotADatatype,
    NotFound,
    NotModifiedFailed,
    NotSupported,
    OutcomeUnknown,
    Overload,
    PermissionDenied,
    PoolTimeout,
    PreconditionFailed,
    QuorumTooLarge,
    QuorumUnsatisfied,
    RemovalFailed,
    RequestTimeout,
    RiakError,
    SecurityError,
    SecurityNotEnabled,
    SecurityRequired,
    ServerError,
    ServerTimeout,
    ServerWriteTimeout,
    TooManySiblings,
    Unavailable,
    ValueTooLarge,
    WriteLost,
    WriteQuorumUnsatisfied,
    WriteTimeout,
    for_write,
    from_server,
)
from aioriak.riak_pb import base

Recorded = dict[str, list[dict[str, Any]]]

TEXTS: list[tuple[str, type[ServerError], dict[str, Any]]] = [
    ("match_found", NoneMatchFailed, {}),
    ("modified", NotModifiedFailed, {}),
    ("notfound", NotModifiedFailed, {}),
    ("no_type", BucketTypeNotFound, {}),
    ("No bucket-type named 'x'", BucketTypeNotFound, {}),
    ('Error no bucket type `<<"x">>`', BucketTypeNotFound, {}),
    ('Invalid bucket type: <<"x">>', BucketTypeNotFound, {}),
    ("timeout", ServerTimeout, {}),
    ("overload", Overload, {}),
    ("{n_val_violation,3}", QuorumTooLarge, {"n_val": 3}),
    ("{r_val_unsatisfied,3,2}", QuorumUnsatisfied, {"quorum": "r", "required": 3, "got": 2}),
    ("{pr_val_unsatisfied,3,2}", QuorumUnsatisfied, {"quorum": "pr", "required": 3, "got": 2}),
    ("{w_val_unsatisfied,3,0}", QuorumUnsatisfied, {"quorum": "w", "required": 3, "got": 0}),
    ("{pw_val_unsatisfied,2,1}", QuorumUnsatisfied, {"quorum": "pw", "required": 2, "got": 1}),
    ("{dw_val_unsatisfied,10,9}", QuorumUnsatisfied, {"quorum": "dw", "required": 10, "got": 9}),
    ("{node_confirms_val_unsatisfied,3,1}", QuorumUnsatisfied, {"quorum": "node_confirms", "required": 3, "got": 1}),
    ("{insufficient_nodes,1,need,3}", QuorumUnsatisfied, {"quorum": "node_confirms", "required": 3, "got": 1}),
    ("{insufficient_vnodes,0,need,2}", Unavailable, {}),
    ("insufficient_vnodes_available", Unavailable, {}),
    ("all_nodes_down", Unavailable, {}),
    ("{too_large,52428801}", ValueTooLarge, {"size": 52428801}),
    ("{too_many_siblings,101}", TooManySiblings, {"count": 101}),
    ('{precommit_fail,[{field_parsing_failed,{<<"age_int">>,<<"old">>}}]}', InvalidIndex, {}),
    ('{precommit_fail,[{unknown_field_type,<<"age">>}]}', InvalidIndex, {}),
    ("{precommit_fail,no_good}", HookRejected, {}),
    ('{precondition,{not_present,<<"zzz">>}}', RemovalFailed, {}),
    ("Operation type is `set` but  bucket type is `counter`.", DatatypeMismatch, {}),
    ("Bucket datatype `undefined` is not a supported type", NotADatatype, {}),
    ("\"Counters require bucket property 'allow_mult=true'\"", NotADatatype, {}),
    ('"Bucket must be allow_mult=true"', NotADatatype, {}),
    ('"non-counter operation on default bucket"', NotADatatype, {}),
    ("Invalid bucket properties: [{n_val,not_integer}]", InvalidProperties, {}),
    ("Invalid bucket properties: not_active", BucketTypeNotFound, {}),
    ('{"phase":1,"error":"badarith","input":"x"}', MapReduceError, {"phase": 1, "reason": "badarith"}),
    ("Phase 2: invalid module", MapReduceError, {"phase": 2, "reason": "invalid module"}),
    ("missing_field", MapReduceError, {"phase": None, "reason": "missing_field"}),
    ("{inputs,[5]}", MapReduceError, {"phase": None, "reason": "{inputs,[5]}"}),
    ("Error sending inputs: undef", MapReduceError, {"reason": "undef"}),
    ("queue_not_defined", NotFound, {}),
    ('No index <<"i">> found.', NotFound, {}),
    ("Unknown message code: 27", NotSupported, {}),
    ("Permission denied: User 'u' does not have 'riak_kv.put' on default/b", PermissionDenied, {}),
    ("something that no release has said so far", ServerError, {}),
    ("", ServerError, {}),
]

SECURITY_TEXTS: list[tuple[str, type[SecurityError]]] = [
    ("Security is enabled, please STARTTLS first", SecurityRequired),
    ("Security is enabled, please authenticate first", SecurityRequired),
    ("Security not enabled; STARTTLS not allowed.", SecurityNotEnabled),
    ("Authentication failed", AuthenticationFailed),
]

# What a recording's scenario ended in; those not named here are plain ServerErrors or none at all.
SCENARIOS: dict[str, type[ServerError | SecurityError]] = {
    "kv/if-none-match": NoneMatchFailed,
    "kv/if-not-modified": NotModifiedFailed,
    "kv/no-such-type": BucketTypeNotFound,
    "kv/quorum-too-large": QuorumTooLarge,
    "kv/n-val": QuorumTooLarge,
    "kv/node-confirms": QuorumUnsatisfied,
    "kv/bad-int-index": InvalidIndex,
    "kv/bad-index-name": InvalidIndex,
    "siblings/if-none-match": NoneMatchFailed,
    "list/keys-no-type": BucketTypeNotFound,
    "list/buckets-no-type": BucketTypeNotFound,
    "props/type-absent": BucketTypeNotFound,
    "props/bucket-of-no-type": BucketTypeNotFound,
    "props/bad-n-val": InvalidProperties,
    "props/datatype-immutable": InvalidProperties,
    "dt/no-such-type": BucketTypeNotFound,
    "dt/wrong-op": DatatypeMismatch,
    "dt/set-remove-absent": RemovalFailed,
    "dt/map-remove-absent": RemovalFailed,
    "dt/not-a-datatype-bucket": NotADatatype,
    "dt/quorum": QuorumTooLarge,
    "counter/legacy": NotADatatype,
    "server/unknown-code": NotSupported,
    "server/auth-refused": NotSupported,
    "server/starttls-refused": SecurityNotEnabled,
    "server/search-gone": NotSupported,
    "cluster/coverage": NotSupported,
    "mr/notfound": MapReduceError,
    "mr/bad-json": MapReduceError,
    "mr/bad-inputs": MapReduceError,
    "mr/no-query": MapReduceError,
    "mr/bad-module": MapReduceError,
    "mr/javascript": MapReduceError,
    "mr/bad-content-type": MapReduceError,
    "repl/fetch-no-queue": NotFound,
}

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RiakError)]


@pytest.mark.parametrize(("text", "kind", "attributes"), TEXTS, ids=[text or "empty" for text, _, _ in TEXTS])
def test_a_text_of_the_server_becomes_its_error(text: str, kind: type[ServerError], attributes: dict[str, Any]) -> None:
    error = from_server(text)
    assert type(error) is kind
    assert {name: getattr(error, name) for name in attributes} == attributes


@pytest.mark.parametrize("text", [text for text, _, _ in TEXTS])
def test_the_servers_own_words_stay(text: str) -> None:
    error = from_server(text)
    assert isinstance(error, ServerError)
    assert error.text == text
    assert error.value == text
    assert text in str(error)


@pytest.mark.parametrize(("text", "kind"), SECURITY_TEXTS)
def test_a_text_about_security_becomes_its_error(text: str, kind: type[SecurityError]) -> None:
    error = from_server(text)
    assert type(error) is kind
    assert error.value == text


@pytest.mark.parametrize("text", ["timeout_of_mine", "x timeout", "a match_found", "my overload", "renotfound"])
def test_a_known_word_inside_other_words_is_not_taken_for_it(text: str) -> None:
    assert type(from_server(text)) is ServerError


def recorded_errors(steps: list[dict[str, Any]]) -> list[ServerError | SecurityError]:
    return [
        from_server(base.RpbErrorResp.FromString(bytes.fromhex(body)).errmsg.decode("utf-8", "replace"))
        for step in steps
        for code, body in step["recv"]
        if code == 0
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_recorded_refusal_becomes_its_error(recorded: Recorded, scenario: str) -> None:
    kinds = {type(error) for error in recorded_errors(recorded[scenario])}
    assert kinds == {SCENARIOS[scenario]}


def test_no_other_recorded_error_is_taken_for_something_it_is_not(recorded: Recorded) -> None:
    for scenario, steps in recorded.items():
        if scenario not in SCENARIOS:
            assert {type(error) for error in recorded_errors(steps)} <= {ServerError}, scenario


@pytest.mark.parametrize(
    ("read", "write"),
    [(ConnectionLost, WriteLost), (RequestTimeout, WriteTimeout), (ServerTimeout, ServerWriteTimeout),
     (QuorumUnsatisfied, WriteQuorumUnsatisfied)],
)  # fmt: skip
def test_a_lost_write_has_an_error_of_its_own_that_is_still_the_other(
    read: type[RiakError], write: type[RiakError]
) -> None:
    cause, earlier = OSError("gone"), RiakError("earlier")
    error = read("what happened", node="10.0.0.7:8087", operation="put of default/users/k")
    error.__cause__ = cause
    error.attempts = (earlier,)
    twin = for_write(error)
    assert type(twin) is write
    assert isinstance(twin, read)
    assert isinstance(twin, OutcomeUnknown)
    assert (twin.value, twin.node, twin.operation) == ("what happened", "10.0.0.7:8087", "put of default/users/k")
    assert twin.__cause__ is cause
    assert twin.attempts == (earlier,)


def test_an_unsatisfied_write_quorum_keeps_its_numbers() -> None:
    twin = for_write(from_server("{pw_val_unsatisfied,3,2}"))
    assert isinstance(twin, WriteQuorumUnsatisfied)
    assert (twin.quorum, twin.required, twin.got) == ("pw", 3, 2)


@pytest.mark.parametrize("kind", [Overload, PreconditionFailed, ConnectError, PoolTimeout, BucketTypeNotFound])
def test_a_write_that_certainly_did_not_happen_keeps_its_error(kind: type[RiakError]) -> None:
    error = kind("no")
    assert for_write(error) is error
    assert not error.outcome_unknown


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for text, kind, _ in TEXTS if kind is not ServerError])
def test_a_known_text_of_the_server_is_explained(text: str, kind: type[ServerError]) -> None:
    error = from_server(text)
    assert isinstance(error, ServerError)
    assert error.explanation != ServerError(text).explanation
    assert "{" not in error.explanation
    quoted = text if text.startswith('"') else f'"{text}"'  # Riak's own quotes are not doubled
    assert str(error) == f"{error.explanation}: {quoted}"


def test_an_explanation_has_the_numbers_of_the_text() -> None:
    explanations = [from_server(text) for text in ("{too_large,60000000}", "{pr_val_unsatisfied,3,2}", "match_found")]
    assert [str(error) for error in explanations] == [
        "the object takes 60000000 bytes, over the server's limit (object.size.maximum in riak.conf): "
        '"{too_large,60000000}"',
        'pr requires 3 replicas, 2 answered: "{pr_val_unsatisfied,3,2}"',
        'if_none_match: an object is stored under this key already: "match_found"',
    ]


def test_the_text_of_an_error_is_one_line_without_control_characters() -> None:
    error = ServerError("a\nforged line\x1b[2J")
    error.attempts = (ConnectionLost("b\r\nc"),)
    assert str(error).isprintable()
    assert error.text == "a\nforged line\x1b[2J"


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_summary_of_an_error_is_fit_for_an_end_user(kind: type[RiakError]) -> None:
    error = kind("secret words of the server", node="10.0.0.7:8087", operation="put of default/users/k")
    assert re.fullmatch(r"[A-Z][a-z ,;]+\.", error.summary)
    assert not any(part in error.summary for part in ("secret", "10.0.0.7", "users"))


def test_a_lost_write_is_never_summarised_as_not_saved() -> None:
    assert {kind.summary for kind in ALL if kind.outcome_unknown} == {OutcomeUnknown.summary}


def test_an_outcome_is_unknown_exactly_where_the_class_says_so() -> None:
    assert {kind for kind in ALL if kind.outcome_unknown} == {kind for kind in ALL if issubclass(kind, OutcomeUnknown)}


def test_the_text_of_an_error_says_what_where_and_what_next() -> None:
    error = WriteLost("closed by the server", node="10.0.0.7:8087", operation="put of default/users/k")
    assert str(error) == "closed by the server (during put of default/users/k at 10.0.0.7:8087); outcome unknown"


def test_the_text_of_an_error_without_a_place_is_just_what_happened() -> None:
    assert str(RiakError("what happened")) == "what happened"
    assert str(RiakError("it", node="h:1")) == "it (at h:1)"


def test_the_text_of_an_error_names_earlier_attempts() -> None:
    error = ConnectionLost("closed", node="b:2")
    error.attempts = (ConnectionLost("reset", node="a:1"), RequestTimeout("late"))
    assert str(error) == "closed (at b:2); earlier attempts: a:1: ConnectionLost: reset, ?: RequestTimeout: late"


def test_the_text_of_an_error_names_equal_attempts_once() -> None:
    error = RiakError("no node")
    error.attempts = (*(ConnectError("refused", node="a:1") for _ in range(3)), ConnectError("refused", node="b:2"))
    assert str(error).endswith("attempts: a:1: ConnectError: refused (3 times), b:2: ConnectError: refused")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [(ConnectionLost, ConnectionError), (WriteLost, ConnectionError), (ConnectError, ConnectionError),
     (RequestTimeout, TimeoutError), (PoolTimeout, TimeoutError), (WriteTimeout, TimeoutError),
     (ServerTimeout, TimeoutError), (ServerWriteTimeout, TimeoutError), (PermissionDenied, PermissionError),
     (InvalidRequest, ValueError), (ContentError, ValueError)],
)  # fmt: skip
def test_python_s_own_classes_catch_them(kind: type[RiakError], builtin: type[Exception]) -> None:
    assert issubclass(kind, builtin)
    assert issubclass(kind, RiakError)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
                         ids=["copy", "deepcopy", "pickle"])  # fmt: skip
def test_a_copied_or_pickled_error_has_lost_nothing(kind: type[RiakError], again: Any) -> None:
    error = kind("what", node="h:1", operation="get of t/b/k")
    error.attempts = (RiakError("before"),)
    copied = again(error)
    assert type(copied) is kind
    assert str(copied) == str(error)
    assert (copied.value, copied.node, copied.operation) == ("what", "h:1", "get of t/b/k")


def test_pickled_numbers_come_back() -> None:
    error = pickle.loads(pickle.dumps(from_server("{pr_val_unsatisfied,3,2}")))
    assert (error.quorum, error.required, error.got) == ("pr", 3, 2)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """Each line of the drawing: its depth gives the parent."""
    drawing = (errors.__doc__ or "").split("::")[1]
    path: list[str] = []
    drawn = set()
    for line in drawing.splitlines():
        found = re.match(r"^(    [ │├└─]*)([A-Z]\w+)", line)
        if found:
            depth = (len(found[1]) - 4) // 4
            del path[depth:]
            name = found[2]
            if path:
                assert issubclass(getattr(errors, name), getattr(errors, path[-1])), line
                unknown = " *" in line or name == "OutcomeUnknown"
                assert getattr(errors, name).outcome_unknown == unknown, line
            path.append(name)
            drawn.add(name)
    assert drawn == {kind.__name__ for kind in ALL}


@pytest.mark.parametrize(
    ("text", "unknown"),
    [("Error processing incoming message: error:{badmatch,x}", True), ("no words for it", True), ("timeout", True),
     ("{pw_val_unsatisfied,3,2}", True), ("{insufficient_nodes,1,need,3}", True), ("Phase 0: function_clause", True),
     ("overload", False), ("match_found", False), ("{n_val_violation,3}", False), ("{too_large,1}", False),
     ("{precommit_fail,no}", False), ("no_type", False), ("{insufficient_vnodes,0,need,2}", False),
     ("not_json", False), ("Permission denied: User 'a' does not have 'b' on c", False)],
)  # fmt: skip
def test_a_write_answered_by_an_error_is_unknown_unless_the_text_rules_it_out(text: str, unknown: bool) -> None:
    read = from_server(text)
    assert not read.outcome_unknown
    write = for_write(read)
    assert write.outcome_unknown is unknown
    assert isinstance(write, type(read))
    assert for_write(write) is write


def test_an_error_after_a_write_says_that_the_write_was_done() -> None:
    error = errors.ResolverErrorAfterWrite("the resolver merge raised KeyError: 'n'")
    assert error.written
    assert not error.outcome_unknown
    assert str(error).endswith("; the write was done")
