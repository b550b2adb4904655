"""Backup: dump, load, verify and copy.

The format of a dump, as the documentation of the command has it: lines of JSON (UTF-8), each an object.

- A line with ``key`` is an object or a data type. Other lines are about the dump: the first,
  ``{"dump": 1, …}``, names the version of the format; the last, ``{"manifest": {…}}``, holds counts and
  checksums. A reader skips lines without ``key`` that it does not need, and both may be absent from a
  file written by hand.
- Bytes (names, values, metadata) are JSON strings where they are UTF-8, else ``{"base64": "…"}``.
- ``type`` is ``"default"`` where it is absent.
- An object has ``siblings``, a list. Each has ``value``, or ``data`` for JSON written by hand (then
  ``content_type`` is ``application/json`` unless given), and optionally ``content_type``, ``charset``,
  ``content_encoding``, ``usermeta`` (a list of pairs), ``links`` (a list of bucket, key, tag; each may be
  ``null``), ``indexes`` (a list of pairs), ``last_modified`` (seconds since 1970), ``etag``, and
  ``"deleted": true`` for a tombstone. An object with one sibling may have these members itself instead.
  ``vclock`` is base 64. ``vclock``, ``last_modified`` and ``etag`` say what was; a load does not restore them.
- A data type has ``datatype`` (``counter``, ``set``, ``gset``, ``map`` or ``hll``) and ``operation``, which
  makes its value where nothing is: ``{"increment": 3}``, ``{"add": ["a", "b"]}``, for maps
  ``{"update": [["name", "register", {"assign": "Ada"}], ["on", "flag", {"enable": true}], …]}``, nested
  maps alike. A hll has ``{"estimate": 12}``, from which it cannot be made again.
"""
