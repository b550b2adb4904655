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
        "max_size": random.choice((1, 2, 3, 3, 4)),
        "max_in_flight": random.choice((1, 2, 4)),
        "min_size": random.randint(0, 1),
        "max_lifetime": random.choice((None, 8.0)),
        "idle_timeout": random.choice((None, 6.0)),
        "load_balancer": nodes == 1 and random.random() < 0.5,
    }


WEIGHTS = {
    "call": 5, "get": 2, "cancel": 2, "stream": 1, "step": 1, "leave": 1, "cancel_step": 1, "reply": 3, "message": 1,
    "refuse": 1, "garbage": 1, "unasked": 1, "lose": 1, "hang_up": 1, "block": 1, "listen": 1, "settle_call": 1,
    "serve": 1, "lease": 2, "give_back": 1, "retire": 1, "introduce": 1, "wait": 4,
}  # fmt: skip


class Habits:
    """What the steps of one program are chosen from: programs that do few things reach further with them."""

    def __init__(self, random: Random) -> None:
        self.kinds = random.sample(list(KINDS), random.randint(1, len(KINDS)))
        self.timeouts = random.choice((TIMEOUTS, TIMEOUTS[-1:], TIMEOUTS[1:]))
        self.turns = random.choice((TURNS, (None,), (0, 1, 1, 2)))
        self.waits = random.choice((WAITS, (0.3, 3.0), (3.0, 12.0)))


def steps_of(random: Random, count: int) -> Iterator[Step]:
    """So many steps of a program, which prefers some kinds of steps and leaves out others."""
    habits = Habits(random)
    weights = [weight * random.choice((0, 1, 1, 5)) for weight in WEIGHTS.values()]
    weights[0] += 1
    weights[-1] += 1
    for name in random.choices(list(WEIGHTS), weights, k=count):
        turns = random.choice(habits.turns)
        yield ("call" if name == "get" else name), _arguments(name, random, habits), turns


def _arguments(name: str, random: Random, habits: Habits) -> tuple[Any, ...]:
    choice, number = random.choice, random.randrange(6)
    match name:
        case "call":
            return choice(habits.kinds), choice(habits.timeouts), choice((True, False))
        case "get":
            return "get", choice(habits.timeouts)
        case "stream":
            return (choice(habits.timeouts),)
        case "reply":
            return number, random.randint(1, 4), choice((1.0, 1.0, 0.5))
        case "message":
            return number, choice((1, 2, 5)), choice((False, False, True))
        case "refuse":
            return number, choice(ERRORS)
        case "garbage":
            return number, choice(GARBAGE), choice((True, False))
        case "lose":
            return number, choice((None, ConnectionResetError()))
        case "listen":
            return number, choice((True, True, False, None))
        case "settle_call" | "serve" | "give_back":
            return number, choice((True, False))
        case "wait":
            return (choice(habits.waits),)
    return (number,)


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
