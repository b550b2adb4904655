"""Every exception that aioriak raises.

::

    RiakError
    ├── InvalidRequest (ValueError)       refused here, before anything was sent
    │   └── InvalidType (TypeError)       … because of its type
    ├── ContextRequired                   a removal from a data type needs its context
    ├── ClientClosed (RuntimeError)       used after close()
    ├── WrongEventLoop (RuntimeError)     used from another event loop or thread than its own
    ├── ListingDisallowed                 the client refuses listings (allow_listing="error")
    ├── ConflictError                     not exactly one sibling
    │   ├── ResolverError                 a resolver raised, or left none or several
    │   │   └── ResolverErrorAfterWrite   … after the write was done
    │   └── StoredAsSibling               update() wrote, and so did another client: .siblings
    ├── TooManyConflicts                  another client was faster at every attempt of update()
    ├── ContentError (ValueError)         a value cannot be encoded or decoded
    ├── ConnectError (ConnectionError)    no connection: nothing was sent
    │   ├── NoNodeAvailable               no node of the cluster could be reached in time
    │   └── SecurityError                 TLS or authentication failed
    │       ├── AuthenticationFailed      unknown user, wrong password, no matching source
    │       ├── CertificateError          the server's or the client's certificate was refused
    │       │   ├── UnknownAuthority      the server's: signed by an authority that is not trusted
    │       │   ├── WrongHostName         the server's: for another host name
    │       │   ├── CertificateExpired    the server's: expired, or not valid yet
    │       │   ├── CertificateRevoked    the server's: on the revocation list
    │       │   └── ClientCertificateRefused  the client's: refused by the server, or missing
    │       ├── SecurityRequired          the server requires TLS and a login
    │       └── SecurityNotEnabled        credentials were given, and the server has security disabled
    ├── ConnectionLost (ConnectionError)  the connection closed during a request
    │   └── WriteLost *                   … that may have been carried out
    ├── RequestTimeout (TimeoutError)     the deadline passed
    │   ├── PoolTimeout                   … before anything was sent
    │   └── WriteTimeout *                … after a write was sent
    ├── ProtocolError                     the server violated the protocol
    │   └── WriteGarbled *                … after a write was sent
    ├── OutcomeUnknown                    all those marked *: the write may or may not have happened
    └── ServerError                       the server answered with an error: .text
        ├── ServerWriteError *            … to a write, and its text does not say whether it was done
        ├── PreconditionFailed            the condition of a conditional put was not met
        │   ├── NotModifiedFailed         if_not_modified: the object has changed, or does not exist
        │   └── NoneMatchFailed           if_none_match: the object exists already
        ├── BucketTypeNotFound            no such bucket type, or not active
        ├── ServerTimeout (TimeoutError)  the server timed out
        │   └── ServerWriteTimeout *
        ├── Overload                      the node is overloaded
        ├── NodeNotReady                  the node is starting or stopping: try another
        ├── Unavailable                   too few nodes or vnodes of the cluster are up
        ├── QuorumUnsatisfied             too few replicas answered: .required, .got
        │   └── WriteQuorumUnsatisfied *
        ├── QuorumTooLarge                a quorum larger than n_val: .n_val
        ├── ValueTooLarge                 the object is over the server's limit: .size
        ├── TooManySiblings               the object has more siblings than allowed: .count
        ├── HookRejected                  a precommit hook rejected the write
        │   └── InvalidIndex              an index entry has a bad name or value
        ├── InvalidProperties             the server refused bucket properties
        ├── DatatypeMismatch              the operation does not fit the bucket type's data type
        ├── NotADatatype                  the bucket type has no data type
        ├── RemovalFailed                 a removal without a context of an absent member or field
        ├── MapReduceError                a map/reduce job failed: .phase, .reason
        │   └── MapReduceWriteError *
        ├── NotFound                      no such search index, schema or replication queue
        ├── NotSupported                  the server does not support the request
        └── PermissionDenied (PermissionError)  the user lacks the permission

``except TimeoutError``, ``except ConnectionError`` and ``except OutcomeUnknown``
therefore catch what their names say, whatever the layer it came from.

The server's words are those of Riak's protocol-buffers interface
(Riak KV documentation, "Protocol Buffers Client API", "Error Response").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable


class RiakError(Exception):
    """The root of all errors of this library.

    ``value`` is what happened, in words.  ``node`` (``host:port``) and
    ``operation`` (``put of default/users/k``) say where, as far as it is known;
    ``attempts`` holds the errors of earlier attempts at the same request.
    ``outcome_unknown``: the write may or may not have been done.  ``written``: the write was done, and the
    error occurred afterwards.

    ``str(error)`` is for a log: one line, with node, operation and earlier attempts.  ``summary`` is for the end
    user of a program: it names no node, no key and no text of the server.
    """

    summary = "The database reported an error."
    """A sentence for the end user of a program, without addresses, names or the server's words."""
    outcome_unknown = False
    written = False
    may_have_happened = False
    """Whether a write that ends with this error can have been done, in whole or on some replicas."""

    def __init__(self, value: object = "", *, node: str | None = None, operation: str | None = None) -> None:
        super().__init__(value)
        self.value = value
        self.node = node
        self.operation = operation
        self.attempts: tuple[RiakError, ...] = ()

    def __str__(self) -> str:
        where = " ".join(
            part for part in (self.operation and f"during {self.operation}", self.node and f"at {self.node}") if part
        )
        said = f"{self._message()} ({where})" if where else self._message()
        if self.outcome_unknown:
            said += "; outcome unknown"
        elif self.written:
            said += "; the write was done"
        if self.attempts:
            attempts = Counter(
                f"{attempt.node or '?'}: {type(attempt).__name__}: {attempt._message()}" for attempt in self.attempts
            )
            said += "; earlier attempts: " + ", ".join(
                text if times == 1 else f"{text} ({times} times)" for text, times in attempts.items()
            )
        return said

    def _message(self) -> str:
        """Return what happened, on one line."""
        return _one_line(str(self.value))


