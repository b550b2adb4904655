"""The options of a client and of its copies."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import pytest

from aioriak import ClientOptions, PoolLimits, RetryPolicy, RiakClient, Timeouts
from aioriak.config import CopyOptions, SettingsOptions
from aioriak.error import InvalidRequest, Overload
from aioriak.testing import RiakServer

# -- names ---------------------------------------------------------------------------------


def test_the_settings_are_options_by_name() -> None:
    names = {one.name + "_timeout" for one in fields(Timeouts)}
    names.update(one.name for one in fields(PoolLimits))
    names.update(one.name for one in fields(RetryPolicy))
    assert names - {"backoff"} | {"retries"} == SettingsOptions.__optional_keys__


def test_the_options_of_a_client_are_its_parameters() -> None:
    parameters = {
        name: parameter.kind for name, parameter in inspect.signature(RiakClient).parameters.items() if name != "loop"
    }
    assert parameters.pop("options") is inspect.Parameter.VAR_KEYWORD
    own = {name for name, kind in parameters.items() if kind is inspect.Parameter.KEYWORD_ONLY}
    assert own | SettingsOptions.__optional_keys__ == ClientOptions.__optional_keys__


def test_each_option_is_described() -> None:
    said = f"{ClientOptions.__doc__} {SettingsOptions.__doc__}"
    assert {name for name in ClientOptions.__optional_keys__ if f"``{name}``" not in said} == set()
    assert {name for name in CopyOptions.__optional_keys__ if f"``{name}``" not in str(CopyOptions.__doc__)} == set()


# -- what is no option ---------------------------------------------------------------------


async def test_an_unknown_option_is_refused_with_the_one_that_was_meant() -> None:
    misspelled: Any = {"max_szie": 3}
    for make in (RiakClient, lambda **options: RiakClient.from_url("riak://h", **options)):
        with pytest.raises(TypeError, match="no option max_szie; did you mean max_size") as caught:
            make(**misspelled)
        for name in ("host", "balancer", "max_size", "request_timeout", "retry_writes"):
            assert name in str(caught.value)
    with pytest.raises(TypeError, match="did you mean max_size"):
        await RiakClient.create(**misspelled)


def test_an_option_unlike_any_other_is_refused_without_a_guess() -> None:
    strange: Any = {"zzz": 1, "qqqq": 2}
    with pytest.raises(TypeError, match="RiakClient has no option qqqq, zzz; its options are") as caught:
        RiakClient(**strange)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("riak://h/?max_szie=3", "a Riak URL has no option max_szie; did you mean max_size"),
        ("riak://h/?cacrt=ca.pem", "did you mean cacert"),
        ("riak://h/?nodes=a", "no option nodes"),
        ("riak://h/?resolver=first", "no option resolver"),
    ],
)
def test_an_unknown_option_of_a_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        RiakClient.from_url(url)


def test_keywords_override_a_url() -> None:
    client = RiakClient.from_url("riak://h:1/?max_size=3&attempts=2", max_size=4, nodes=["i:2", "j:3"])
    assert client.settings.pool.max_size == 4
    assert client.settings.retry.attempts == 2
    assert [str(node) for node in client.settings.nodes] == ["i:2", "j:3"]


def test_a_copy_is_refused_what_only_a_client_can_have(client: RiakClient) -> None:
    other: Any = {"request_timeuot": 3.0}
    with pytest.raises(TypeError, match="with_options has no option request_timeuot; did you mean request_timeout"):
        client.with_options(**other)


def test_a_bad_value_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="max_size"):
        RiakClient(max_size=0)


# -- copies --------------------------------------------------------------------------------


async def test_an_object_is_read_and_written_with_the_options_of_the_client_that_is_asked(server: RiakServer) -> None:
    async with await RiakClient.create(server.host, server.port) as client:
        robject = client.bucket("b").new_object("k", 1)
        fault = server.faults.error("*", "overload")
        once = client.with_options(attempts=1)
        for call in (once.put, once.get, once.delete):
            with pytest.raises(Overload):
                await call(robject)
        assert fault.hits == 3
