"""The queue of a key's updates: which calls of ``update()`` make up a round, and who waits for whom.

At most one round is under way for a key.  It takes the first waiting call and all others with equal terms, gives each
of them its turn, and answers them.  Two things follow from who runs what:

* A call runs its change function in its own task, when its turn comes.  Context variables, the current task,
  cancellation and the traceback are those of the caller.
* A round's requests run in a task of the queue, because they serve several callers: one that is cancelled must not
  cancel the others' write.  The queue cancels that task when the last caller has left.

Nothing here knows Riak: :mod:`aioriak.updates` says what a round does.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from typing import Any, Generic, TypeVar

from aioriak.config import Backoff
from aioriak.error import ClientClosed, InvalidRequest, TooManyConflicts

Place = tuple[bytes | None, bytes, bytes]
"""Bucket type, bucket and key."""

V = TypeVar("V")
M = TypeVar("M")

RunRound = Callable[[Sequence["Call[Any, Any]"]], Awaitable[Sequence["Call[Any, Any]"]]]
"""Give each call its turn, and answer it; return those whose write was refused, which are made again."""

_ENCLOSING: ContextVar[tuple[Call[Any, Any], ...]] = ContextVar("aioriak updates", default=())
"""The calls in whose change functions this code runs, outermost first."""


class Call(Generic[V, M]):
    """One call of ``update()``: ``V`` is what its change function gets, ``M`` what is made of it."""

    __slots__ = (
        "_answer", "_loop", "_made", "_turn", "attempts", "backoff", "context", "deadline", "left", "nested",
        "refused", "run_round", "sent", "terms", "value",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: object,
        run_round: RunRound,
        *,
        deadline: float | None,
        attempts: int | None,
        backoff: Backoff,
    ) -> None:
        self._loop = loop
        self.terms: object = terms
        """Calls are combined if their terms are equal."""
        self.run_round: RunRound = run_round
        self.deadline: float | None = deadline
        self.attempts: int | None = attempts
        self.backoff: Backoff = backoff
        self.context: Context = copy_context()
        self.nested: list[KeyQueue] = []
        """The queues that its change function waits for."""
        self.refused: int = 0
        """How often a write with its change was refused."""
        self.sent: bool = False
        """Whether a write with its change may have been sent."""
        self.left: bool = False
        self.value: V
        self._prepare()

    def _prepare(self) -> None:
        self._turn: asyncio.Future[V] = self._loop.create_future()
        self._made: asyncio.Future[M | None] = self._loop.create_future()
        self._answer: asyncio.Future[bool] = self._loop.create_future()

    # -- the caller's side -----------------------------------------------------------------

    async def wait(self, change: Callable[[V], Awaitable[M]]) -> V:
        """Wait for a turn, make the change, and wait for the answer; again if the write was refused."""
        while True:
            value = await self._turn
            error: Exception | None = None
            made: M | None = None
            enclosing = _ENCLOSING.set((*_ENCLOSING.get(), self))
            try:
                made = await change(value)
            except Exception as raised:
                error = raised
            finally:
                _ENCLOSING.reset(enclosing)
            if not self._made.done():
                self._made.set_result(made)
            try:
                done = await self._answer
            except Exception:
                if error is None:
                    raise
                done = True
            if error is not None and done:
                raise error
            if done:
                return value

    def leave(self) -> None:
        """Take no further part: the call was answered, cancelled, or is out of time."""
        self.left = True
        if not self._made.done():
            self._made.set_result(None)
        for future in (self._turn, self._answer):
            if not future.cancel() and not future.cancelled():
                future.exception()  # nobody else will look at it

    # -- the round's side --------------------------------------------------------------------

    async def make(self, value: V, queue: KeyQueue) -> M | None:
        """Give the call its turn; return what its change made, or ``None`` if it raised or the caller has left."""
        if self._turn.done():
            return None
        self.value = value
        self._turn.set_result(value)
        queue.changing = self
        try:
            return await self._made
        finally:
            queue.changing = None

    @property
    def pending(self) -> bool:
        """Whether the caller still waits for an answer."""
        return not self.left and not self._answer.done()

    def finish(self) -> None:
        """Let the caller return its object, or raise what its change function raised."""
        if not self._answer.done():
            self._answer.set_result(True)

    def repeat(self) -> None:
        """Let the caller wait for another turn."""
        answer = self._answer
        self._prepare()
        answer.set_result(False)

    def fail(self, error: Exception) -> None:
        """Raise an error in the caller."""
        waits_for = self._answer if self._turn.done() else self._turn
        if not waits_for.done():
            waits_for.set_exception(error)

    def abandon(self) -> None:
        """Cancel the caller's wait, because nobody is left to answer it."""
        self._turn.cancel()
        self._answer.cancel()