def _one_line(text: str) -> str:
    """Escape control characters, which could forge lines of a log or change a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class InvalidRequest(RiakError, ValueError):
    """The request is invalid and was not sent."""

    summary = "The request is not valid."


class InvalidType(InvalidRequest, TypeError):
    """An option is of a wrong type, or a name, a key or a value of one that cannot be sent."""


class ContextRequired(RiakError):
    """A removal from a data type needs its causal context: fetch the data type first."""


class ClientClosed(RiakError, RuntimeError):
    """The client was used after ``close()``."""

    summary = "The program is shutting down."


class WrongEventLoop(RiakError, RuntimeError):
    """The client belongs to another event loop, which runs in another thread or is closed; nothing was sent."""


class ListingDisallowed(RiakError):
    """The client refuses to list keys or buckets, which reads the whole cluster (``allow_listing="error"``)."""


class ConflictError(RiakError):
    """The object does not have exactly one sibling."""

    summary = "The record was changed by several writers at the same time."


class ResolverError(ConflictError):
    """A conflict resolver raised, or did not leave exactly one sibling."""


class ResolverErrorAfterWrite(ResolverError):
    """The write was done; then the resolver failed to settle the siblings that the server returned."""

    written = True


class StoredAsSibling(ConflictError):
    """An update was stored, but as one of several siblings, because another client wrote at the same moment.

    The write was done: calling ``update`` again would make the change twice.  ``siblings`` is their number.
    """

    summary = "The record was changed, and others changed it at the same time."
    written = True
    siblings = 0


class TooManyConflicts(RiakError):
    """Another client was faster at every attempt of an update; nothing was written."""

    summary = "The record is being changed by others; try again."


class ContentError(RiakError, ValueError):
    """A value cannot be encoded, or cannot be decoded, for its content type."""

    summary = "The record cannot be read or written in its format."


class ConnectError(RiakError, ConnectionError):
    """No connection could be established; nothing was sent."""

    summary = "The database cannot be reached; nothing was changed."


class NoNodeAvailable(ConnectError):
    """No node of the cluster could be reached before the deadline; ``attempts`` says why."""


class SecurityError(ConnectError):
    """TLS or authentication failed; nothing was sent."""

    summary = "The database refused the login of this program."


class AuthenticationFailed(SecurityError):
    """The server does not accept the user and the credentials."""


class CertificateError(SecurityError):
    """The certificate of the server or of the client was refused; no password was sent."""


class UnknownAuthority(CertificateError):
    """The server's certificate is signed by an authority that the client does not trust."""


class WrongHostName(CertificateError):
    """The server's certificate is for another host name."""


class CertificateExpired(CertificateError):
    """The server's certificate has expired, or is not valid yet."""


class CertificateRevoked(CertificateError):
    """The server's certificate is on the revocation list."""


class ClientCertificateRefused(CertificateError):
    """The server does not accept the client's certificate, or demands one."""


class SecurityRequired(SecurityError):
    """The server has security enabled; give the client credentials."""


class SecurityNotEnabled(SecurityError):
    """The server has security disabled; the credentials were not sent."""


