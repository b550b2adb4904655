"""When a request may be attempted again.

======================================  ==========================================
what happened                           attempted again
======================================  ==========================================
nothing was sent                        yes
the server says "not here, not now"     yes: it did nothing
sent and lost, or the server gave up    reads, and writes that may happen twice;
                                        never updates of data types
anything else the server says           no: it would say it again
this attempt's share of the time ended  reads, and what was not sent, while time is left
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
    RequestTimeout,
    RiakError,
    ServerTimeout,
    Unavailable,
)
from aioriak.wire.operation import Operation

ATTEMPTS: ContextVar[int | None] = ContextVar("aioriak attempts", default=None)
"""How many attempts requests made in this context have, where that was said (``client.retry_count``)."""

NOT_HERE_NOT_NOW = (Overload, NodeNotReady, Unavailable)
"""The server's ways to say that it did nothing and that another node, or a later attempt, may."""


def attempts_of(policy: RetryPolicy) -> int:
    """How many attempts a request has in all, here."""
    return ATTEMPTS.get() or policy.attempts


def may_try_again(
    error: RiakError, operation: Operation[Any, Any], sent: bool, attempt: int, policy: RetryPolicy
) -> float | None:
    """Seconds to wait before the next attempt, or ``None`` when there must not be one."""
    if attempt >= attempts_of(policy):
        return None
    twice = operation.idempotent or (policy.retry_writes and not operation.once)
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
        return 0.0  # a connection that had died idle: the next one is as good as new
    return policy.backoff.delay(attempt)


def conclude(error: RiakError, earlier: Sequence[RiakError]) -> RiakError:
    """Return the error that a request ends with, decided by all of its attempts.

    ``error`` is the last one.  When an earlier attempt may have been carried out the outcome is unknown,
    whatever the last attempt met: the error is of that attempt's class then, and ``attempts`` has all.
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
