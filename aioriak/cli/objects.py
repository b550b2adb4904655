"""``get``, ``put`` and ``delete``."""

from __future__ import annotations

import json
import mimetypes
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli import exits
from aioriak.cli.exits import Failure
from aioriak.cli.notation import parse, printable, show
from aioriak.cli.options import NAME, QUORUM, bucket_type, command, pair, place
from aioriak.cli.output import dumps, is_terminal, note
from aioriak.error import PreconditionFailed
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.bucket import Bucket
    from aioriak.cli.output import Output
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient
    from aioriak.content import RiakContent
    from aioriak.riak_object import RiakObject

JSON_TYPES = ("application/json", "text/json")


@command("get")
@bucket_type
@click.option("--meta", is_flag=True, help="Print the metadata too, on stderr.")
@click.option("--raw", is_flag=True, help="Print the stored bytes on a terminal too.")
@click.option("-r", "quorum", type=QUORUM, help="Replicas that must answer: a number, or one, quorum, all.")
@click.argument("bucket", type=NAME)
@click.argument("key", type=NAME)
def get_command(
    session: Session, kind: Name, meta: bool, raw: bool, quorum: Any, bucket: Name, key: Name
) -> None:
    r"""Print the value of KEY in BUCKET.

    Into a pipe the stored bytes are written unchanged; on a terminal control characters are escaped.
    Every sibling of a conflict is printed, and the exit status is 3. Not found: status 1.

    With --json the object is printed as a line of a dump, which load takes.
    """
    session.run(lambda client: _get(session.output, client.bucket(bucket, kind), key, quorum, meta, raw))


async def _get(output: Output, bucket: Bucket, key: Name, quorum: Any, meta: bool, raw: bool) -> None:
    from aioriak.riak_object import RiakObject

    found = await bucket.get(key, r=quorum)
    where = place(bucket.bucket_type.name, bucket.name, key)
    if not found.exists:
        raise Failure(f"{where} was not found")
    if output.json:
        from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord

        kind = ObjectRecord if isinstance(found, RiakObject) else DatatypeRecord
        output.document(kind.of(found).to_json())
    elif not isinstance(found, RiakObject):
        output.line(dumps(found.value))
    else:
        if meta:
            print_metadata(found)
        for number, content in enumerate(found.siblings):
            if number:
                output.line("")
            print_value(output, content, raw)
    if isinstance(found, RiakObject) and len(found.siblings) > 1:
        raise Failure(f"{where} has {len(found.siblings)} siblings; see 'aioriak siblings'", exits.CONFLICT)


def print_value(output: Output, content: RiakContent, raw: bool) -> None:
    """Print one value; on a terminal JSON in colours."""
    encoded = content.encoded_data or b""
    if is_terminal() and not raw and content.content_type in JSON_TYPES:
        with suppress(ValueError, RecursionError):
            from rich.json import JSON

            output.render(JSON(dumps(json.loads(encoded)), highlight=True))
            return
    output.value(encoded, raw=raw)


def metadata_rows(content: RiakContent) -> list[tuple[str, str]]:
    """Return the metadata of a content as rows of a label and a text."""
    rows = [
        ("tombstone", None if content.exists else "yes"),
        ("content type", content.content_type),
        ("charset", content.charset),
        ("encoding", content.content_encoding),
        ("modified", moment(content.last_modified)),
        ("etag", content.etag),
        *((f"meta {show(name)}", show(value)) for name, value in content.usermeta.items()),
        *(
            (f"index {show(name)}", str(value) if isinstance(value, int) else show(value))
            for name, value in sorted(content.indexes, key=repr)
        ),
        *((f"link {show(tag)}", f"{show(bucket)}/{show(key)}") for bucket, key, tag in content.links),
    ]
    return [(label, printable(value)) for label, value in rows if value is not None]


def moment(seconds: float | None) -> str | None:
    """Return a time for people to read, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "milliseconds") if seconds else None


def print_metadata(robject: RiakObject) -> None:
    """Print the metadata of an object's siblings on stderr."""
    for number, content in enumerate(robject.siblings, 1):
        rows = metadata_rows(content)
        if len(robject.siblings) > 1:
            rows.insert(0, ("sibling", f"{number} of {len(robject.siblings)}"))
        label_width = max(len(label) for label, _ in rows)
        for label, value in rows:
            note(f"{label:<{label_width}}  {value}")


