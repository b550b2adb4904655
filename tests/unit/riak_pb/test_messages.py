"""Riak's messages: the table is whole, and every recorded frame survives decoding and encoding."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from importlib.metadata import requires
from typing import Any

import google.protobuf
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto
from google.protobuf.message import EncodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from packaging.requirements import Requirement

from aioriak import riak_pb
from aioriak.riak_pb import MESSAGES, base, dt, kv, search, yokozuna

Recorded = dict[str, list[dict[str, Any]]]

MODULES = (base, dt, kv, search, yokozuna)

# Part of another message, or carried by none of Riak's codes in this table.
WITHOUT_CODE = {
    "CounterOp", "GSetOp", "HllOp", "MapEntry", "MapField", "MapOp", "MapUpdate", "DtOp", "DtValue", "SetOp",
    "RpbPair", "RpbModFun", "RpbCommitHook", "RpbBucketProps", "RpbContent", "RpbLink", "RpbIndexObject",
    "RpbSearchDoc", "RpbYokozunaIndex", "RpbYokozunaSchema", "RpbCoverageEntry", "RpbBucketKeyPreflistItem",
    "RpbKeysValue", "RpbKeysCount", "RpbClusterMemberEntry", "RpbAaeFoldBucket",
}  # fmt: skip

READ_AS_TEXT: dict[str, type[Message]] = {
    "TextKeys": kv.RpbListKeysResp, "TextBuckets": kv.RpbListBucketsResp, "TextPair": base.RpbPair,
    "TextIndex": kv.RpbIndexResp,
}  # fmt: skip
"""Ours, and which of Riak's is read as each."""


def frames(recorded: Recorded) -> Iterator[tuple[str, int, bytes]]:
    """Every frame sent and received: scenario, message code, body."""
    for scenario, steps in recorded.items():
        for step in steps:
            sent = bytes.fromhex(step["send"])
            if step["name"] != "RAW":
                yield scenario, sent[4], sent[5:]
            for code, body in step["recv"]:
                yield scenario, code, bytes.fromhex(body)


def unknown_fields(message: Message) -> list[str]:
    """Where a message holds fields that its class does not know, at any depth."""
    found = [f"{message.DESCRIPTOR.name}.{unknown.field_number}" for unknown in UnknownFieldSet(message)]  # type: ignore[attr-defined]
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for inner in value if isinstance(value, list) or not isinstance(value, Message) else [value]:
                found += unknown_fields(inner)
    return found


def test_every_recorded_frame_decodes_without_unknown_fields(recorded: Recorded) -> None:
    count = 0
    for scenario, code, body in frames(recorded):
        name, kind = MESSAGES[code]
        if kind is None:
            assert body == b"", f"{scenario}: {name} has a body"
        else:
            assert unknown_fields(kind.FromString(body)) == [], f"{scenario}: {name}"
        count += 1
    assert count > 800


def test_every_recorded_frame_is_encoded_back_byte_for_byte(recorded: Recorded) -> None:
    for scenario, code, body in frames(recorded):
        name, kind = MESSAGES[code]
        if kind is not None:
            assert kind.FromString(body).SerializeToString() == body, f"{scenario}: {name}"


def test_a_field_that_is_not_known_would_be_noticed() -> None:
    content = kv.RpbContent(value=b"").SerializePartialToString() + b"\xf8\x07\x01"
    reply = kv.RpbGetResp.FromString(b"\x0a" + bytes([len(content)]) + content)
    assert unknown_fields(reply) == ["RpbContent.127"]


def test_every_name_of_the_table_is_its_class_s_name() -> None:
    assert {name: kind.DESCRIPTOR.name for name, kind in MESSAGES.values() if kind is not None} == {
        name: name for name, kind in MESSAGES.values() if kind is not None
    }


def test_no_two_codes_share_a_name() -> None:
    assert len({name for name, _ in MESSAGES.values()}) == len(MESSAGES)