class OutcomeUnknown(RiakError):
    """A write was sent, and no reply says whether it was done: it may have been, or may still be."""

    summary = "It is not known whether the change was saved."
    outcome_unknown = True
    may_have_happened = True


class ConnectionLost(RiakError, ConnectionError):
    """The connection closed before the reply arrived."""

    summary = "The connection to the database was lost."


class WriteLost(OutcomeUnknown, ConnectionLost):
    """The connection closed after a write was sent and before its reply arrived."""


class RequestTimeout(RiakError, TimeoutError):
    """The deadline passed before the reply arrived."""

    summary = "The database did not answer in time."


class PoolTimeout(RequestTimeout):
    """The deadline passed before the request could be sent."""


class WriteTimeout(OutcomeUnknown, RequestTimeout):
    """The deadline passed after a write was sent and before its reply arrived."""


class ProtocolError(RiakError):
    """The server violated Riak's protocol; the connection was closed."""


class WriteGarbled(OutcomeUnknown, ProtocolError):
    """The server violated Riak's protocol after a write was sent."""


class ServerError(RiakError):
    """The server answered with an error; ``text`` is what it said, ``explanation`` what that means.

    ``str(error)`` has both, the server's words in quotes.
    """

    _meaning = "the server answered with an error"  # a template; {error} is the error itself

    @property
    def text(self) -> str:
        """The server's own words."""
        return str(self.value)

    @property
    def explanation(self) -> str:
        """What the server's words mean, in plain English."""
        return self._meaning.format(error=self)

    def _message(self) -> str:
        said = _one_line(self.text)
        if said.count('"') == 2 and said[0] == said[-1] == '"':  # some of Riak's texts have quotes already
            return f"{self.explanation}: {said}"
        return f'{self.explanation}: "{said}"'


class ServerWriteError(OutcomeUnknown, ServerError):
    """The server answered a write with an error that does not say whether the write was done."""

    _meaning = "the server answered a write with an error"


class PreconditionFailed(ServerError):
    """The condition of a conditional put was not met; nothing was written."""

    summary = "The record was changed by someone else; nothing was saved."


class NotModifiedFailed(PreconditionFailed):
    """``if_not_modified``: the object has changed since it was fetched, or does not exist."""

    _meaning = "if_not_modified: the stored object is not the one that was fetched"


class NoneMatchFailed(PreconditionFailed):
    """``if_none_match``: the object exists already."""

    _meaning = "if_none_match: an object is stored under this key already"


class BucketTypeNotFound(ServerError):
    """The bucket type does not exist, or is not active."""

    _meaning = "the bucket type does not exist or is not active; riak admin bucket-type creates and activates it"


class ServerTimeout(ServerError, TimeoutError):
    """The server timed out waiting for its replicas."""

    summary = "The database did not answer in time."
    _meaning = "the server timed out waiting for its replicas"
    may_have_happened = True


class ServerWriteTimeout(OutcomeUnknown, ServerTimeout):
    """The server timed out waiting for its replicas to confirm a write."""


class Overload(ServerError):
    """The node is overloaded; nothing was done."""

    summary = "The database is overloaded; try again later."
    _meaning = "the node is overloaded"


class NodeNotReady(ServerError):
    """The node is starting or stopping; nothing was done."""

    summary = "The database is not ready; try again later."
    _meaning = "the node is starting or stopping"


class Unavailable(ServerError):
    """Too few nodes or vnodes are up; nothing was done."""

    summary = "Too much of the database is unavailable; try again later."
    _meaning = "too few nodes of the cluster are up"


class QuorumUnsatisfied(ServerError):
    """Too few replicas answered: ``quorum`` (``"r"``, ``"pw"`` …) says which, ``required`` and ``got`` how many."""

    summary = "Too few copies of the record are available; try again later."
    _meaning = "{error.quorum} requires {error.required} replicas, {error.got} answered"
    may_have_happened = True
    quorum = ""
    required = 0
    got = 0


class WriteQuorumUnsatisfied(OutcomeUnknown, QuorumUnsatisfied):
    """Too few replicas confirmed a write; those that did may keep it."""


class QuorumTooLarge(ServerError):
    """A quorum was larger than ``n_val``."""

    _meaning = "a quorum is larger than n_val, which is {error.n_val}"
    n_val = 0


class ValueTooLarge(ServerError):
    """The object is over the server's limit; ``size`` in bytes."""

    summary = "The record is too large."
    _meaning = "the object takes {error.size} bytes, over the server's limit (object.size.maximum in riak.conf)"
    size = 0


