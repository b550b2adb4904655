"""Names: text at the edge, bytes inside."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.error import InvalidRequest
from aioriak.operations.names import MAX_KEY, decimal, encode, encode_key, encode_type, show, text, to_bytes


@pytest.mark.parametrize(("given", "sent"), [("a", b"a"), ("ü", b"\xc3\xbc"), (b"\xff", b"\xff"), ("\0", b"\0")])
def test_a_name_is_text_or_bytes(given: Any, sent: bytes) -> None:
    assert encode("bucket", given) == to_bytes("a name", given) == sent
    assert text(sent) == given


@pytest.mark.parametrize("given", ["", b"", None, 5, bytearray(b"a"), "\ud800"])
def test_what_is_no_name_is_refused_and_what_it_should_name_is_said(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="a bucket "):
        encode("bucket", given)


@pytest.mark.parametrize("given", [None, 5, bytearray(b"a"), ["a"]])
def test_a_name_of_a_wrong_type_is_a_type_error_too(given: Any) -> None:
    for encoder in (encode_key, encode_type):
        with pytest.raises(TypeError) as caught:
            encoder(given)
        assert isinstance(caught.value, InvalidRequest)


def test_a_number_with_too_many_digits_is_refused_with_its_field() -> None:
    assert decimal("the term", -(2**70)) == b"-1180591620717411303424"
    with pytest.raises(InvalidRequest, match="the term"):
        decimal("the term", 10**5000)


def test_a_key_has_a_longest_length_in_bytes() -> None:
    assert len(encode_key("ü" * (MAX_KEY // 2))) == MAX_KEY
    with pytest.raises(InvalidRequest, match="at most 65536 bytes, this one 65538"):
        encode_key("ü" * (MAX_KEY // 2 + 1))


@pytest.mark.parametrize(("given", "sent"), [("default", None), (b"default", None), ("maps", b"maps")])
def test_the_default_type_is_not_sent(given: Any, sent: bytes | None) -> None:
    assert encode_type(given) == sent


def test_a_name_is_shown_to_people() -> None:
    assert (show("ü"), show(b"\xff"), show(None)) == ("ü", "\\xff", "None")
