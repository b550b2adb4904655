"""``serve``: the development server."""

from __future__ import annotations

import click


@click.command("serve", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve_command(arguments: tuple[str, ...]) -> int:
    """Run a development server (serve --help)."""
    from aioriak.__main__ import serve

    return serve(list(arguments))
