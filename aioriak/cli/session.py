"""What the commands share: the settings, a client made from them, and the output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from aioriak.cli.exits import USAGE, Failure
from aioriak.cli.output import Output
from aioriak.cli.profiles import Profiles, Value, config_path, resolve

if TYPE_CHECKING:
    from aioriak.client import RiakClient
    from aioriak.security import SecurityCreds

T = TypeVar("T")


class Session:
    """The settings of one run of the command, and what is made from them."""

    def __init__(self, settings: dict[str, Value], profiles: Profiles, profile: str | None) -> None:
        self.settings = settings
        self.profiles = profiles
        self.profile = profile
        self.asks = True
        """Whether a password may be asked for."""
        self.output: Output = Output()

    def setting(self, name: str) -> Any:
        """Return a setting's value."""
        return self.settings[name].value

    def run(self, work: Callable[[RiakClient], Awaitable[T]]) -> T:
        """Run some work with a connected client."""

        async def connected() -> T:
            async with self.client() as client:
                return await work(client)

        return asyncio.run(connected())

    def client(
        self, url: str | None = None, *, only: str | None = None, **options: Any
    ) -> AbstractAsyncContextManager[RiakClient]:
        """Return a client of the configured cluster, or of another one at ``url``, to be used with ``async with``.

        ``only``: ``host:port`` of the only node to connect to.
        """
        from aioriak.client import RiakClient

        given: dict[str, Any] = {"request_timeout": self.setting("timeout"), "allow_listing": "silent", **options}
        if url is None:
            url = self.setting("url")
            credentials = self._credentials()
            if credentials is not None:
                given["credentials"] = credentials
                if self.setting("server_hostname"):
                    given["server_hostname"] = self.setting("server_hostname")
        try:
            return RiakClient.from_url(url if only is None else _with_hosts(url, only), **given)
        except TypeError as error:  # an unknown option in the URL
            raise Failure(f"in the URL {hide_password(url)}: {error}", USAGE) from None
        except ValueError as error:
            raise Failure(f"{error}", USAGE) from None

    def other(self, name: str, **options: Any) -> AbstractAsyncContextManager[RiakClient]:
        """Return a client of another cluster: a ``riak://`` URL, or the name of a profile."""
        if "://" in name:
            return self.client(name, **options)
        _, table = self.profiles.profile(name)
        settings = resolve({}, {}, table, name)
        settings["timeout"] = self.settings["timeout"] if "timeout" not in table else settings["timeout"]
        return Session(settings, self.profiles, name).client(**options)

    def _credentials(self) -> SecurityCreds | None:
        user = self.setting("user")
        files = {name: self.setting(name) for name in ("cacert", "cert", "key", "crl") if self.setting(name)}
        if not user:
            if files:
                raise Failure(f"{', '.join(files)} need a user too: --user, AIORIAK_USER or a profile", USAGE)
            return None
        from aioriak.security import SecurityCreds

        return SecurityCreds(
            user,
            self._password(user),
            cacert_file=_path(files.get("cacert")),
            cert_file=_path(files.get("cert")),
            pkey_file=_path(files.get("key")),
            crl_file=_path(files.get("crl")),
            check_hostname=self.setting("check_hostname"),
        )

    def _password(self, user: str) -> str | None:
        if self.setting("password"):
            return str(self.setting("password"))
        if self.setting("password_file"):
            return _first_line(Path(self.setting("password_file")).expanduser())
        if self.setting("password_keyring"):
            return _from_keyring(self.setting("password_keyring"), user)
        if self.asks and (self.setting("password_prompt") or (not self.setting("cert") and sys.stdin.isatty())):
            import click

            return str(click.prompt(f"Password of {user}", hide_input=True, err=True))
        if self.setting("cert"):
            return None
        raise Failure(
            f"there is no password for {user}: set AIORIAK_PASSWORD, or give --password-file, or run in a terminal",
            USAGE,
        )


def session_of(options: dict[str, Any], environment: Mapping[str, str], *, asks: bool = True) -> Session:
    """Return the session of the command line's options, the environment and a profile."""
    options = dict(options)
    path, named = config_path(options.pop("config_file", None), environment)
    profiles = Profiles(path, required=named)
    name, table = profiles.profile(options.pop("profile", None) or environment.get("AIORIAK_PROFILE") or None)
    as_json = options.pop("as_json", False)
    session = Session(resolve(options, environment, table, name), profiles, name)
    session.output.json = bool(as_json)
    session.asks = asks
    return session


def hide_password(url: str) -> str:
    """Return a URL with its password replaced."""
    scheme, separator, rest = url.partition("://")
    credentials, at, hosts = rest.rpartition("@")
    user, colon, password = credentials.partition(":")
    if not at or not colon or not password:
        return url
    return f"{scheme}{separator}{user}:{quote('****', safe='*')}@{hosts}"


def _with_hosts(url: str, hosts: str) -> str:
    scheme, separator, rest = url.partition("://")
    end = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
    credentials, at, _ = rest[:end].rpartition("@")
    return f"{scheme}{separator}{credentials}{at}{hosts}{rest[end:]}"


def _path(name: str | None) -> str | None:
    return None if name is None else str(Path(name).expanduser())


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise Failure(f"the password file {path} cannot be read: {error}", USAGE) from None


def _from_keyring(service: str, user: str) -> str:
    try:
        import keyring
    except ModuleNotFoundError:
        raise Failure("password_keyring needs the package keyring: pip install keyring", USAGE) from None
    password = keyring.get_password(service, user)
    if password is None:
        raise Failure(f"the keyring has no password of {user} for {service}", USAGE)
    return str(password)
