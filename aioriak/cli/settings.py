"""``config``: the settings in force and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.exits import Failure
from aioriak.cli.options import command
from aioriak.cli.profiles import SETTINGS
from aioriak.cli.session import hide_password

if TYPE_CHECKING:
    from aioriak.cli.session import Session


@click.group("config")
def config_command() -> None:
    """Show the settings and where they come from."""


@command("show")
def show_command(session: Session) -> None:
    """Show every setting and its source. Secrets are hidden."""
    rows = [
        (name, _shown(name, value.value), value.source)
        for name, value in session.settings.items()
        if value.value is not None or value.source != "default"
    ]
    if session.output.json:
        session.output.document({
            "file": str(session.profiles.path),
            "profile": session.profile,
            "settings": {name: {"value": value, "source": source} for name, value, source in rows},
        })
        return
    state = "" if session.profiles.exists else " (does not exist)"
    session.output.line(f"file     {session.profiles.path}{state}")
    session.output.line(f"profile  {session.profile or 'none'}")
    session.output.table(("SETTING", "VALUE", "SOURCE"), [(name, str(value), source) for name, value, source in rows])


@command("profiles")
def profiles_command(session: Session) -> None:
    """List the profiles of the configuration file."""
    if not session.profiles.exists:
        raise Failure(f"{session.profiles.path} does not exist")
    for name, table in sorted(session.profiles.profiles.items()):
        url = hide_password(str(table.get("url", SETTINGS["url"].default)))
        if session.output.json:
            session.output.document({"profile": name, "url": url, "default": name == session.profiles.default})
        else:
            session.output.line(f"{name}\t{url}{' (default)' if name == session.profiles.default else ''}")


def _shown(name: str, value: Any) -> Any:
    if SETTINGS[name].secret and value is not None:
        return "****"
    return hide_password(value) if name == "url" else value


config_command.add_command(show_command)
config_command.add_command(profiles_command)
