"""Random programs of the model's steps, each from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from aioriak.wire.framing import encode_frame
from tests.model.model import KINDS, TIMEOUTS, Model

GARBAGE = (
    encode_frame(99),  # an unknown message code
    encode_frame(10, b"\xff\xff"),  # cannot be decoded
    encode_frame(34),  # a reply to what is never asked
    b"\0\0\0\0",  # a frame without a code
    b"\xff\xff\xff\xff\0",  # longer than is accepted
)
ERRORS = ("overload", "trouble")
WAITS = (0.0, 0.01, 0.1, 0.3, 1.0, 1.0, 3.0, 12.0)
"""Seconds."""
TURNS = (None, None, None, 0, 1, 2)
"""Iterations of the loop between two steps; ``None``: until it rests."""

Step = tuple[str, tuple[Any, ...], int | None]


def options_of(random: Random) -> dict[str, Any]:
    """Options of a model."""
    nodes = random.choice((1, 1, 2))
    return {
        "nodes": nodes,
        "max_size": random.randint(1, 3),
        "max_in_flight": random.choice((1, 2, 4)),
        "min_size": random.randint(0, 1),
        "max_lifetime": random.choice((None, 8.0)),
        "idle_timeout": random.choice((None, 6.0)),
        "load_balancer": nodes == 1 and random.random() < 0.5,
    }


def steps_of(random: Random, count: int) -> Iterator[Step]:
    """So many steps of a program."""
    choice = random.choice
    for _ in range(count):
        number = random.randrange(6)
        kinds: tuple[tuple[int, str, tuple[Any, ...]], ...] = (
            (5, "call", (choice(list(KINDS)), choice(TIMEOUTS), choice((True, False)))),
            (2, "call", ("get", choice(TIMEOUTS))),
            (2, "cancel", (number,)),
            (1, "stream", (choice(TIMEOUTS),)),
            (1, "step", (number,)),
            (1, choice(("leave", "cancel_step")), (number,)),
            (3, "reply", (number, random.randint(1, 4), choice((1.0, 1.0, 0.5)))),
            (1, "message", (number, choice((1, 2, 5)))),
            (1, "refuse", (number, choice(ERRORS))),
            (1, "garbage", (number, choice(GARBAGE), choice((True, False)))),
            (1, "lose", (number, choice((None, ConnectionResetError())))),
            (1, choice(("hang_up", "block")), (number,)),
            (1, "listen", (number, choice((True, True, False, None)))),
            (1, "settle_call", (number, choice((True, False)))),
            (1, "serve", (number, choice((True, False)))),
            (1, "lease", (number,)),
            (1, "give_back", (number, choice((True, False)))),
            (1, choice(("retire", "introduce")), (number,)),
            (4, "wait", (choice(WAITS),)),
        )
        chosen = random.choices(kinds, [weight for weight, _, _ in kinds])[0]
        yield chosen[1], chosen[2], choice(TURNS)


def run(seed: int, *, eager: bool = False) -> None:
    """Run the program of a seed to its end; an AssertionError tells the steps until then."""
    random = Random(seed)
    options = options_of(random)
    model = Model(eager=eager, **options)
    done: list[Any] = [options]
    try:
        serves = random.random() < 0.5
        for number in range(options["nodes"]):
            model.serve(number, serves)
        for name, args, turns in steps_of(random, random.randint(5, 50)):
            done.append((name, args, turns))
            if name == "wait":
                model.wait(*args)
            else:
                model.act(getattr(model, name), *args, turns=turns)
        finish(model, random.randrange(4))
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error!r}\n" + "\n".join(map(repr, done))) from error
    finally:
        model.dispose()


def finish(model: Model, kind: int) -> None:
    """End a program: after all peers recovered or in the middle, at once or gently."""
    if kind < 2:
        model.recover()
    model.end(gently=kind % 2 == 0)
