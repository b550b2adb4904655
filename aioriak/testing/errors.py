"""Exceptions that handlers raise instead of returning a reply."""

from __future__ import annotations


class Refusal(Exception):
    """Reply with an error of this text; the connection stays open."""

    def __init__(self, text: str | bytes) -> None:
        super().__init__(text)
        self.text: bytes = text.encode() if isinstance(text, str) else text


class NoSuchType(Refusal):
    """The bucket type ``type`` does not exist; ``no_type`` unless a handler has other words for it."""

    def __init__(self, type: bytes) -> None:
        super().__init__("no_type")
        self.type = type


class HangUp(Exception):
    """Answer with an error of this text, if there is one, then close the connection."""

    def __init__(self, text: str | bytes | None = None) -> None:
        super().__init__(text)
        self.text: bytes | None = text.encode() if isinstance(text, str) else text

    @classmethod
    def crash(cls, what: str) -> HangUp:
        """Return the text that Riak sends when its process for the connection crashes over a request."""
        return cls(f"Error processing incoming message: {what}")


class Never(Exception):
    """Send no reply, now or later; the connection stays open and sends no further reply."""


class Later(Exception):
    """Send the reply ``then`` after ``seconds``; the connection waits for it."""

    def __init__(self, seconds: float, then: Refusal | HangUp) -> None:
        super().__init__(seconds, then)
        self.seconds = seconds
        self.then = then
