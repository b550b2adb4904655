"""A short run of every fuzz target; ``make fuzz`` runs them for longer, and with atheris."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from random import Random
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aioriak.testing import erlang, keyfilters, lucene
from aioriak.wire.framing import FrameReader, encode_frame
from tests.fuzz.mutation import mutated
from tests.fuzz.replies import Calls
from tests.fuzz.targets import TARGETS, recorded

FOUND = pathlib.Path(__file__).parent / "found"
"""Inputs that once showed a fault, one file each: the target's name, a dash, a number."""
NAMES_OF_FILES = {name.replace("/", "-"): name for name in TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_taken_or_refused(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    random = Random(f"{name} 1")
    for seed in seeds[:: max(1, len(seeds) // 100)]:
        target.run(seed)
    for _ in range(250):
        data = mutated(random, seeds)
        try:
            target.run(data)
        except Exception as error:
            pytest.fail(f"{name} {data!r}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in ("server", "replies")])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bytes_that_hypothesis_makes_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    TARGETS[name].run(data.draw(st.one_of(st.binary(max_size=200), st.sampled_from(TARGETS[name].seeds()))))


@pytest.mark.parametrize("path", sorted(FOUND.glob("*-*")), ids=lambda path: path.name)
def test_an_input_that_showed_a_fault_shows_none(path: pathlib.Path) -> None:
    TARGETS[NAMES_OF_FILES[path.name.rpartition("-")[0]]].run(path.read_bytes())


def test_every_recorded_reply_is_read(recorded: object) -> None:
    calls = Calls()
    for name in ("get", "data type", "query of numbers", "properties"):
        for code, body in _replies():
            calls.make(name, body, code)
    calls.close()


def _replies() -> list[tuple[int, bytes]]:
    return recorded()[1]


def _frames(size: int) -> None:
    stream = encode_frame(10, b"x" * size) + encode_frame(2) * size
    reader = FrameReader()
    for start in range(0, len(stream), 7):
        reader.feed(stream[start : start + 7])


GROWTH = {
    "frames": _frames,
    "lucene: clauses": lambda size: lucene.parse("a:b OR " * (size // 8) + "c"),
    "lucene: groups": lambda size: lucene.parse("(a) " * (size // 8)),
    "lucene: a quote without an end": lambda size: TARGETS["search"].run(b'"' + b"a\\" * size),
    "lucene: brackets without an end": lambda size: TARGETS["search"].run(b"[" * size),
    "key filters": lambda size: keyfilters.compile_filters([["set_member", *["a"] * size]]),
    "regex": lambda size: TARGETS["regex"].run(b"[[:alpha:]]" * (size // 20)),
    "terms": lambda size: erlang.decode_term(erlang.encode_term([b"x"] * size)),
    "terms: a large number": lambda size: TARGETS["terms"].run(
        b"\x83o" + size.to_bytes(4, "big") + b"\0" + b"\7" * size
    ),
    "url": lambda size: TARGETS["url"].run(b"riak://" + b"h:1," * size + b"h"),
    "map/reduce": lambda size: TARGETS["map/reduce"].run(
        b'{"inputs":[' + b'["b","k"],' * size + b'["b","k"]],"query":[]}'
    ),
    "dump": lambda size: TARGETS["dump"].run(
        b'{"bucket":"b","key":"k","siblings":[' + b'{"value":"v"},' * size + b"{}]}"
    ),
}


@pytest.mark.parametrize("what", GROWTH)
def test_time_grows_no_faster_than_the_input(what: str) -> None:
    """Eight times the input takes less than 40 times the processor time; quadratic growth takes 64."""
    work = GROWTH[what]
    size = 1000
    while _seconds(work, size) < 0.002 and size < 100_000:
        size *= 2
    ratio = min(_seconds(work, 8 * size) / max(1e-4, _seconds(work, size)) for _ in range(3))
    assert ratio < 40, f"{8 * size} takes {ratio:.1f} times as long as {size}"


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = thread_time()
    work(size)
    return thread_time() - began
