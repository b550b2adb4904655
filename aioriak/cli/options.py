"""Arguments and options that commands share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.exits import Failure
from aioriak.cli.notation import parse, show
from aioriak.cli.session import Session
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Parameter = click.ParamType[Any]
else:
    Parameter = click.ParamType  # generic from click 8.3 on


class NameType(Parameter):
    r"""A name in the notation of the command: ``\xff`` is a byte."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Name:
        """Read a name that was typed."""
        if isinstance(value, bytes):
            return value
        try:
            found = parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not found:
            self.fail("a name must not be empty", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names of bucket types and buckets that begin so."""
        from click.shell_completion import CompletionItem

        from aioriak.cli.completion import complete

        return [CompletionItem(name) for name in complete(ctx, param.name or "", incomplete)]


class QuorumType(Parameter):
    """A number of replicas, or one of Riak's words."""

    name = "quorum"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read a quorum."""
        if isinstance(value, int):
            return value
        if value in ("one", "quorum", "all", "default"):
            return str(value)
        if not str(value).isdigit():
            self.fail(f"{value!r} is no quorum: a number, or one, quorum, all or default", param, ctx)
        return int(value)


class MomentType(Parameter):
    """A moment: ISO 8601 (local time unless it has a zone), seconds since 1970, or an age such as ``2h``."""

    name = "time"
    _AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])$")
    _UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment."""
        if isinstance(value, datetime):
            return value
        age = self._AGE.match(value)
        try:
            if age:
                return datetime.now(UTC) - timedelta(**{self._UNITS[age[2]]: float(age[1])})
            if re.fullmatch(r"\d+(\.\d+)?", value):
                return datetime.fromtimestamp(float(value), UTC)
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no time; write 2026-03-01T12:00, seconds since 1970, or an age: 30m, 2h, 7d",
                      param, ctx)  # fmt: skip


NAME, QUORUM, MOMENT = NameType(), QuorumType(), MomentType()

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

bucket_type: Decorator = click.option(
    "-t", "--type", "kind", type=NAME, default="default", show_default=True, help="Bucket type."
)
yes: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
ending: Decorator = click.option("-0", "--null", is_flag=True, help="End names with NUL instead of a newline.")


def _set_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_object(Session).output.json = True  # type: ignore[union-attr]


as_json: Decorator = click.option(
    "--json", is_flag=True, expose_value=False, callback=_set_json, help="Print JSON, one document a line."
)


def command(name: str, **more: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command with the option ``--json`` and the session as its first argument."""

    def make(function: Callable[..., Any]) -> click.Command:
        with_session: Callable[..., Any] = click.pass_obj(function)
        as_command: Callable[[Callable[..., Any]], click.Command] = click.command(name, **more)
        return as_command(as_json(with_session))

    return make


def confirm(question: str, yes: bool) -> None:
    """Ask before something dangerous. Raises :class:`~aioriak.cli.exits.Failure` when there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{question} Confirm with --yes.", 2)
    if not click.confirm(question, err=True):
        raise Failure("nothing was changed")


def place(kind: Name, bucket: Name, key: Name) -> str:
    """Return ``type/bucket/key`` for people to read."""
    return f"{show(kind)}/{show(bucket)}/{show(key)}"


def pair(typed: str, what: str) -> tuple[Name, Name]:
    """Read ``NAME=VALUE``. Raises a usage error."""
    name, equals, value = typed.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{what} is NAME=VALUE, not {typed}")
    try:
        return parse(name), parse(value)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
