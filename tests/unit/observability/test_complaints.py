"""An unexpected exception is logged once."""

from __future__ import annotations

import logging

import pytest

from aioriak.observability.complaints import Complaints

logger = logging.getLogger("aioriak.cluster")


def test_the_same_complaint_is_logged_once_and_another_too(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(logger)
    for number in (1, 2, 1, 2, 3):
        complaints.log("a step failed", LookupError(str(number)))
    assert len(caplog.records) == 3


def test_exceptions_of_one_class_are_the_same_where_their_text_does_not_matter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = Complaints(logger)
    for number in range(5):
        complaints.log("a hook failed", LookupError(str(number)), whatever_text=True)
        complaints.log("a hook failed", ValueError(str(number)), whatever_text=True)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError, ValueError]


def test_memory_of_what_was_logged_is_bounded() -> None:
    complaints = Complaints(logger)
    for number in range(1000):
        complaints.log("a step failed", LookupError(str(number)))
    assert len(complaints._logged) <= 100
