"""What may be attempted again, and after how long."""

from __future__ import annotations

from random import Random

import pytest

from aioriak.cluster.retry import conclude, may_try_again
from aioriak.config import Backoff, RetryPolicy
from aioriak.error import (
    BucketTypeNotFound,
    ConnectError,
    ConnectionLost,
    NodeNotReady,
    NotModifiedFailed,
    Overload,
    PoolTimeout,
    ProtocolError,
    QuorumUnsatisfied,
    RequestTimeout,
    RiakError,
    ServerError,
    ServerTimeout,
    ServerWriteTimeout,
    Unavailable,
    WriteGarbled,
    WriteLost,
    WriteQuorumUnsatisfied,
    WriteTimeout,
)
from aioriak.wire.operation import DELETE, DT_UPDATE, GET, MAP_REDUCE_WRITE, PUT, SET_BUCKET, Operation

POLICY = RetryPolicy(attempts=3, backoff=Backoff(rng=Random(1)))
WRITES_TWICE = RetryPolicy(attempts=3, retry_writes=True)


def again(error: RiakError, operation: Operation, sent: bool = True, policy: RetryPolicy = POLICY) -> bool:  # type: ignore[type-arg]
    return may_try_again(error, operation, sent, 1, policy) is not None


@pytest.mark.parametrize("operation", [GET, PUT, DELETE, DT_UPDATE], ids=repr)
def test_what_was_never_sent_may_always_be_tried_again(operation: Operation) -> None:  # type: ignore[type-arg]
    assert again(ConnectError(), operation, sent=False)
    assert again(ConnectionLost(), operation, sent=False)


@pytest.mark.parametrize("operation", [GET, PUT, DELETE, DT_UPDATE], ids=repr)
@pytest.mark.parametrize("kind", [Overload, NodeNotReady, Unavailable])
def test_what_the_server_did_not_do_may_always_be_tried_again(kind: type[RiakError], operation: Operation) -> None:  # type: ignore[type-arg]
    assert again(kind(), operation)


@pytest.mark.parametrize("kind", [ConnectionLost, ServerTimeout])
def test_reads_that_were_lost_are_tried_again(kind: type[RiakError]) -> None:
    assert again(kind(), GET)


@pytest.mark.parametrize("operation", [PUT, DELETE, DT_UPDATE, MAP_REDUCE_WRITE], ids=repr)
@pytest.mark.parametrize("kind", [ConnectionLost, WriteLost, ServerTimeout, ServerWriteTimeout])
def test_what_may_have_happened_is_not_tried_again(kind: type[RiakError], operation: Operation) -> None:  # type: ignore[type-arg]
    assert not again(kind(), operation)


@pytest.mark.parametrize("kind", [WriteLost, ServerWriteTimeout])
def test_writes_are_tried_again_where_that_was_asked_for(kind: type[RiakError]) -> None:
    assert again(kind(), DELETE, policy=WRITES_TWICE)


@pytest.mark.parametrize("kind", [WriteLost, ServerWriteTimeout])
def test_writes_that_do_the_same_again_are_tried_again(kind: type[RiakError]) -> None:
    assert again(kind(), SET_BUCKET)


@pytest.mark.parametrize(
    "kind",
    [ProtocolError, WriteGarbled, ServerError, BucketTypeNotFound, NotModifiedFailed, QuorumUnsatisfied,
     WriteQuorumUnsatisfied],
)  # fmt: skip
@pytest.mark.parametrize("operation", [GET, PUT], ids=repr)
def test_what_would_only_be_said_again_is_not_tried_again(kind: type[RiakError], operation: Operation) -> None:  # type: ignore[type-arg]
    assert not again(kind(), operation)
    assert not again(kind(), operation, policy=WRITES_TWICE)


@pytest.mark.parametrize("kind", [WriteLost, ServerWriteTimeout])
@pytest.mark.parametrize("operation", [DT_UPDATE, PUT, MAP_REDUCE_WRITE], ids=repr)
def test_what_could_meet_its_own_first_attempt_is_never_sent_twice(kind: type[RiakError], operation: Operation) -> None:  # type: ignore[type-arg]
    assert not again(kind(), operation, policy=WRITES_TWICE)


def test_a_read_that_used_up_its_share_of_the_time_goes_on_elsewhere_at_once() -> None:
    assert may_try_again(RequestTimeout(), GET, True, 1, POLICY) == 0.0


def test_a_write_that_used_up_its_share_of_the_time_goes_on_only_if_it_was_not_sent() -> None:
    assert may_try_again(PoolTimeout(), PUT, False, 1, POLICY) == 0.0
    assert may_try_again(WriteTimeout(), PUT, True, 1, POLICY) is None
    assert may_try_again(WriteTimeout(), PUT, True, 1, WRITES_TWICE) is None


def test_the_number_of_attempts_is_bounded() -> None:
    assert may_try_again(Overload(), GET, True, 2, POLICY) is not None
    assert may_try_again(Overload(), GET, True, 3, POLICY) is None
    assert may_try_again(Overload(), GET, True, 1, RetryPolicy(attempts=1)) is None


def test_a_lost_connection_is_replaced_without_waiting_once() -> None:
    assert may_try_again(ConnectionLost(), GET, True, 1, POLICY) == 0.0
    wait = may_try_again(ConnectionLost(), GET, True, 2, POLICY)
    assert wait is not None
    assert wait > 0


def test_an_overloaded_server_is_left_alone_for_a_while() -> None:
    wait = may_try_again(Overload(), GET, True, 1, POLICY)
    assert wait is not None
    assert POLICY.backoff.first / 2 <= wait <= POLICY.backoff.first


def test_an_outcome_that_became_unknown_stays_unknown_whatever_the_last_attempt_met() -> None:
    lost, last = WriteLost("closed", node="one:8087"), ConnectError("refused", node="two:8087")
    concluded = conclude(last, [lost])
    assert isinstance(concluded, WriteLost)
    assert concluded.outcome_unknown
    assert concluded.attempts == (lost, last)
    assert "refused" in str(concluded)


def test_without_an_unknown_outcome_the_last_error_is_raised_with_the_others() -> None:
    first, last = ConnectError("refused"), ConnectionLost("closed")
    assert conclude(last, [first]) is last
    assert last.attempts == (first,)


def test_an_unknown_outcome_at_last_is_raised_as_it_is() -> None:
    first, last = ConnectError("refused"), WriteLost("closed")
    assert conclude(last, [first]) is last
