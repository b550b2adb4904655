"""A warning of protobuf 4.25 itself under Python 3.12 and newer, for the tests that run a Python of their own."""

IGNORE_IT = "ignore:Type google._upb:DeprecationWarning"
"""The filter for ``-W``. pyproject.toml has the same for the tests themselves."""
