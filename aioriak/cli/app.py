"""The command line: the group of commands, its options, and how errors end it."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

from aioriak import __version__
from aioriak.cli import exits
from aioriak.cli.catalog import COMMANDS, sections
from aioriak.cli.output import abandon_stdout, complain, prepare_streams
from aioriak.cli.profiles import SETTINGS
from aioriak.cli.session import Session, session_of
from aioriak.error import RiakError


class Commands(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(f"aioriak.cli.{entry.module}"), f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        for section, rows in sections().items():
            with formatter.section(section):
                formatter.write_dl(rows, col_max=14)


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _setting(name: str, *flags: str, **more: Any) -> Callable[[_Function], _Function]:
    return click.option(*flags, name, help=SETTINGS[name].help, **more)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings also come from AIORIAK_… variables and the profiles of "
    "~/.config/aioriak.toml; 'aioriak config show' lists them.",
)
@_setting("url", "--url", metavar="URL")
@_setting("timeout", "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS")
@click.option("--profile", metavar="NAME", help="A profile of the configuration file.")
@click.option("--config", "config_file", metavar="FILE", help="The configuration file.")
@_setting("user", "--user", metavar="NAME")
@_setting("password_file", "--password-file", metavar="FILE")
@_setting("password_prompt", "-W", "--password-prompt", is_flag=True, default=None)
@_setting("cacert", "--cacert", metavar="FILE")
@_setting("cert", "--cert", metavar="FILE")
@_setting("key", "--key", metavar="FILE")
@_setting("crl", "--crl", metavar="FILE")
@_setting("server_hostname", "--server-hostname", metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one document a line.")
@click.version_option(__version__, prog_name="aioriak")
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """A command line for Riak KV: look, change, back up and watch."""
    context.obj = session_of(options, os.environ)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit status. No exception leaves this function."""
    prepare_streams()
    logging.getLogger("aioriak").addHandler(logging.NullHandler())  # errors are printed once, below
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run(given)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return exits.USAGE
    except click.UsageError as error:
        complain(error.format_message() + _hint(error))
        return exits.USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return exits.INTERRUPTED
    except RiakError as error:
        complain(f"{type(error).__name__}: {error}")
        return exits.status_of(error)
    except OSError as error:
        abandon_stdout()
        if error.errno == errno.EPIPE:
            return exits.CLOSED_PIPE
        complain(f"{error.filename or 'output'}: {error.strerror or error}")
        return exits.LOCAL_IO
    except Exception as error:
        if os.environ.get("AIORIAK_TRACEBACK"):
            raise
        complain(
            f"internal error: {type(error).__name__}: {error}\n"
            "Please report it; AIORIAK_TRACEBACK=1 in the environment shows where it happened."
        )
        return exits.INTERNAL


def _hint(error: click.UsageError) -> str:
    return f"\nTry '{error.ctx.command_path} --help'." if error.ctx is not None else ""


def _run(arguments: list[str]) -> int:
    if "_AIORIAK_COMPLETE" in os.environ:
        cli.main(arguments, prog_name="aioriak", complete_var="_AIORIAK_COMPLETE")  # exits
    try:
        with cli.make_context("aioriak", arguments) as context:
            try:
                status = cli.invoke(context)
            finally:  # what was printed before an error is printed
                if isinstance(context.obj, Session):
                    context.obj.output.flush()
    except click.exceptions.Exit as end:
        status = end.exit_code
    sys.stdout.flush()
    return status if isinstance(status, int) else exits.OK
