"""Storing records so that storing them twice changes nothing.

An object is stored as it was: each live sibling as a sibling. Before anything is replaced, what is there is
compared; therefore a write whose reply was lost, or a load that was killed, can simply be done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord, Place, Record, Sibling
from aioriak.error import NoneMatchFailed, OutcomeUnknown, RiakError
from aioriak.operations import datatypes
from aioriak.operations.names import Name, text

if TYPE_CHECKING:
    from aioriak.bucket import Bucket
    from aioriak.client import RiakClient
    from aioriak.riak_object import RiakObject

_ATTEMPTS = 3


class Mode(Enum):
    """What happens to a key that is there already with another value."""

    REFUSE = "refuse"
    IF_MISSING = "if-missing"
    UPDATE = "update"


class Outcome(Enum):
    """What became of a record."""

    STORED = "stored"
    SAME = "unchanged"
    SKIPPED = "skipped"
    LEFT_OUT = "left out"


class Refused(RiakError):
    """A record that cannot be stored, or must not be."""


class Storer:
    """Stores records in a cluster.

    ``into``: bucket type and bucket to store them in, instead of their own. ``tombstones``: delete the keys
    whose record is only a tombstone. ``dry_run``: read and compare, but write nothing.
    """

    def __init__(
        self, client: RiakClient, mode: Mode = Mode.REFUSE, *, into: tuple[Name, Name] | None = None,
        tombstones: bool = False, dry_run: bool = False,
    ) -> None:  # fmt: skip
        self.client = client
        self._mode = mode
        self._into = into
        self._tombstones = tombstones
        self._dry_run = dry_run
        self._allow_mult: dict[tuple[bytes, bytes], bool] = {}

    def bucket(self, place: Place) -> Bucket:
        """Return the bucket that a record is stored in."""
        kind, name = self._into or (text(place.type), text(place.bucket))
        return self.client.bucket(name, kind)

    async def store(self, record: Record) -> Outcome:
        """Store a record.

        Raises :class:`Refused`, and what a write raises: after :class:`~aioriak.error.OutcomeUnknown` the
        record may be stored, and may be given to this again.
        """
        if isinstance(record, DatatypeRecord):
            return await self._store_datatype(record)
        return await self._store_object(record)

    # -- objects --------------------------------------------------------------------------------

    async def _store_object(self, record: ObjectRecord) -> Outcome:
        bucket, key = self.bucket(record.place), text(record.place.key)
        datatype = await bucket.bucket_type.get_datatype()
        if datatype is not None:
            raise Refused(f"{bucket.path} holds data types ({datatype}), the record is an object")
        if not record.live:
            return await self._delete(bucket, key)
        if len(record.live) > 1 and not await self._allows_siblings(bucket):
            raise Refused(f"{bucket.path} has allow_mult=false, the record has {len(record.live)} siblings")
        if self._mode is not Mode.UPDATE and len(record.live) == 1 and not self._dry_run:
            try:  # most keys are absent; this saves reading them first
                await self._put(bucket, key, record.live[0], None, if_none_match=True)
            except (NoneMatchFailed, OutcomeUnknown):
                pass
            else:
                return Outcome.STORED
        return await self._reconcile(bucket, key, record)

    async def _reconcile(self, bucket: Bucket, key: Name, record: ObjectRecord) -> Outcome:
        """Write what is missing, attempt after attempt until no outcome is unknown."""
        wanted = Counter(sibling.digest() for sibling in record.live)
        wrote = False
        for attempt in range(1, _ATTEMPTS + 1):
            current = await _read(bucket, key)
            there = Counter(sibling.digest() for sibling in ObjectRecord.of(current).live)
            if there == wanted:
                return Outcome.STORED if wrote else Outcome.SAME
            extra = there - wanted
            if there and not wrote and self._mode is Mode.IF_MISSING:
                return Outcome.SKIPPED
            if extra and self._mode is not Mode.UPDATE:
                raise Refused("the key holds another value; --update replaces it, --if-missing keeps it")
            if self._dry_run:
                return Outcome.STORED
            # With nothing to keep, the first write replaces what is there, a tombstone too; the others are siblings.
            replaces = bool(extra) or not there
            missing = wanted if replaces else wanted - there
            try:
                for sibling in _pick(record.live, missing):
                    await self._put(bucket, key, sibling, current.vclock if replaces else None)
                    wrote, replaces = True, False
                return Outcome.STORED
            except OutcomeUnknown:
                wrote = True
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("every attempt returns or raises")

    async def _put(
        self, bucket: Bucket, key: Name, sibling: Sibling, vclock: bytes | None, *, if_none_match: bool = False
    ) -> None:
        robject = bucket.new_object(key, None)
        sibling.fill(robject.siblings[0])
        robject.vclock = vclock
        await robject.store(return_body=False, if_none_match=if_none_match)

    async def _delete(self, bucket: Bucket, key: Name) -> Outcome:
        if not self._tombstones:
            return Outcome.LEFT_OUT
        current = await _read(bucket, key)
        if not current.exists:
            return Outcome.SAME
        if self._mode is Mode.IF_MISSING:
            return Outcome.SKIPPED
        if self._mode is Mode.REFUSE:
            raise Refused("the key holds a value, the record is a tombstone; --update deletes it")
        if not self._dry_run:
            await current.delete()
        return Outcome.STORED

    async def _allows_siblings(self, bucket: Bucket) -> bool:
        where = bucket.bucket_type.wire_name or b"default", bucket.wire_name
        if where not in self._allow_mult:
            self._allow_mult[where] = (await bucket.get_properties()).get("allow_mult") is True
        return self._allow_mult[where]

    # -- data types ---------------------------------------------------------------------------------

    async def _store_datatype(self, record: DatatypeRecord) -> Outcome:
        bucket, key = self.bucket(record.place), text(record.place.key)
        if await bucket.bucket_type.get_datatype() != record.datatype:
            raise Refused(f"{bucket.path} does not hold data types of the type {record.datatype}")
        current = await bucket.get(key)
        if current.exists:
            if current.value == record.value:
                return Outcome.SAME
            if self._mode is Mode.IF_MISSING:
                return Outcome.SKIPPED
            if self._mode is Mode.REFUSE:
                raise Refused("the key holds another value; --update changes it, --if-missing keeps it")
        if record.datatype == "hll":
            raise Refused("a HyperLogLog cannot be made from its estimate")
        if self._dry_run:
            return Outcome.STORED
        try:
            if current.exists:
                stage(current, record.value)
                await current.store()
            else:
                await datatypes.update(
                    self.client._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, record.place.key,
                    record.datatype, operation(record.datatype, record.value), None, {},
                )  # fmt: skip
        except OutcomeUnknown:
            # An update must not be sent twice; but it can be seen whether it was done.
            if (await bucket.get(key)).value != record.value:
                raise
        return Outcome.STORED


async def _read(bucket: Bucket, key: Name) -> RiakObject:
    from aioriak.riak_object import RiakObject

    return await RiakObject(bucket.client, bucket, key).reload()


def _pick(siblings: list[Sibling], wanted: Counter[bytes]) -> list[Sibling]:
    """Return siblings with these digests, each as often as it is wanted; the oldest first."""
    left = Counter(wanted)
    found: list[Sibling] = []
    for sibling in sorted(siblings, key=lambda one: one.last_modified or 0.0):
        digest = sibling.digest()
        if left[digest] > 0:
            left[digest] -= 1
            found.append(sibling)
    return found


def operation(kind: str, value: Any) -> Any:
    """Return the operation that makes a value where nothing is, as :mod:`aioriak.operations.datatypes` has it."""
    if kind == "counter":
        return ("increment", value)
    if kind in ("set", "gset"):
        return {"adds": list(value)}
    if kind == "register":
        return ("assign", value)
    if kind == "flag":
        return "enable" if value else "disable"
    return [("update", field, operation(field[1], inner)) for field, inner in value.items()]


def stage(datatype: Any, wanted: Any) -> None:
    """Stage the changes that make a data type's value the one that is wanted.

    Raises :class:`Refused` where that cannot be done.
    """
    kind = datatype.type_name
    if kind == "counter":
        datatype.increment(wanted - datatype.value)
    elif kind == "register":
        datatype.assign(wanted)
    elif kind == "flag":
        if wanted:
            datatype.enable()
        else:
            datatype.disable()
    elif kind in ("set", "gset"):
        extra = datatype.value - wanted
        if extra and kind == "gset":
            raise Refused(f"nothing can be removed from a gset, and it has {len(extra)} more members")
        for member in wanted - datatype.value:
            datatype.add(member)
        for member in extra:
            datatype.discard(member)
    elif kind == "map":
        _stage_map(datatype, wanted)
    else:
        raise Refused(f"a {kind} cannot be changed to a value")


def _stage_map(datatype: Any, wanted: Mapping[Any, Any]) -> None:
    there = datatype.value
    for field in there.keys() - wanted.keys():
        del datatype[field]
    for field, value in wanted.items():
        if field not in there or there[field] != value:
            stage(datatype[field], value)