@command("put")
@bucket_type
@click.option("-c", "--content-type", help="The content type; told from the file's name or the value unless given.")
@click.option("--file", "source", type=click.File("rb"), help="Read the value from this file; - is stdin.")
@click.option("-i", "--index", "indexes", multiple=True, metavar="NAME=VALUE", help="An index entry; repeatable.")
@click.option("-m", "--meta", "metas", multiple=True, metavar="NAME=VALUE", help="User metadata; repeatable.")
@click.option("-l", "--link", "links", multiple=True, metavar="BUCKET/KEY[/TAG]", help="A link; repeatable.")
@click.option("--charset", help="The character set of a text.")
@click.option("--if-none-match", "--only-new", "only_new", is_flag=True, help="Fail when the key is there (status 1).")
@click.option("--vclock", metavar="BASE64", help="Replace what has been read with this vector clock (get --json).")
@click.option("--create-sibling", is_flag=True, help="Do not read first: what is there becomes a sibling.")
@click.option("-w", "quorum", type=QUORUM, help="Replicas that must have stored it.")
@click.argument("bucket", type=NAME)
@click.argument("key", type=NAME)
@click.argument("value", required=False)
def put_command(
    session: Session, kind: Name, content_type: str | None, source: Any, indexes: tuple[str, ...],
    metas: tuple[str, ...], links: tuple[str, ...], charset: str | None, only_new: bool, vclock: str | None,
    create_sibling: bool, quorum: Any, bucket: Name, key: Name, value: str | None,
) -> None:  # fmt: skip
    """Store VALUE under KEY in BUCKET.

    What is there is read first and replaced, siblings too. Its index entries, user metadata and links are
    kept, each kind unless the option for it is given.
    """
    if (value is None) == (source is None):
        raise click.UsageError("give either a VALUE or --file")
    data = source.read() if value is None else value.encode("utf-8", "surrogateescape")
    name = getattr(source, "name", None) if source is not None else None
    guessed, encoding = _guess(name, data)
    clock = None if vclock is None else _vclock(vclock)
    entries = {pair(one, "an index entry") for one in indexes}
    usermeta = dict(pair(one, "user metadata") for one in metas)
    listed = [_link(one) for one in links]

    async def work(client: RiakClient) -> None:
        from aioriak.content import RiakContent
        from aioriak.riak_object import RiakObject

        handle = client.bucket(bucket, kind)
        datatype = await handle.bucket_type.get_datatype()
        if datatype is not None:
            raise Failure(f"buckets of the type {show(kind)} hold data types ({datatype}); see 'aioriak dt'",
                          exits.USAGE)  # fmt: skip
        robject = RiakObject(client, handle, key)
        if clock is None and not create_sibling and not only_new:
            await robject.reload()
        robject.vclock = clock or robject.vclock
        robject.siblings = robject.siblings[:1] or [RiakContent(robject)]
        content = robject.siblings[0]
        content.content_type = content_type or guessed
        content.content_encoding = encoding
        content.charset = charset
        if entries:
            content.indexes = entries
        if usermeta:
            content.usermeta = usermeta
        if listed:
            content.links = listed
        content.encoded_data = data
        try:
            await robject.store(return_body=False, if_none_match=only_new, w=quorum)
        except PreconditionFailed:
            raise Failure(f"{place(kind, bucket, key)} is there already") from None
        if session.output.json:
            session.output.document({"type": kind, "bucket": bucket, "key": key, "bytes": len(data),
                                     "content_type": content.content_type})  # fmt: skip
        else:
            click.echo(f"{len(data)} bytes stored as {content.content_type}", err=True)

    session.run(work)


@command("delete")
@bucket_type
@click.argument("bucket", type=NAME)
@click.argument("keys", type=NAME, nargs=-1, required=True)
def delete_command(session: Session, kind: Name, bucket: Name, keys: tuple[Name, ...]) -> None:
    """Delete KEYS in BUCKET. A key that was not found: status 1, after the others were deleted."""

    async def work(client: RiakClient) -> None:
        from aioriak.riak_object import RiakObject

        missing: list[Name] = []
        for key in keys:
            robject = RiakObject(client, client.bucket(bucket, kind), key)
            await robject.reload(head=True)
            if not robject.exists:
                missing.append(key)
                continue
            await robject.delete()
            if session.output.json:
                session.output.document({"deleted": key})
        if missing:
            raise Failure("\n".join(f"{place(kind, bucket, key)} was not found" for key in missing))

    session.run(work)


def _guess(name: str | None, data: bytes) -> tuple[str, str | None]:
    """Return content type and content encoding by the file's name, or by the value."""
    if name is not None and name not in ("-", "<stdin>"):
        guessed, encoding = mimetypes.guess_type(str(name))
        if guessed is not None:
            return guessed, encoding
    try:
        decoded = data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream", None
    with suppress(ValueError, RecursionError):
        json.loads(decoded)
        return "application/json", None
    return "text/plain", None


def _vclock(typed: str) -> bytes:
    try:
        return b64decode(typed, validate=True)
    except ValueError:
        raise click.UsageError("--vclock is base 64, as get --json prints it") from None


def _link(typed: str) -> tuple[Name, Name, Name | None]:
    parts = typed.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise click.UsageError(f"a link is BUCKET/KEY or BUCKET/KEY/TAG (write \\x2f for a slash), not {typed}")
    try:
        bucket, key, *tag = map(parse, parts)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return bucket, key, tag[0] if tag else None