class TooManySiblings(ServerError):
    """The object has ``count`` siblings, more than the server allows."""

    _meaning = "the object has {error.count} siblings, over the server's limit (object.siblings.maximum in riak.conf)"
    count = 0


class HookRejected(ServerError):
    """A precommit hook refused the write."""

    summary = "The database rejected the record."
    _meaning = "a precommit hook rejected the write"


class InvalidIndex(HookRejected):
    """An index entry has an invalid name or value."""

    _meaning = "an index entry has an invalid name or value"


class InvalidProperties(ServerError):
    """The server refused bucket properties."""

    _meaning = "the server refused the properties"


class DatatypeMismatch(ServerError):
    """The operation is for another data type than that of the bucket type."""

    _meaning = "the operation is for another data type than that of the bucket type"


class NotADatatype(ServerError):
    """The bucket type has no data type."""

    _meaning = "the bucket type has no data type; use one that was created with the property datatype"


class RemovalFailed(ServerError):
    """A removal without a context named a member or field that is absent."""

    _meaning = "the member or field to remove is absent; fetch the data type before removing from it"


class MapReduceError(ServerError):
    """A map/reduce job is invalid, or one of its phases failed.

    ``phase`` counts from 0 (``None``: before any phase), ``reason`` is what the server gives as such.
    """

    _meaning = "the map/reduce job failed"
    phase: int | None = None
    reason = ""


class MapReduceWriteError(OutcomeUnknown, MapReduceError):
    """A job that writes failed; what it wrote before stays."""


class NotFound(ServerError):
    """The search index, schema or replication queue does not exist."""

    _meaning = "the search index, schema or replication queue does not exist"


class NotSupported(ServerError):
    """The server does not support the request."""

    summary = "The database does not support this request."
    _meaning = "the server does not support this request"


class PermissionDenied(ServerError, PermissionError):
    """The user lacks a permission."""

    summary = "This program may not do that in the database."
    _meaning = "the user lacks a permission"


class ListingWarning(UserWarning):
    """Listing keys or buckets reads the whole cluster: allow it by ``allow_listing="silent"`` where that is meant."""


_WRITE_TWINS: dict[type[RiakError], type[RiakError]] = {
    ConnectionLost: WriteLost,
    RequestTimeout: WriteTimeout,
    ProtocolError: WriteGarbled,
    ServerTimeout: ServerWriteTimeout,
    QuorumUnsatisfied: WriteQuorumUnsatisfied,
    MapReduceError: MapReduceWriteError,
}
_DETAILS = ("quorum", "required", "got", "phase", "reason")


def for_write(error: RiakError) -> RiakError:
    """Return the error that a write ends with which was sent and met ``error``.

    It is an :class:`OutcomeUnknown` where the write can have been done, and ``error`` itself otherwise.
    """
    if error.outcome_unknown:
        return error
    if isinstance(error, ServerError):
        if not error.may_have_happened:
            return error
        twin: type[RiakError] = _WRITE_TWINS.get(type(error), ServerWriteError)
    else:
        found = _WRITE_TWINS.get(type(error))
        if found is None:
            return error
        twin = found
    unknown = twin(error.value, node=error.node, operation=error.operation)
    for name in _DETAILS:
        if hasattr(error, name):
            setattr(unknown, name, getattr(error, name))
    unknown.attempts = error.attempts
    unknown.__cause__ = error.__cause__
    return unknown


_Make = Callable[[str, re.Match[str]], ServerError | SecurityError]


def _plain(kind: type[ServerError] | type[SecurityError]) -> _Make:
    return lambda text, match: kind(text)


def _quorum(text: str, match: re.Match[str]) -> ServerError:
    error = QuorumUnsatisfied(text)
    error.quorum, error.required, error.got = match["quorum"], int(match["required"]), int(match["got"])
    return error


def _nodes(text: str, match: re.Match[str]) -> ServerError:
    error = QuorumUnsatisfied(text)
    error.quorum, error.required, error.got = "node_confirms", int(match["need"]), int(match["have"])
    return error


def _n_val(text: str, match: re.Match[str]) -> ServerError:
    error = QuorumTooLarge(text)
    error.n_val = int(match[1])
    return error


def _size(text: str, match: re.Match[str]) -> ServerError:
    error = ValueTooLarge(text)
    error.size = int(match[1])
    return error


def _siblings(text: str, match: re.Match[str]) -> ServerError:
    error = TooManySiblings(text)
    error.count = int(match[1])
    return error


def _job(text: str, match: re.Match[str]) -> ServerError:
    error = MapReduceError(text)
    error.reason = match["reason"].strip()
    return error