def test_every_message_of_the_proto_files_has_its_code_or_is_part_of_another() -> None:
    defined = {name for module in MODULES for name in module.DESCRIPTOR.message_types_by_name}
    assert defined == {name for name, kind in MESSAGES.values() if kind is not None} | WITHOUT_CODE | set(READ_AS_TEXT)


@pytest.mark.parametrize(("ours", "kind"), READ_AS_TEXT.items())
def test_what_is_read_as_text_has_the_fields_of_riaks_message(ours: str, kind: type[Message]) -> None:
    def fields(message: type[Message]) -> set[tuple[Any, ...]]:
        described = DescriptorProto()
        message.DESCRIPTOR.CopyToProto(described)
        text = {FieldDescriptorProto.TYPE_BYTES: FieldDescriptorProto.TYPE_STRING}
        return {(field.name, field.number, field.label, text.get(field.type, field.type)) for field in described.field}

    assert fields(getattr(kv, ours)) == fields(kind)


@pytest.mark.parametrize(
    ("code", "name"),
    [(1, "RpbPingReq"), (2, "RpbPingResp"), (3, "RpbGetClientIdReq"), (6, "RpbSetClientIdResp"),
     (7, "RpbGetServerInfoReq"), (14, "RpbDelResp"), (22, "RpbSetBucketResp"), (30, "RpbResetBucketResp"),
     (254, "RpbAuthResp"), (255, "RpbStartTls")],
)  # fmt: skip
def test_a_code_without_a_body_has_a_name_and_no_class(code: int, name: str) -> None:
    assert MESSAGES[code] == (name, None)


@pytest.mark.parametrize(
    ("message", "field", "number"),
    [(kv.RpbPutReq, "sync_on_write", 18), (base.RpbBucketProps, "node_confirms", 30),
     (base.RpbBucketProps, "sync_on_write", 31), (base.RpbBucketProps, "aae_tree_exclude", 32)],
)  # fmt: skip
def test_the_newer_fields_are_there(message: type[Message], field: str, number: int) -> None:
    assert message.DESCRIPTOR.fields_by_name[field].number == number


def test_a_required_field_that_is_missing_is_not_encoded() -> None:
    with pytest.raises(EncodeError, match="key"):
        kv.RpbGetReq(bucket=b"b").SerializeToString()


def test_the_installed_protobuf_is_one_that_the_package_declares() -> None:
    declared = next(Requirement(text) for text in requires("aioriak") or [] if Requirement(text).name == "protobuf")
    assert google.protobuf.__version__ in declared.specifier


def test_the_generated_modules_check_no_version_of_protobuf() -> None:
    """Those of a newer protoc do, and then refuse the older versions that the package declares."""
    folder = pathlib.Path(riak_pb.__file__).parent
    generated = sorted(folder.glob("*_pb2.py"))
    assert len(generated) == len(MODULES)
    for path in generated:
        assert "runtime_version" not in path.read_text(), path.name


def test_each_proto_file_has_its_module_and_its_stub() -> None:
    folder = pathlib.Path(riak_pb.__file__).parent
    for proto in folder.glob("*.proto"):
        module = proto.with_name(f"{proto.stem}_pb2.py")
        assert module.exists()
        assert module.with_suffix(".pyi").exists()
        imported = re.findall(r'^import "(.*)";', proto.read_text(), re.MULTILINE)
        assert all(name.startswith("aioriak/riak_pb/") for name in imported)


def test_the_generated_modules_are_made_from_the_proto_files_beside_them() -> None:
    for module in MODULES:
        proto = pathlib.Path(riak_pb.__file__).parents[1].parent / module.DESCRIPTOR.name
        declared = re.findall(r"^message (\w+)", proto.read_text(), re.MULTILINE)
        assert sorted(declared) == sorted(module.DESCRIPTOR.message_types_by_name)
