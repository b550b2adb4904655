"""Retry: when a request may be attempted again.

======================================  ==========================================
what happened                           attempted again
======================================  ==========================================
nothing was sent                        yes
the server says "not here, not now"     yes: it did nothing (``NOT_HERE_NOT_NOW``)
sent and lost, or the server gave up    what ``Operation.may_repeat`` allows: reads, and writes that
                                        may be done twice
any other error of the server           no: the answer would be the same
the attempt's share of the time ended   reads, and what was not sent, while time is left
======================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from aioriak.config import RetryPolicy
from aioriak.error import (
    ConnectError,
    ConnectionLost,
    NodeNotReady,
    Overload,
    ProtocolError,
    RequestTimeout,
    RiakError,
    ServerTimeout,
    Unavailable,
)
from aioriak.wire.operation import Operation

ATTEMPTS: ContextVar[int | None] = ContextVar("aioriak attempts", default=None)
"""The number of attempts for requests made in this context, if set (``client.retry_count``)."""

NOT_HERE_NOT_NOW = (Overload, NodeNotReady, Unavailable)
"""Errors that say that the server did nothing, and that another node or a later attempt may succeed."""

ELSEWHERE = (ConnectError, ConnectionLost, ProtocolError, RequestTimeout, ServerTimeout)
"""Errors of one node or connection, after which another may answer."""


def attempts_of(policy: RetryPolicy) -> int:
    """Return how many attempts a request has in all, in this context."""
    return ATTEMPTS.get() or policy.attempts


def may_try_again(
    error: RiakError, operation: Operation[Any, Any], sent: bool, attempt: int, policy: RetryPolicy
) -> float | None:
    """Return the seconds to wait before the next attempt, or ``None`` if there must not be one."""
    if attempt >= attempts_of(policy):
        return None
    twice = operation.may_repeat(policy.retry_writes)
    if isinstance(error, ConnectionLost):
        again = not sent or twice
    elif isinstance(error, ServerTimeout):
        again = twice
    elif isinstance(error, RequestTimeout):
        return 0.0 if not sent or operation.idempotent else None
    else:
        again = isinstance(error, (ConnectError, *NOT_HERE_NOT_NOW))
    if not again:
        return None
    if attempt == 1 and isinstance(error, ConnectionLost):
        return 0.0  # the connection probably died while idle; another connection is likely to work
    return policy.backoff.delay(attempt)


def is_final(error: RiakError) -> bool:
    """Return whether another node would answer a request with the same error."""
    return not isinstance(error, (*ELSEWHERE, *NOT_HERE_NOT_NOW))


def conclude(error: RiakError, earlier: Sequence[RiakError]) -> RiakError:
    """Return the error that a request ends with, decided by all of its attempts.

    ``error`` is the last one.  When an earlier attempt may have been carried out the outcome is unknown,
    regardless of the last attempt's error: the error has that attempt's class, and ``attempts`` has all errors.
    """
    unknown = next((one for one in reversed(earlier) if one.outcome_unknown), None)
    if unknown is None or error.outcome_unknown:
        error.attempts = tuple(dict.fromkeys([*earlier, *error.attempts]))
        return error
    concluded = type(unknown)(
        f"{unknown.value}; the last attempt met {type(error).__name__}: {error.value}",
        node=unknown.node,
        operation=unknown.operation,
    )
    concluded.attempts = tuple(dict.fromkeys([*earlier, *error.attempts, error]))
    concluded.__cause__ = error
    return concluded
