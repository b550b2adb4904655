"""Make the pictures of the command: real output on a development server, as SVG files beside this one.

Run by ``make cli-pictures``.
"""

from __future__ import annotations

import asyncio
import re
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from aioriak import RiakClient
from aioriak.cli.aae import bars
from aioriak.cli.profiles import SETTINGS, Profiles, Value
from aioriak.cli.session import Session
from aioriak.cli.siblings import panels, value_lines
from aioriak.cli.status import picture, read_status
from aioriak.testing import RiakServer

HERE = Path(__file__).parent


def save(name: str, title: str, *parts: Any) -> None:
    """Write what a terminal of 80 columns shows to an SVG file."""
    console = Console(record=True, width=80, force_terminal=True, highlight=False, markup=False, file=StringIO())
    for part in parts:
        console.print(part)
    svg = console.export_svg(title=title, unique_id=name)
    svg = re.sub(r"@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)  # no fonts from elsewhere
    (HERE / f"cli-{name}.svg").write_text(svg.replace("Fira Code", "DejaVu Sans Mono"))


async def main() -> None:
    """Fill a server and save the pictures."""
    rng = Random(7)
    async with RiakServer.cluster(3, bucket_types="standard") as server:
        url = "riak://" + ",".join(server.addresses)
        async with RiakClient.from_url(url) as client:
            users = client.bucket("users", "siblings")
            for number in range(200):
                for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
                    await users.new_object(f"user-{number}", {"n": rng.random()}).store()
            for value in ({"name": "Ada", "born": 1815}, {"name": "Ada Lovelace", "born": 1815}):
                await users.new_object("ada", value).store()
            ada = await users.get("ada")
            save("siblings", "aioriak siblings users ada", panels(ada, [value_lines(one) for one in ada.siblings]))
            stats = await client.aae.object_stats(users)
            save("aae-stats", "aioriak aae stats users", "\n".join(bars(stats)).strip("\n"))
        settings = {name: Value(setting.default, "default") for name, setting in SETTINGS.items()}
        settings["url"] = Value(url, "command line")
        save("status", "aioriak status", picture(await read_status(Session(settings, Profiles(HERE / "none"), None))))


if __name__ == "__main__":
    asyncio.run(main())
