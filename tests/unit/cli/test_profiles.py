"""Settings and where they come from."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aioriak.cli.exits import Failure
from aioriak.cli.profiles import Profiles, config_path, resolve
from aioriak.cli.session import Session, hide_password

FILE = """
default = "dev"
[profiles.dev]
url = "riak://dev.example.com"
timeout = 3
[profiles.prod]
url = "riak://a,b:8087"
user = "backup"
password_file = "secret"
"""


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    path = tmp_path / "aioriak.toml"
    path.write_text(FILE)
    return Profiles(path)


def session(profiles: Profiles, name: str | None = None, environ: Any = None, **options: Any) -> Session:
    found, table = profiles.profile(name)
    return Session(resolve(options, environ or {}, table, found), profiles, found)


def test_the_command_line_wins_over_the_environment_and_the_profile(profiles: Profiles) -> None:
    environ = {"AIORIAK_URL": "riak://env", "AIORIAK_TIMEOUT": "7"}
    found = session(profiles, environ=environ, url="riak://given").settings
    assert (found["url"].value, found["url"].source) == ("riak://given", "command line")
    assert (found["timeout"].value, found["timeout"].source) == (7.0, "AIORIAK_TIMEOUT")
    assert session(profiles).settings["timeout"].source == "profile dev"
    assert session(profiles, "prod").settings["timeout"].source == "default"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("default = 'x'", "default profile 'x'"),
        ("nodes = 1", "no setting nodes"),
        ("[profiles.a]\nhost = 'x'", "unknown setting host"),
        ("[profiles.a]\ntimeout = 'x'", "timeout of profile a must be a number"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "aioriak.toml"
    path.write_text(text)
    with pytest.raises(Failure, match=complaint) as caught:
        Profiles(path)
    assert caught.value.exit_code == 2


def test_an_unknown_profile_is_refused_and_the_known_ones_are_named(profiles: Profiles) -> None:
    with pytest.raises(Failure, match="dev, prod"):
        profiles.profile("test")


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(Failure, match="AIORIAK_TIMEOUT must be a number"):
        resolve({}, {"AIORIAK_TIMEOUT": "soon"}, {}, None)


def test_the_file_may_be_missing_unless_it_was_named(tmp_path: Path) -> None:
    assert not Profiles(tmp_path / "none").exists
    with pytest.raises(Failure, match="does not exist"):
        Profiles(tmp_path / "none", required=True)


def test_the_file_is_where_xdg_says() -> None:
    assert config_path(None, {"XDG_CONFIG_HOME": "/x"}) == (Path("/x/aioriak.toml"), False)
    assert config_path(None, {"AIORIAK_CONFIG": "/y"}) == (Path("/y"), True)


def test_the_password_comes_from_a_file(profiles: Profiles, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\nmore\n")
    secret.chmod(stat.S_IRUSR)
    creds = session(profiles, "prod", password_file=str(secret))._credentials()
    assert creds is not None
    assert (creds.username, creds.password) == ("backup", "hunter2")
    assert "hunter2" not in repr(creds)


def test_the_environments_password_wins_over_the_profiles_file(profiles: Profiles) -> None:
    found = session(profiles, "prod", {"AIORIAK_PASSWORD": "hunter2"})
    creds = found._credentials()
    assert creds is not None
    assert creds.password == "hunter2"
    assert found.settings["password_file"].source == "overridden by password"


def test_the_password_comes_from_a_keyring(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = ModuleType("keyring")
    get: Callable[[str, str], str | None] = lambda service, user: {("riak", "backup"): "k"}.get((service, user))  # noqa: E731
    keyring.get_password = get  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "keyring", keyring)
    creds = session(profiles, user="backup", password_keyring="riak")._credentials()
    assert creds is not None
    assert creds.password == "k"
    with pytest.raises(Failure, match="keyring has no password of backup for other"):
        session(profiles, user="backup", password_keyring="other")._credentials()


def test_certificates_without_a_user_are_refused(profiles: Profiles) -> None:
    with pytest.raises(Failure, match="cacert need a user"):
        session(profiles, cacert="x.pem")._credentials()


def test_a_password_in_a_url_is_hidden() -> None:
    assert hide_password("riak://ada:s3cret@host:8087/?a=1") == "riak://ada:****@host:8087/?a=1"
    assert hide_password("riak://host") == "riak://host"
