"""Settings: from the command line, the environment, a profile of the configuration file, or a default.

The first of these that gives a setting wins. The configuration file is TOML::

    default = "dev"                  # the profile used when none is named

    [profiles.dev]
    url = "riak://localhost:8087"

    [profiles.prod]
    url = "riak://riak1.example.com,riak2.example.com:8087"
    user = "backup"
    password_file = "~/.riak-password"
    cacert = "/etc/riak/ca.pem"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from aioriak.cli.exits import USAGE, Failure


class Setting(NamedTuple):
    """What is known of a setting: its type, its default, its environment variable, whether it is a secret."""

    kind: type[str] | type[float] | type[bool]
    default: str | float | bool | None
    variable: str
    help: str
    secret: bool = False


SETTINGS: dict[str, Setting] = {
    "url": Setting(
        str, "riak://localhost:8087", "AIORIAK_URL", "The cluster: riak://host:port, several hosts with commas between."
    ),
    "timeout": Setting(float, 10.0, "AIORIAK_TIMEOUT", "Seconds to wait for a reply."),
    "user": Setting(str, None, "AIORIAK_USER", "The user, where Riak has security enabled."),
    "password": Setting(str, None, "AIORIAK_PASSWORD", "The password.", secret=True),
    "password_file": Setting(str, None, "AIORIAK_PASSWORD_FILE", "A file whose first line is the password."),
    "password_keyring": Setting(
        str, None, "AIORIAK_PASSWORD_KEYRING", "The keyring service that has the password (package keyring)."
    ),
    "password_prompt": Setting(bool, False, "AIORIAK_PASSWORD_PROMPT", "Ask for the password."),
    "cacert": Setting(str, None, "AIORIAK_CACERT", "Authorities to trust, PEM (default: the system's)."),
    "cert": Setting(str, None, "AIORIAK_CERT", "The client's certificate, PEM."),
    "key": Setting(str, None, "AIORIAK_KEY", "The private key of the certificate, PEM."),
    "crl": Setting(str, None, "AIORIAK_CRL", "A list of revoked certificates, PEM."),
    "server_hostname": Setting(str, None, "AIORIAK_SERVER_HOSTNAME", "The name in the servers' certificates."),
    "check_hostname": Setting(bool, True, "AIORIAK_CHECK_HOSTNAME", "Whether that name is checked."),
}
PASSWORDS = ("password", "password_file", "password_keyring", "password_prompt")

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it comes from."""

    value: Any
    source: str


def config_path(given: str | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """Return the path of the configuration file, and whether the user named it."""
    named = given or environ.get("AIORIAK_CONFIG")
    if named:
        return Path(named).expanduser(), True
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(base) / "aioriak.toml", False


class Profiles:
    """The configuration file."""

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self.path = path
        self.default: str | None = None
        self.profiles: dict[str, dict[str, Any]] = {}
        self.exists: bool = False
        try:
            with path.open("rb") as file:
                found = tomllib.load(file)
        except FileNotFoundError:
            if required:
                raise Failure(f"the configuration file {path} does not exist", USAGE) from None
            return
        except (OSError, ValueError, RecursionError) as error:
            raise Failure(f"the configuration file {path} cannot be read: {error}", USAGE) from None
        self.exists = True
        self._take(found)

    def _take(self, found: dict[str, Any]) -> None:
        default, profiles = found.pop("default", None), found.pop("profiles", {})
        if found:
            raise self._wrong(f"there is no setting {', '.join(sorted(found))}; there are default and [profiles.NAME]")
        if not isinstance(profiles, dict) or not all(isinstance(one, dict) for one in profiles.values()):
            raise self._wrong("profiles are tables: [profiles.NAME]")
        if default is not None and default not in profiles:
            raise self._wrong(f"the default profile {default!r} is not there")
        self.default = default
        for name, table in profiles.items():
            self.profiles[name] = {key: self._checked(name, key, value) for key, value in table.items()}

    def _checked(self, profile: str, key: str, value: Any) -> Any:
        setting = SETTINGS.get(key)
        if setting is None:
            raise self._wrong(f"profile {profile} has the unknown setting {key}; there are {', '.join(SETTINGS)}")
        if setting.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, setting.kind):
            raise self._wrong(f"{key} of profile {profile} must be {_KINDS[setting.kind]}, not {value!r}")
        return value

    def profile(self, name: str | None) -> tuple[str | None, dict[str, Any]]:
        """Return the name and the settings of a profile, or of the default one."""
        wanted = name or self.default
        if wanted is None:
            return None, {}
        if wanted not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise self._wrong(f"there is no profile {wanted!r}; profiles: {known}")
        return wanted, self.profiles[wanted]

    def _wrong(self, what: str) -> Failure:
        return Failure(f"{self.path}: {what}", USAGE)


_KINDS: dict[type, str] = {str: "text", float: "a number", bool: "true or false"}


def resolve(
    options: Mapping[str, Any], environ: Mapping[str, str], profile: Mapping[str, Any], profile_name: str | None
) -> dict[str, Value]:
    """Return every setting with its value and source; ``options`` are those of the command line."""
    found: dict[str, Value] = {}
    for name, setting in SETTINGS.items():
        if options.get(name) is not None:
            found[name] = Value(options[name], "command line")
        elif environ.get(setting.variable):
            found[name] = Value(_from_environment(setting, environ[setting.variable]), setting.variable)
        elif name in profile:
            found[name] = Value(profile[name], f"profile {profile_name}")
        else:
            found[name] = Value(setting.default, "default")
    _keep_one_password(found)
    return found


def _keep_one_password(found: dict[str, Value]) -> None:
    """Keep only the password source of the highest precedence."""
    ranks = {"command line": 0, "default": 3}
    given = [name for name in PASSWORDS if found[name].value]
    if not given:
        return

    def rank(name: str) -> int:
        source = found[name].source
        return ranks.get(source, 2 if source.startswith("profile ") else 1)

    best = min(given, key=rank)
    for name in given:
        if name != best:
            found[name] = Value(SETTINGS[name].default, f"overridden by {best}")


def _from_environment(setting: Setting, text: str) -> Any:
    if setting.kind is str:
        return text
    try:
        return _WORDS[text.lower()] if setting.kind is bool else float(text)
    except (KeyError, ValueError):
        raise Failure(f"{setting.variable} must be {_KINDS[setting.kind]}, not {text!r}", USAGE) from None
