"""``python -m contestant.run NAME LOOP``: measure each case that arrives on standard input.

A case is a line of JSON; so is its answer.  The end of standard input is the end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import traceback
from typing import Any

from .case import OURS, Case


def contestant(name: str, frames: list[bytes]) -> Any:
    """Return the contestant that makes the requests."""
    if name == "floor":
        from .floor import Floor

        return Floor(frames)
    if name in OURS:
        from .current import Current

        return Current(name.partition(" ")[2])
    from . import shim

    shim.install()
    if name == "aioriak 0.2.0":
        from .former import Former

        return Former()
    from .official import Official

    return Official(name.rpartition(" ")[2])


def main() -> None:
    name, loop_name = sys.argv[1:3]
    factory = None
    if loop_name == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    for line in sys.stdin:
        asked = json.loads(line)
        frames = [base64.b64decode(frame) for frame in asked.pop("frames")]
        answer: dict[str, Any]
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                answer = runner.run(contestant(name, frames).run(Case(**asked | {"nodes": tuple(asked["nodes"])})))
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
