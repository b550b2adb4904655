"""Settings: addresses, limits, URLs, and what is refused."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from aioriak.config import (
    Address,
    Backoff,
    Discovery,
    HealthPolicy,
    HedgePolicy,
    PoolLimits,
    RetryPolicy,
    Settings,
    SettingsOptions,
    Timeouts,
    addresses,
    parse_url,
    settings_from_options,
)
from aioriak.error import InvalidRequest

# -- addresses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ("localhost", "localhost", 8087),
        ("localhost:10017", "localhost", 10017),
        ("10.0.0.7:1", "10.0.0.7", 1),
        ("::1", "::1", 8087),
        ("fe80::1:2", "fe80::1:2", 8087),
        ("[::1]", "::1", 8087),
        ("[::1]:10017", "::1", 10017),
        (("riak", 65535), "riak", 65535),
        ({"host": "riak"}, "riak", 8087),
        ({"host": "riak", "pb_port": 10017}, "riak", 10017),
        ({"host": "riak", "port": 10018}, "riak", 10018),
        ({"host": "riak", "pb_port": 10017, "http_port": 8098}, "riak", 10017),
        (Address("riak", 5), "riak", 5),
    ],
)
def test_an_address_is_given_in_many_ways(given: Any, host: str, port: int) -> None:
    found = Address.of(given)
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    "given",
    ["", ":8087", "host:", "host:x", "host:0", "host:65536", "host:-1", "host:+1", "host:８０", "[::1", "[::1]x",
     "[::1]8087", ("host",), ("host", "8087"), ("host", True), ("host", 0), ("", 1), (b"host", 1), {"port": 1},
     {"host": "h", "hots": 1}, {"host": None}, None, 8087, b"host"],
)  # fmt: skip
def test_what_is_no_address_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest):
        Address.of(given)


def test_an_address_is_printed_as_it_may_be_given() -> None:
    for text in ("localhost:8087", "[::1]:8087"):
        assert str(Address.of(text)) == text


def test_the_given_port_counts_where_an_address_names_none() -> None:
    assert addresses(["a", "b:2", {"host": "c"}], 9) == (Address("a", 9), Address("b", 2), Address("c", 9))


def test_one_address_need_not_be_a_list() -> None:
    assert addresses("a") == addresses(("a", 8087)) == addresses({"host": "a"}) == (Address("a"),)


def test_an_address_given_twice_counts_once_and_the_order_stays() -> None:
    assert addresses(["b", "a", "b:8087"]) == (Address("b"), Address("a"))


def test_no_address_at_all_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="at least one node"):
        addresses([])


# -- limits --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [one.name for one in fields(Timeouts)])
@pytest.mark.parametrize("value", [0, -1, True, "5", float("nan"), float("inf"), b"", [1]])
def test_a_timeout_is_a_number_of_seconds_above_0(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=name):
        Timeouts(**{name: value})


@pytest.mark.parametrize("name", [one.name for one in fields(Timeouts)])
def test_no_timeout_waits_for_ever(name: str) -> None:
    assert getattr(Timeouts(**{name: None}), name) is None
    assert getattr(Timeouts(**{name: 0.001}), name) == 0.001


@pytest.mark.parametrize("name", ["max_size", "max_in_flight", "stream_buffer", "max_frame"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "1", None])
def test_a_limit_of_the_pool_is_a_whole_number_from_1_up(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=name):
        PoolLimits(**{name: value})


@pytest.mark.parametrize("name", ["idle_timeout", "max_lifetime"])
@pytest.mark.parametrize("value", [0, -1, True, "1", float("inf")])
def test_an_age_limit_is_a_number_of_seconds_above_0(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=name):
        PoolLimits(**{name: value})


def test_a_time_is_also_given_as_a_timedelta_and_kept_in_seconds() -> None:
    half = timedelta(milliseconds=500)
    assert Timeouts(**dict.fromkeys([one.name for one in fields(Timeouts)], half)) == Timeouts(
        connect=0.5, handshake=0.5, request=0.5, attempt=0.5, fold=0.5, overdue=0.5, close=0.5
    )
    assert PoolLimits(idle_timeout=half, max_lifetime=2 * half) == PoolLimits(idle_timeout=0.5, max_lifetime=1.0)
    assert Backoff(first=half, longest=2 * half) == Backoff(first=0.5, longest=1.0)
    assert HealthPolicy(probe_timeout=half, ramp=timedelta()) == HealthPolicy(probe_timeout=0.5, ramp=0)
    assert Discovery(interval=half) == Discovery(interval=0.5)
    assert type(Timeouts(request=timedelta(seconds=1)).request) is float


@pytest.mark.parametrize("value", [timedelta(), timedelta(seconds=-1)])
def test_a_timedelta_is_longer_than_nothing(value: timedelta) -> None:
    with pytest.raises(InvalidRequest, match="the request timeout is a number of seconds above 0 or a timedelta"):
        Timeouts(request=value)
    with pytest.raises(InvalidRequest, match="interval"):
        Discovery(interval=value)


def test_a_timedelta_is_not_a_number_of_connections() -> None:
    with pytest.raises(InvalidRequest, match="max_size"):
        PoolLimits(max_size=timedelta(seconds=3))  # type: ignore[arg-type]


def test_a_minimum_of_none_is_a_minimum() -> None:
    assert PoolLimits(min_size=0).min_size == 0


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="min_size 9 is larger than max_size 8"):
        PoolLimits(min_size=9)


@pytest.mark.parametrize(
    "options", [{"attempts": 0}, {"attempts": 1.0}, {"attempts": True}, {"retry_writes": 1}, {"backoff": 0.5}]
)
def test_an_ill_typed_retry_policy_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(options))):
        RetryPolicy(**options)


@pytest.mark.parametrize("options", [{"first": -1}, {"longest": "5"}, {"first": float("inf")}, {"longest": None}])
def test_an_ill_typed_backoff_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(options))):
        Backoff(**options)


def test_waits_double_up_to_the_longest_and_are_cut_by_half_at_most() -> None:
    backoff = Backoff(first=1.0, longest=8.0, rng=Random(1))
    for attempt, full in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (5000, 8.0)]:
        for _ in range(50):
            assert full / 2 <= backoff.delay(attempt) <= full


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Timeouts().request = 1  # type: ignore[misc]


def test_flat_options_go_where_they_belong() -> None:
    given: SettingsOptions = {
        "max_size": 3, "request_timeout": 7, "connect_timeout": None, "attempts": 5, "retry_writes": True,
    }  # fmt: skip
    settings = settings_from_options(given, Settings(nodes=(Address("a"),)))
    assert settings.pool == PoolLimits(max_size=3)
    assert settings.timeouts == Timeouts(request=7, connect=None)
    assert (settings.retry.attempts, settings.retry.retry_writes) == (5, True)


def test_flat_options_leave_the_others_as_they_were() -> None:
    before = Settings(nodes=(Address("a"),), timeouts=Timeouts(close=1), pool=PoolLimits(max_in_flight=2))
    after = settings_from_options({"max_size": 3, "request_timeout": 7}, before)
    assert after.timeouts == Timeouts(close=1, request=7)
    assert after.pool == PoolLimits(max_in_flight=2, max_size=3)


# -- URLs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "nodes"),
    [
        ("riak://localhost", [("localhost", 8087)]),
        ("riak://", [("localhost", 8087)]),
        ("riak:///", [("localhost", 8087)]),
        ("RIAK://host:1/", [("host", 1)]),
        ("riak://a,b,c:10017", [("a", 10017), ("b", 10017), ("c", 10017)]),
        ("riak://a:1,b,c:3", [("a", 1), ("b", 3), ("c", 3)]),
        ("riak://[::1]", [("::1", 8087)]),
        ("riak://[::1]:5,[::2]:6", [("::1", 5), ("::2", 6)]),
        ("riak://a,[::2]:6", [("a", 6), ("::2", 6)]),
        ("riak://u:p@a:1,b:2/?max_size=4", [("a", 1), ("b", 2)]),
    ],
)
def test_a_url_names_nodes(url: str, nodes: list[tuple[str, int]]) -> None:
    assert [(node.host, node.port) for node in parse_url(url).nodes] == nodes


@pytest.mark.parametrize(
    ("url", "user", "password"),
    [
        ("riak://host", None, None),
        ("riak://ann:secret@host", "ann", "secret"),
        ("riak://ann@host", "ann", ""),
        ("riak://ann:@host", "ann", ""),
        ("riak://a%40b:p%3A%2F%3F%23%40%25@host", "a@b", "p:/?#@%"),
        ("riak://ann:p@ss@host", "ann", "p@ss"),
        ("riak://ann:p:w@host", "ann", "p:w"),
        ("riak://ann:%C3%A9@host", "ann", "é"),
    ],
)
def test_a_url_names_user_and_password(url: str, user: str | None, password: str | None) -> None:
    parsed = parse_url(url)
    assert (parsed.user, parsed.password) == (user, password)


def test_a_url_carries_options_as_what_they_are() -> None:
    parsed = parse_url("riak://h?max_size=4&request_timeout=2.5&retry_writes=true&a=off&b=none&c=text&d=&e=x%20y")
    assert parsed.options == {
        "max_size": 4, "request_timeout": 2.5, "retry_writes": True, "a": False, "b": None, "c": "text", "d": "",
        "e": "x y",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "http://ann:hunter2@host",
        "//ann:hunter2@host",
        "ann:hunter2@host",
        "ann:hunter2://host",
        "riak:ann:hunter2@host",
        "riak://ann:hunter2@host/bucket",
        "riak://ann:hunter2@host#x",
        "riak://ann:hunter2@host:port",
        "riak://ann:hunter2@host:0",
        "riak://ann:hunter2@[::1",
        "riak://ann:hunter2@a,:1",
        "riak://ann:hunter2/hunter2@host",
        "riak://ann:hunter2?hunter2@host",
        "riak://ann:hunter2#hunter2@host",
        "riak://ann:hunter2℀hunter2@[host",
        "riak://ann:hunter2@[hunter2",
    ],
)
def test_a_url_that_is_none_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_url(url)
    if not url.endswith("[hunter2"):  # there it is the host's name
        assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_what_a_url_says_does_not_show_the_password() -> None:
    parsed = parse_url("riak://ann:hunter2@host")
    assert "hunter2" not in repr(parsed)
    assert "ann" in repr(parsed)


@pytest.mark.parametrize("url", [None, b"riak://host", 5])
def test_a_url_is_text(url: Any) -> None:
    with pytest.raises(InvalidRequest):
        parse_url(url)


@over(
    before=st.sampled_from(["", "riak:", "riak:/", "riak://", "http://", "riak://u@", "riak://[", "riak://h,", "riak://h/"]),
    user=st.sampled_from(["", "ann", "ann%40b", "[ann", "ann:", "ann/", "ann?"]),
    joint=st.sampled_from([":", "%3A", "::", ":x:", ":/", ":?", ":#", ":,", ":[", ":]"]),
    after=st.sampled_from(["", "@", "%40", "@@", "/", "?", "#", ",", ":", " ", "]", "%", "%00@", "@[", "/@", "?@"]),
    host=st.sampled_from(["", "host", "host:8087", "host:0", "host:port", "[::1]:5", "[::1", "host:1:2", "host?x=1"]),
)  # fmt: skip
def test_no_broken_url_repeats_its_password(before: str, user: str, joint: str, after: str, host: str) -> None:
    url = f"{before}{user}{joint}s3cret{after}{host}"
    try:
        said = repr([str(node) for node in parse_url(url).nodes]) + repr(parse_url(url))
    except InvalidRequest as error:
        said = f"{error} {error!r} {error.__cause__!r} {'' if error.__suppress_context__ else error.__context__!r}"
    assert "s3cret" not in said, url


@pytest.mark.parametrize(
    "url",
    ["riak://ann:s3cret", "riak://ann:s3cret,host2:8087", "riak://ann:s3cret%40host:8087", "riak://ann:s3cret/host",
     "riak://ann:s3cret?@host", "riak://ann:s3cret#@host", "riak://u@h:1?s3cret=@host",
     "riak://ann%3As3cret@host", "riak://ann?s3cret", "riak://ann?:s3cret=1"],
)  # fmt: skip
def test_a_broken_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_url(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "node",
    ["riak://ann:s3cret@host", "ann:s3cret@host:8087", "ann:s3cret@host", "ann:s3cret", ("host", "s3cret"),
     {"host": "host", "password": "s3cret"}, {"host": "ann:s3cret@host"}, ["ann", "s3cret"]],
)  # fmt: skip
def test_what_is_no_address_is_not_repeated(node: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Address.of(node)
    assert "s3cret" not in str(caught.value)


# -- policies ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, True, "5", -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "make",
    [
        lambda value: HealthPolicy(probe_timeout=value),
        lambda value: HealthPolicy(ramp=value),
        lambda value: HealthPolicy(backoff=value),
        lambda value: Discovery(interval=value),
        lambda value: Discovery(map_address=value if value is not None else "a.host"),
        lambda value: Backoff(first=value),
        lambda value: Backoff(longest=value),
        lambda value: Backoff(rng=value),
    ],
)
def test_a_policy_checks_its_values_before_they_are_used(make: Any, value: Any) -> None:
    with pytest.raises(InvalidRequest):
        make(value)


def test_a_probe_and_an_interval_last_longer_than_0_seconds() -> None:
    with pytest.raises(InvalidRequest, match="probe_timeout"):
        HealthPolicy(probe_timeout=0)
    with pytest.raises(InvalidRequest, match="interval"):
        Discovery(interval=0)
    assert HealthPolicy(ramp=0).ramp == 0


@pytest.mark.parametrize(
    ("make", "other"),
    [
        (Timeouts, Timeouts(request=3)),
        (PoolLimits, PoolLimits(max_size=3)),
        (Backoff, Backoff(first=3)),
        (RetryPolicy, RetryPolicy(attempts=1)),
        (HealthPolicy, HealthPolicy(ramp=3)),
        (HedgePolicy, HedgePolicy(budget=0.5)),
        (Discovery, Discovery(interval=3)),
        (lambda: Settings(nodes=(Address("a"),)), Settings(nodes=(Address("b"),))),
    ],
)
def test_settings_are_equal_where_their_values_are(make: Any, other: Any) -> None:
    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != other
    assert make() != "another type"
    assert repr(make()) == repr(make()) != repr(other)
    assert type(other).__name__ + "(" in repr(other)


def test_a_source_of_chance_is_neither_compared_nor_shown() -> None:
    assert Backoff(rng=Random(1)) == Backoff(rng=Random(2))
    assert repr(Backoff(rng=Random(1))) == "Backoff(first=0.05, longest=5.0)"
