"""Logging of unexpected exceptions, each once."""

from __future__ import annotations

import logging

_MOST = 100  # different exceptions remembered


class Complaints:
    """Logs an unexpected exception once, with its traceback."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._logged: set[tuple[str, type[BaseException], str]] = set()

    def log(self, what: str, error: Exception, *, whatever_text: bool = False) -> None:
        """Log ``what`` happened and the exception, unless the same was logged before.

        With ``whatever_text`` an exception of the same class is the same, whatever it says: for code that is called
        for each request, and may name the request in its exception.
        """
        key = what, type(error), "" if whatever_text else str(error)
        if key in self._logged:
            return
        if len(self._logged) >= _MOST:
            self._logged.clear()
        self._logged.add(key)
        self._logger.error("%s", what, exc_info=error)
