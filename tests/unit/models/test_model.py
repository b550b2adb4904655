"""What holds for models of every library."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.error import ContentError, InvalidRequest, InvalidType
from aioriak.models.model import Model
from tests.models.libraries import LIBRARIES, models


@pytest.fixture(params=LIBRARIES)
def kinds(request: pytest.FixtureRequest) -> Any:
    """A module with the classes ``User``, ``Address`` and ``Color``."""
    return models(request.param)


def test_an_instance_of_a_subclass_whose_fields_would_be_lost_is_refused(kinds: Any) -> None:
    class Admin(kinds.User):  # type: ignore[misc]
        pass

    with pytest.raises(ContentError, match=r"[Ee]xpected .?User.?, got .?Admin"):
        Model(kinds.User).dump(Admin(id="ada", age=36), "ada")


def test_models_of_one_class_are_equal_unless_they_upgrade_otherwise(kinds: Any) -> None:
    def upgrade(document: Any) -> Any:
        return document

    assert Model(kinds.User) == Model(kinds.User)
    assert hash(Model(kinds.User)) == hash(Model(kinds.User))
    assert Model(kinds.User, upgrade) == Model(kinds.User, upgrade)
    assert Model(kinds.User, upgrade) != Model(kinds.User)
    assert Model(kinds.User) != Model(kinds.Address)
    assert Model(kinds.User) != kinds.User


def test_an_upgrade_is_a_function(kinds: Any) -> None:
    with pytest.raises(InvalidRequest, match="upgrade is a function of a document, not 2"):
        Model(kinds.User, 2)  # type: ignore[arg-type]


def test_an_index_is_named_in_text(kinds: Any) -> None:
    with pytest.raises(InvalidType, match=r"name the field or the index in text, as in query\('age', …\), not 5"):
        Model(kinds.User).index_name(5)  # type: ignore[arg-type]


def test_a_content_that_outlives_its_object_is_still_read(kinds: Any) -> None:
    assert Model(kinds.User).load({"id": "ada", "age": 36}, None).age == 36


@pytest.mark.parametrize("key", ["ada", b"ada"])
def test_a_key_may_be_bytes(kinds: Any, key: Any) -> None:
    assert Model(kinds.User).load({"id": "ada", "age": 36}, key).id == "ada"
    assert Model(kinds.User).load({"age": 36}, key).id == "ada"
    with pytest.raises(ContentError, match="which is not the key of the object"):
        Model(kinds.User).load({"id": "bob", "age": 36}, key)


def test_an_object_without_a_key_has_no_value_with_one(kinds: Any) -> None:
    with pytest.raises(ContentError, match=r"User\.id is the key, and the object has none"):
        Model(kinds.User).dump(kinds.User(id="ada", age=36), None)