def _phase(text: str, match: re.Match[str]) -> ServerError:
    error = MapReduceError(text)
    error.phase, error.reason = int(match["phase"]), match["reason"].strip()
    if "must be of one of the following forms" in text:
        error.reason += " (Riak 3 runs phases in Erlang only)"
    return error


def _phase_told(text: str, match: re.Match[str]) -> ServerError:
    error = MapReduceError(text)
    error.phase = int(match["phase"])
    told = re.search(r'"error":"((?:[^"\\]|\\.)*)"', text)
    error.reason = told[1] if told else text
    return error


_NO, _MAYBE = False, True

# A pattern of the server's text, its error, and whether a write that gets this reply can have been done.
# A text that is not here is a ServerError, and a write that it answers can have been done.
_TEXTS: tuple[tuple[str, _Make, bool], ...] = (
    (r"match_found$", _plain(NoneMatchFailed), _NO),
    (r"(modified|notfound)$", _plain(NotModifiedFailed), _NO),
    (
        r"no_type$|No bucket-type named|Error no bucket type|Invalid bucket type:"
        r"|Invalid bucket properties: not_active$",
        _plain(BucketTypeNotFound),
        _NO,
    ),
    (r"timeout$|\{timeout\b", _plain(ServerTimeout), _MAYBE),
    (r"overload$", _plain(Overload), _NO),
    (r"\{n_val_violation,(\d+)\}", _n_val, _NO),
    (r"\{(?P<quorum>\w+?)_val_unsatisfied,(?P<required>\d+),(?P<got>\d+)\}", _quorum, _MAYBE),
    (r"\{insufficient_nodes,(?P<have>\d+),need,(?P<need>\d+)\}", _nodes, _MAYBE),
    (r"\{insufficient_vnodes,|insufficient_vnodes_available$|all_nodes_down$", _plain(Unavailable), _NO),
    (r"\{too_large,(\d+)\}", _size, _NO),
    (r"\{too_many_siblings,(\d+)\}", _siblings, _NO),
    (r"\{precommit_fail,\[\{(field_parsing_failed|unknown_field_type),", _plain(InvalidIndex), _NO),
    (r"\{precommit_fail,|precommit_fail", _plain(HookRejected), _NO),
    (r"\{precondition,\{not_present", _plain(RemovalFailed), _NO),
    (r"Operation type is .* but\s+bucket type is", _plain(DatatypeMismatch), _NO),
    (
        r"(Bucket datatype )?`.*` is not a supported type$"
        r'|"?(Counters require bucket property|Bucket must be allow_mult=true|non-counter operation on default bucket)',
        _plain(NotADatatype),
        _NO,
    ),
    (r"Invalid bucket properties:", _plain(InvalidProperties), _NO),
    (r"Unknown message code:", _plain(NotSupported), _NO),
    # A job's phases run as its inputs arrive: one that fails may have written for the inputs before.
    (r"(?s)Phase (?P<phase>\d+): (?P<reason>.*)", _phase, _MAYBE),
    (r'\{"phase":(?P<phase>\d+),', _phase_told, _MAYBE),
    (
        r"(?s)(?P<reason>\{(invalid_json|inputs|'?query'?),.*|missing_field$|not_json$|\{unknown_content_type,.*)",
        _job,
        _NO,
    ),
    (r"(?s)Error (sending inputs|receiving outputs): (?P<reason>.*)", _job, _MAYBE),
    # a name in the request is none that the server knows: it failed while it read the request
    (r"Error processing incoming message: error:badarg:\[\{erlang,binary_to_existing_atom,", _plain(ServerError), _NO),
    (r"queue_not_defined$|No index .* found", _plain(NotFound), _NO),
    (r"Permission denied:", _plain(PermissionDenied), _NO),
    (r"Security is enabled, please (STARTTLS|authenticate) first", _plain(SecurityRequired), _NO),
    (r"Security not enabled; STARTTLS not allowed", _plain(SecurityNotEnabled), _NO),
    (r"Authentication failed", _plain(AuthenticationFailed), _NO),
)


def from_server(text: str) -> ServerError | SecurityError:
    """Return the error for a server's text; :class:`ServerError` itself for an unknown text."""
    for pattern, make, may_have_happened in _TEXTS:
        match = re.match(pattern, text)  # compiled at the first error, not at import
        if match:
            error = make(text, match)
            error.may_have_happened = may_have_happened
            return error
    unknown = ServerError(text)
    unknown.may_have_happened = True
    return unknown