class KeyQueue:
    """The calls that update one key, and the round that is under way."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, forget: Callable[[KeyQueue], None]) -> None:
        self.path = path
        self.changing: Call[Any, Any] | None = None
        """The call whose turn it is."""
        self.storing = False
        """Whether a write of the round is in flight: closing the client lets it end."""
        self._loop = loop
        self._forget = forget
        self._calls: set[Call[Any, Any]] = set()  # those whose callers wait
        self._waiting: dict[Call[Any, Any], None] = {}  # in their order
        self._members: Sequence[Call[Any, Any]] = ()  # those of the round
        self._round: asyncio.Task[None] | None = None
        self._conflicts = 0  # rounds in succession that were refused
        self._delay = 0.0  # seconds before the next round

    async def submit(self, call: Call[V, M], change: Callable[[V], Awaitable[M]]) -> V:
        """Queue a call, and return its value once it is stored.

        Raises :class:`~aioriak.error.InvalidRequest` if the call could only wait for itself.
        """
        enclosing = _ENCLOSING.get()
        if enclosing and self._waits_for(enclosing):
            raise InvalidRequest(
                f"update() of {self.path} was called inside a change function that it would have to wait for; "
                "change the object that the function is given, and make other updates before or after"
            )
        for outer in enclosing:
            outer.nested.append(self)
        self._calls.add(call)
        self._waiting[call] = None
        if self._round is None:
            self._start()
        try:
            return await call.wait(change)
        finally:
            for outer in enclosing:
                outer.nested.remove(self)
            self._leave(call)

    def _waits_for(self, calls: Sequence[Call[Any, Any]]) -> bool:
        """Return whether this queue cannot go on before one of these calls has ended."""
        queues, seen = [self], set()
        while queues:
            queue = queues.pop()
            if queue.changing is None or queue in seen:
                continue
            if queue.changing in calls:
                return True
            seen.add(queue)
            queues += queue.changing.nested
        return False

    def _leave(self, call: Call[Any, Any]) -> None:
        call.leave()
        self._calls.discard(call)
        self._waiting.pop(call, None)
        if not self._calls and self._round is not None:
            self._round.cancel()

    # -- rounds ----------------------------------------------------------------------------

    def _start(self) -> None:
        first = next(iter(self._waiting))
        # in the context of a member, because a trace or a number of attempts may be set there
        self._round = self._loop.create_task(
            self._run(), name=f"aioriak updates {self.path}", context=first.context.copy()
        )
        self._round.add_done_callback(self._ended)

    async def _run(self) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)  # calls that come meanwhile join the round
        if not self._waiting:
            return
        terms = next(iter(self._waiting)).terms
        calls = self._members = [call for call in self._waiting if call.terms == terms]
        for call in calls:
            del self._waiting[call]
        try:
            refused = await calls[0].run_round(calls)
        except Exception as error:
            self._repeat([])
            for call in calls:
                if call.pending:
                    call.fail(error)
                    error = _copy(error)
        else:
            self._repeat(refused)
        if not self._waiting:
            self._forget(self)  # before any caller goes on

    def _repeat(self, refused: Sequence[Call[Any, Any]]) -> None:
        self._conflicts = self._conflicts + 1 if refused else 0
        self._delay = refused[0].backoff.delay(self._conflicts) if refused else 0.0
        starts = self._loop.time() + self._delay
        again: dict[Call[Any, Any], None] = {}
        for call in refused:
            if not call.pending:
                continue
            call.refused += 1
            call.sent = False
            if call.refused == call.attempts or (call.deadline is not None and starts >= call.deadline):
                times = "once" if call.refused == 1 else f"{call.refused} times"
                call.fail(TooManyConflicts(f"{self.path} was not updated: another write came first {times}"))
            else:
                call.repeat()
                again[call] = None
        self._waiting = again | self._waiting

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            for call in self._members:
                call.abandon()
        self._members = ()
        self._round = None
        if self._waiting:
            self._start()
        else:
            self._forget(self)

    def close(self) -> None:
        """Raise :class:`~aioriak.error.ClientClosed` in the callers, except for those whose write is in flight."""
        if self._loop.is_closed():
            return
        calls = list(self._waiting)
        self._waiting.clear()
        if self._round is not None and not self.storing:
            calls += self._members
            self._round.cancel()
        for call in calls:
            call.fail(ClientClosed(f"the client was closed before {self.path} was updated"))


class UpdateQueues:
    """The queues of one client and its copies: one for each key that is being updated."""

    def __init__(self) -> None:
        self._queues: dict[Place, KeyQueue] = {}

    def get(self, place: Place, path: str, loop: asyncio.AbstractEventLoop) -> KeyQueue:
        """Return the queue of a key.  It is forgotten when its last call has ended."""
        queue = self._queues.get(place)
        if queue is None:

            def forget(ended: KeyQueue) -> None:
                if self._queues.get(place) is ended:
                    del self._queues[place]

            queue = self._queues[place] = KeyQueue(path, loop, forget)
        return queue

    def close(self) -> None:
        """Close every queue."""
        for queue in list(self._queues.values()):
            queue.close()

    def __len__(self) -> int:
        return len(self._queues)


def _copy(error: Exception) -> Exception:
    """Return an equal exception, to be raised in another task: each raise extends the traceback."""
    try:
        twin = copy.copy(error)
    except Exception:
        return error
    twin.__cause__ = error.__cause__
    twin.__context__ = error.__context__
    twin.__suppress_context__ = error.__suppress_context__
    return twin
