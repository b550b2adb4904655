"""The cluster: its nodes, which of them are up, and which gets the next request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from copy import copy
from random import Random
from typing import TYPE_CHECKING, Any

from aioriak.cluster.balancer import Balancer, TwoChoices
from aioriak.cluster.discovery import discover, look_up, resolve
from aioriak.cluster.health import PATIENCE, check, is_suspicious, ping, speaks_against, watch
from aioriak.cluster.node import Node, NodeState
from aioriak.cluster.supervisor import supervise
from aioriak.config import Address, Settings
from aioriak.error import (
    ClientClosed,
    ConnectError,
    NoNodeAvailable,
    PoolTimeout,
    RequestTimeout,
    RiakError,
    SecurityError,
    WrongEventLoop,
)
from aioriak.observability.complaints import Complaints
from aioriak.observability.stats import Stats
from aioriak.observability.telemetry import Guarded, Telemetry

if TYPE_CHECKING:
    from aioriak.cluster.ring import KeyRouter

logger: logging.Logger = logging.getLogger("aioriak.cluster")

_MANY = 16  # above this number of nodes only a sample is considered for a request
_DRAWS = 8  # the size of that sample
_AT_ONCE = 100  # nodes that discovery adds in one iteration of the loop


class Cluster:
    """The nodes that a client and its copies share."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: Settings,
        *,
        balancer: Balancer | None = None,
        rng: Random | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.loop = loop
        self.settings = settings
        self.balancer: Balancer = balancer or TwoChoices()
        self.telemetry: Telemetry = Telemetry() if telemetry is None else Guarded(telemetry)
        self.closed: bool = False
        self.on_close: Callable[[], None] = _nothing
        """Called once when closing begins, in the event loop."""
        self._starting: asyncio.Task[None] | None = None
        self._starters = 0  # tasks that await _starting
        self._closed_reported = False
        self.nodes: dict[Address, Node] = {}
        self.up: list[Node] = []
        """The nodes that get requests; a new list whenever they change."""
        self.router: KeyRouter | None = _router(self) if settings.key_aware else None
        self.client_id: bytes | None = None
        self._rng = rng or Random()
        self._default_balancer = TwoChoices(self._rng)
        self._complaints = Complaints(logger)
        self._looking_up: set[Address] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiters: set[asyncio.Future[None]] = set()
        self._ended: asyncio.Future[None] = loop.create_future()  # done once the cluster is closed
        for address in settings.nodes:
            self._add(address, seed=True)
        self.telemetry.client_started(self.stats)

    def stats(self) -> Stats:
        """Return the counts and the state of its nodes."""
        return Stats(nodes=tuple(node.stats() for node in list(self.nodes.values())))

    # -- starting ------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, once however many tasks ask for it; close everything if that fails.

        Raises :class:`~aioriak.error.ConnectError`, with the errors of all nodes in ``attempts``, when none
        answers, and :class:`~aioriak.error.ClientClosed` when the client is closed meanwhile.
        """
        self.check_loop()
        starting = self._starting
        if starting is None:
            if any(node.pool.open_connections for node in self.up):
                return  # an earlier request has connected already
            starting = self._starting = self.task(self._start(), "aioriak connects")
        if not starting.done():
            self._starters += 1
            try:
                await asyncio.wait([starting])  # unlike await starting: a cancelled caller does not cancel it
            finally:
                self._starters -= 1
                if not self._starters and not starting.done():
                    self.close()
        if self.closed or starting.cancelled():
            raise ClientClosed("the client was closed while it connected")
        try:
            starting.result()
        except BaseException:
            self.close()
            raise

    async def _start(self) -> None:
        """Connect to all nodes at once; returns when the first answers."""
        await self._resolve_seeds()
        self.up = []
        for node in self.nodes.values():
            node.state = NodeState.CONNECTING
        errors: list[RiakError] = []
        waiting: set[asyncio.Task[RiakError | None]] = {
            self.task(self._connect_first(node), f"aioriak connects to {node.name}") for node in self.nodes.values()
        }
        while waiting and not self.up:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            errors += [error for task in done if not task.cancelled() and (error := task.result()) is not None]
        if not self.up:
            # no error: a node was removed, or failed again right after its first connection
            error = errors[0] if errors else NoNodeAvailable("no node stayed up while the client connected")
            error.attempts = tuple(errors[1:])
            raise error
        if self.settings.discovery is not None:
            await self._discover_once()
            self.task(self._keep_discovering(), "aioriak discovers nodes")
        if self.router is not None:
            self.task(self.router.run(), "aioriak learns the ring")

    async def _connect_first(self, node: Node) -> RiakError | None:
        """Make a node's first connection: the node is up then, or down.  Return the error, if there was one."""
        error: RiakError
        try:
            await self._open(node)
        except RiakError as cause:
            error = cause
        except Exception as cause:
            logger.exception("connecting to %s failed unexpectedly", node.name)
            error = ConnectError(f"connecting failed: {cause!r}", node=node.name)
            error.__cause__ = cause
        else:
            if node.state is NodeState.CONNECTING and not self.closed:
                node.state = NodeState.UP
                self._mark_up(node)
            return None
        if not self.closed:
            self.mark_down(node, error)
        return error

    async def _open(self, node: Node) -> None:
        """Open a connection, see that it answers, and give it to the node's pool."""
        connection = await node.connect()
        try:
            await ping(connection, PATIENCE * self.settings.health.probe_timeout)
        except BaseException:
            connection.abort()
            raise
        node.pool.start(connection)

    async def _resolve_seeds(self) -> None:
        for seed in [node for node in self.nodes.values() if node.seed]:
            addresses = await resolve(self.loop, seed.address)
            if len(addresses) > 1:
                logger.info("%s stands for %s", seed.name, ", ".join(map(str, addresses)))
                self._forget(seed)
                seed.pool.close()
                self._set_addresses(seed.address, addresses)

    def _set_addresses(self, name: Address, found: list[Address]) -> None:
        """Add and remove nodes, so that the nodes of a host name match its addresses."""
        for address in found:
            if address not in self.nodes:  # the user may have listed this address as well
                self._add(address, seed=True).origin = name
        gone = [node for node in self.nodes.values() if node.origin == name and node.address not in found]
        for node in gone:
            self.task(self.remove_node(node), f"aioriak removes {node.name}")

    def _follow_name(self, name: Address) -> None:
        """Look a name up again if none of its nodes is up."""
        if name not in self._looking_up and not any(node.origin == name for node in self.up):
            work = supervise(lambda: self._look_up_until_up(name), f"looking up {name}")
            self.task(work, f"aioriak looks up {name}")

    async def _look_up_until_up(self, name: Address) -> None:
        self._looking_up.add(name)
        attempt = 0
        try:
            while not any(node.origin == name for node in self.up):
                found = await look_up(self.loop, name)
                if found:
                    self._set_addresses(name, found)
                attempt += 1
                await asyncio.sleep(self.settings.health.backoff.delay(attempt))
        finally:
            self._looking_up.discard(name)

    def task(self, work: Any, name: str) -> asyncio.Task[Any]:
        """Run something in the background until the cluster is closed."""
        task: asyncio.Task[Any] = self.loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- choosing ----------------------------------------------------------------------------

    def pick(self, request: Any = None, avoid: Collection[Node] = ()) -> Node | None:
        """Return the node for the next attempt, none of ``avoid`` if possible; ``None`` when no node is up.

        Its cost does not grow with the number of nodes.
        """
        up = self.up
        if len(up) == 1:
            return up[0]
        if self.router is not None:
            owner = self.router.owner(request, up)
            if owner is not None and owner not in avoid:
                return owner
        if not up:
            return None
        node = self._balance(up)
        if avoid and node in avoid:
            node = self._draw(up, lambda one: one not in avoid) or next((one for one in up if one not in avoid), node)
        if node.back_since is not None and not self._has_its_share(node):
            return self._draw(up, lambda one: one.back_since is None and one not in avoid) or node
        return node

    def _draw(self, up: list[Node], accepted: Callable[[Node], bool]) -> Node | None:
        """Choose by the balancer among the nodes that are accepted; of many nodes only a few are looked at."""
        if len(up) > _MANY:
            drawn = (self._balance(up) for _ in range(_DRAWS))
            return next((node for node in drawn if accepted(node)), None)
        found = [node for node in up if accepted(node)]
        return self._balance(found) if len(found) > 1 else found[0] if found else None

    def _balance(self, up: list[Node]) -> Node:
        """Choose by the balancer, or as the default one does where the user's own fails or picks no node that is up."""
        try:
            node = self.balancer.pick(up)
            if node.state is not NodeState.UP:
                raise ValueError(f"the balancer picked {node!r}, which is not up")
            return node
        except Exception as error:
            self._complaints.log("the balancer failed; the default one is used", error, whatever_text=True)
            return self._default_balancer.pick(up)

    def observe(self, node: Node, seconds: float) -> None:
        """Report to the balancer how long a node took to answer."""
        try:
            self.balancer.observe(node, seconds)
        except Exception as error:
            self._complaints.log("the balancer failed to note a latency", error, whatever_text=True)

    def _has_its_share(self, node: Node) -> bool:
        """Whether a node that came back gets this request: seldom at first, then more often."""
        assert node.back_since is not None
        ramp = self.settings.health.ramp
        part = (self.loop.time() - node.back_since) / ramp if ramp > 0 else 1.0
        if part >= 1:
            node.back_since = None
            return True
        return self._rng.random() < max(part, 0.05)

    async def pause(self, seconds: float) -> None:
        """Wait between two attempts at a request; closing the cluster ends the wait."""
        await asyncio.wait([self._ended], timeout=seconds)

    async def wait_for_node(self, deadline: float | None, failed: list[RiakError]) -> None:
        """Wait until some node is up.

        Raises :class:`~aioriak.error.NoNodeAvailable` at the deadline, and at once where waiting is
        of no use: when every node refuses this client's credentials.
        """
        while not self.up:
            reasons = [node.last_error for node in self.nodes.values() if node.last_error is not None]
            if self.closed:
                raise ClientClosed("the client was closed")
            if reasons and len(reasons) == len(self.nodes) and all(isinstance(one, SecurityError) for one in reasons):
                raise copy(reasons[0]) from reasons[0]
            waiter = self.loop.create_future()
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                error = NoNodeAvailable("no node could be reached before the deadline")
                error.attempts = tuple(dict.fromkeys([*failed, *reasons]))
                raise error from None
            finally:
                self._waiters.discard(waiter)

    # -- health --------------------------------------------------------------------------------

    def report(self, node: Node, error: RiakError, since: float) -> None:
        """Note that a request made at ``since`` failed on a node: a reason to mark it down, or to ping it."""
        if speaks_against(node, error):
            self.mark_down(node, error)
        elif is_suspicious(node, error, since):
            health = self.settings.health
            if self.loop.time() - node.pool.checked_at >= (health.suspect_after or health.probe_timeout):
                self.suspect(node)

    def suspect(self, node: Node) -> None:
        """Ping a node that owes replies and sends none; it is marked down if the ping is not answered either."""
        if self.settings.behind_load_balancer or self.closed or node.state is not NodeState.UP:
            return
        if node.checking is None or node.checking.done():
            node.pool.checked_at = self.loop.time()
            work = supervise(lambda: self._check(node), f"pinging {node.name}")
            node.checking = self.task(work, f"aioriak pings {node.name}")

    async def _check(self, node: Node) -> None:
        timeout = self.settings.health.probe_timeout
        error: RiakError | None = None
        late = True
        while late:  # a reply may be late because the event loop was blocked
            asked_at = self.loop.time()
            try:
                await check(node, timeout)
            except RiakError as failure:
                error = failure
            else:
                error = None
            late = self.loop.time() - asked_at > 2.5 * timeout + 0.1
        if error is None or (isinstance(error, RequestTimeout) and node.pool.replied_at >= asked_at):
            node.pool.checked_at = self.loop.time()
        elif not isinstance(error, PoolTimeout):
            self.mark_down(node, error)
            node.pool.fail_movable(error)
        elif any(one is not node and not self._is_silent(one) for one in self.up):
            # The node could not be pinged: every connection is in use by a write.  Reads can be retried elsewhere.
            node.pool.fail_movable(error)

    def _is_silent(self, node: Node) -> bool:
        since = node.pool.silent_since
        limit = self.settings.health.suspect_after or self.settings.health.probe_timeout
        return since is not None and self.loop.time() - since >= limit

    def mark_down(self, node: Node, error: RiakError) -> None:
        """Send this node no requests until a probe succeeds."""
        if self.settings.behind_load_balancer or self.closed or node.state in (NodeState.DOWN, NodeState.LEAVING):
            return
        logger.warning("%s is down: %s", node.name, error)
        node.mark_down(error)
        self.up = [one for one in self.up if one is not node]
        self.telemetry.node_down(node.name, error)
        at_once = not isinstance(error, ConnectError)
        node.probing = self.task(self._watch(node, at_once=at_once), f"aioriak probes {node.name}")
        if node.origin is not None:
            self._follow_name(node.origin)

    async def _watch(self, node: Node, *, at_once: bool) -> None:
        health = self.settings.health
        connection = await supervise(
            lambda: watch(node, health, at_once=at_once), f"probing {node.name}", health.backoff
        )
        if node.state is not NodeState.DOWN or self.closed:
            connection.abort()
            return
        logger.info("%s is back", node.name)
        node.mark_up(connection)
        self._mark_up(node)
        self.telemetry.node_up(node.name)

    def _mark_up(self, node: Node) -> None:
        self.up = [*self.up, node]
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    # -- members ---------------------------------------------------------------------------------

    def _add(self, address: Address, *, seed: bool) -> Node:
        node = self.nodes.get(address)
        if node is None:
            failed: Callable[[Node, RiakError], None] = self.mark_down
            node = self.nodes[address] = Node(
                self.loop, address, self.settings,
                seed=seed, failed=failed, silent=self.suspect, telemetry=self.telemetry, rng=self._rng,
            )  # fmt: skip
            node.pool.client_id = self.client_id
            self._mark_up(node)
            self._members_changed()
            self.telemetry.node_joined(node.name)
        node.seed = node.seed or seed
        return node

    def add_node(self, address: Address, *, seed: bool = True) -> Node:
        """Take a node in; requests go to it from now on."""
        if self.settings.behind_load_balancer:
            raise ConnectError("behind a load balancer there is one address")
        known = address in self.nodes
        node = self._add(address, seed=seed)
        if not known:
            logger.info("%s joined", node.name)
        return node

    async def remove_node(self, node: Node) -> None:
        """Let go of a node: nothing new is sent to it, what is in flight ends (``timeouts.close`` at most)."""
        logger.info("%s leaves", node.name)
        self._forget(node)
        await node.pool.aclose(self.settings.timeouts.close)

    def _members_changed(self) -> None:
        if self.router is not None:
            self.router.mark_stale()

    def _forget(self, node: Node) -> None:
        self.nodes.pop(node.address, None)
        self._members_changed()
        node.state = NodeState.LEAVING
        for task in (node.probing, node.checking):
            if task is not None:
                task.cancel()
        self.up = [one for one in self.up if one is not node]
        self.telemetry.node_left(node.name)

    async def _discover_once(self) -> bool:
        """Ask for the members and follow; false when the server cannot tell."""
        assert self.settings.discovery is not None
        node = self.pick()
        if node is None:
            return True
        policy = self.settings.discovery
        members = await discover(
            node,
            [one.address for one in self.nodes.values()],
            PATIENCE * self.settings.health.probe_timeout,
            policy.map_address,
            self._complaints,
        )
        if members is None:
            return False
        nodes = self.nodes.values()
        known = {node.peer for node in nodes} | {(node.address.host, node.address.port) for node in nodes}
        listed = dict.fromkeys(members)
        new = [address for address in listed if (address.host, address.port) not in known]
        for number, address in enumerate(new, 1):
            self.add_node(address, seed=False)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # let requests run in between
                if self.closed:
                    return True
        gone = [node for node in self.nodes.values() if not node.seed and node.address not in listed]
        for node in gone:
            if len(self.nodes) > 1:
                self.task(self.remove_node(node), f"aioriak lets go of {node.name}")
        return True

    async def _keep_discovering(self) -> None:
        await supervise(self._discover_at_intervals, "discovery")

    async def _discover_at_intervals(self) -> None:
        assert self.settings.discovery is not None
        while True:
            await asyncio.sleep(self.settings.discovery.interval)
            if not await self._discover_once():
                return

    def set_client_id(self, client_id: bytes) -> None:
        """Use a client id on every connection from now on; the connections with another one retire."""
        self.client_id = client_id
        for node in self.nodes.values():
            node.pool.introduce(client_id)

    # -- closing ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close every connection; safe in a signal handler and in another thread.

        While the event loop runs, it does the work in its next iteration: a signal handler or another
        thread may have interrupted the pool in the middle of a change.
        """
        if self.closed:
            return
        self.closed = True
        try:
            if self.loop.is_running():
                self.loop.call_soon_threadsafe(self._close_now)
                return
        except RuntimeError:
            pass  # the event loop has been closed
        self._close_now()

    def _close_now(self) -> None:
        self._say_closed()
        for task in list(self._tasks):
            task.cancel()
        for node in self.nodes.values():
            node.pool.close(ClientClosed("the client was closed"))
        self._wake_waiters()

    async def aclose(self) -> None:
        """Wait for the requests in flight, then close."""
        self.check_loop()
        self.closed = True
        self._say_closed()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        self._wake_waiters()
        await asyncio.gather(
            *(node.pool.aclose(self.settings.timeouts.close) for node in self.nodes.values()),
            *tasks,
            return_exceptions=True,
        )

    def _say_closed(self) -> None:
        if not self._closed_reported:
            self._closed_reported = True
            self.telemetry.client_closed(self.stats)
            self.on_close()

    def check_loop(self) -> None:
        """Raise :class:`~aioriak.error.WrongEventLoop` unless the running event loop is the client's own."""
        if asyncio.get_running_loop() is not self.loop:
            state = "is closed" if self.loop.is_closed() else "runs elsewhere"
            raise WrongEventLoop(
                f"the client belongs to another event loop, which {state}; make one client for each event loop"
            )

    def _wake_waiters(self) -> None:
        if self.loop.is_closed():
            return  # the event loop is closed: no caller can be waiting
        if not self._ended.done():
            self._ended.set_result(None)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


def _nothing() -> None:
    """Do nothing."""


def _router(cluster: Cluster) -> KeyRouter:
    from aioriak.cluster.ring import KeyRouter  # imports hashlib, which is needed with key_aware only

    return KeyRouter(lambda: cluster.up, PATIENCE * cluster.settings.health.probe_timeout)
