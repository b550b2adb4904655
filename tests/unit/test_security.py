"""Credentials: what a client makes of them before it connects, and what they never show."""

from __future__ import annotations

import copy
import pathlib
import ssl
from typing import Any

import pytest

from aioriak import RiakClient, SecurityCreds
from aioriak.error import InvalidRequest
from aioriak.security import Security, security_from
from tests.certificates import Authority

pytest.importorskip("cryptography")
from cryptography.hazmat.primitives import serialization

ANN = SecurityCreds("ann", "secret")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def security(url: str, **settings: Any) -> Security | None:
    return RiakClient.from_url(url, **settings).settings.security


def test_without_credentials_there_is_no_tls() -> None:
    assert security_from(None, None, None) is None
    assert security_from(None, False, None) is None
    assert RiakClient().settings.security is None


def test_credentials_alone_mean_tls_that_verifies_certificate_and_host_name() -> None:
    made = security_from(ANN, None, None)
    assert made is not None
    assert (made.user, made.password, made.server_hostname) == (b"ann", b"secret", None)
    assert made.context.verify_mode is ssl.CERT_REQUIRED
    assert made.context.check_hostname
    assert made.context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_names_and_passwords_need_not_be_ascii() -> None:
    made = security_from(SecurityCreds("änn", "pässword"), True, None)
    assert made is not None
    assert (made.user, made.password) == ("änn".encode(), "pässword".encode())
    made = security_from(SecurityCreds(b"\xff", b"\xfe"), True, None)
    assert made is not None
    assert (made.user, made.password) == (b"\xff", b"\xfe")


def test_credentials_may_be_a_mapping() -> None:
    made = security_from({"username": "ann", "password": "secret"}, None, None)
    assert made is not None
    assert made.user == b"ann"


def test_a_context_of_the_users_own_is_used_as_it_is() -> None:
    context = ssl.create_default_context()
    made = security_from(ANN, context, "riak.example.org")
    assert made is not None
    assert made.context is context
    assert made.server_hostname == "riak.example.org"


@pytest.mark.parametrize(
    ("credentials", "tls", "hostname", "said"),
    [
        (None, True, None, "Riak wants a login"),
        (None, ssl.create_default_context(), None, "Riak wants a login"),
        (None, None, "riak.example.org", "server_hostname needs credentials"),
        (ANN, False, None, "over TLS only"),
        (SecurityCreds(password="secret"), None, None, "need a username"),
        (SecurityCreds("ann", "secret", ciphers="HIGH"), ssl.create_default_context(), None, "no more"),
        (ANN, "yes", None, "tls is an ssl.SSLContext"),
        (SecurityCreds("ann", "secret", ssl_version=ssl.TLSVersion.TLSv1), None, None, "TLS 1.2 or 1.3"),
        (SecurityCreds("ann", "secret", ciphers="no-such-cipher"), None, None, "ciphers"),
        (SecurityCreds("ann", "secret", pkey_file="key.pem"), None, None, "needs cert_file"),
        (SecurityCreds("ann", "secret", cacert_file="/absent.pem"), None, None, "cacert_file /absent.pem"),
        (SecurityCreds("ann", "secret", crl_file="/absent.pem"), None, None, "crl_file /absent.pem"),
        (SecurityCreds("ann", "secret", cert_file="/absent.pem"), None, None, "cert_file /absent.pem"),
        (SecurityCreds("ann", "secret", cacert="no certificate"), None, None, "cacert"),
    ],
)
def test_what_makes_no_sense_is_refused_without_repeating_the_password(
    credentials: SecurityCreds | None, tls: Any, hostname: str | None, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        security_from(credentials, tls, hostname)
    assert "secret" not in str(caught.value)


def test_a_context_that_verifies_nothing_gets_no_password() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(InvalidRequest, match="anybody could ask for the password"):
        security_from(ANN, context, None)
    assert security_from(SecurityCreds("ann"), context, None) is not None


def test_a_version_of_tls_can_be_insisted_on() -> None:
    for wanted, version in (
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
        (ssl.PROTOCOL_TLSv1_2, ssl.TLSVersion.TLSv1_2),
        (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    ):
        context = SecurityCreds("ann", ssl_version=wanted).context()
        assert (context.minimum_version, context.maximum_version) == (version, version)
    context = SecurityCreds("ann", ssl_version=ssl.PROTOCOL_TLS_CLIENT).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_only_the_authorities_given_are_trusted(authority: Authority) -> None:
    assert len(SecurityCreds("ann", cacert_file=authority.file).context().get_ca_certs()) == 1
    text = pathlib.Path(authority.file).read_text()
    assert len(SecurityCreds("ann", cacert=text).context().get_ca_certs()) == 1
    assert len(SecurityCreds("ann", cacert=text.encode()).context().get_ca_certs()) == 1


def test_a_revocation_list_is_asked(authority: Authority) -> None:
    context = SecurityCreds("ann", cacert_file=authority.file, crl_file=authority.revoke()).context()
    assert context.verify_flags & ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def test_a_locked_key_opens_with_its_password_and_never_asks_for_it(
    authority: Authority, tmp_path: pathlib.Path
) -> None:
    whole = pathlib.Path(authority.user("ann")).read_bytes()
    key = serialization.load_pem_private_key(whole, None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    files: dict[str, Any] = {"cert_file": authority.user("ann"), "pkey_file": str(locked)}
    own = tmp_path / "own.pem"
    own.write_bytes(whole[whole.index(b"-----BEGIN CERTIFICATE") :])
    files["cert_file"] = str(own)
    SecurityCreds("ann", pkey_password="open sesame", **files).context()
    for wrong in (None, "open barley"):
        with pytest.raises(InvalidRequest, match="pkey_file") as caught:
            SecurityCreds("ann", pkey_password=wrong, **files).context()
        assert "barley" not in str(caught.value)


def test_files_that_changed_are_read_again(authority: Authority, tmp_path: pathlib.Path) -> None:
    trusted, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    trusted.write_bytes(pathlib.Path(authority.file).read_bytes())
    own.write_bytes(pathlib.Path(authority.user("ann")).read_bytes())
    made = security_from(SecurityCreds("ann", cacert_file=trusted, cert_file=own), None, None)
    assert made is not None
    first = made.context
    assert made.context is first
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    trusted.write_bytes(pathlib.Path(other.file).read_bytes())
    second = made.context
    assert second is not first
    assert second.get_ca_certs() != first.get_ca_certs()
    assert made.context is second
    own.write_bytes(pathlib.Path(other.user("ann")).read_bytes())
    assert made.context is not second


def test_changed_files_that_cannot_be_used_leave_those_read_before(
    authority: Authority, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    trusted = tmp_path / "ca.pem"
    whole = pathlib.Path(authority.file).read_bytes()
    trusted.write_bytes(whole)
    made = security_from(SecurityCreds("ann", cacert_file=trusted), None, None)
    assert made is not None
    first = made.context
    trusted.write_bytes(whole[: len(whole) // 2])
    assert made.context is first
    assert made.context is first
    assert len(caplog.records) == 1
    trusted.unlink()
    assert made.context is first
    trusted.write_bytes(whole)
    assert made.context is not first


def test_nothing_secret_is_shown() -> None:
    creds = SecurityCreds("ann", "secret", pkey_password="hidden", cacert_file="ca.pem")
    made = security_from(SecurityCreds("ann", "secret", cacert=None), None, None)
    for text in (repr(creds), str(creds), f"{creds}", repr(made), str(made), repr(copy.copy(creds))):
        assert "secret" not in text
        assert "hidden" not in text
    assert "ca.pem" in repr(creds)


def test_a_url_has_credentials_too(authority: Authority) -> None:
    made = security(f"riak://ann:p%40ss%2Fword@host/?cacert={authority.file}&server_hostname=riak.example.org")
    assert made is not None
    assert (made.user, made.password) == (b"ann", b"p@ss/word")
    assert made.server_hostname == "riak.example.org"
    assert len(made.context.get_ca_certs()) == 1


def test_a_url_has_everything_a_certificate_login_needs(authority: Authority) -> None:
    user = authority.user("bob")
    made = security(f"riak://bob@host/?cacert={authority.file}&cert={user}&pkey={user}&crl={authority.revoke()}"
                    "&check_hostname=false&ciphers=HIGH&tls=true")  # fmt: skip
    assert made is not None
    assert (made.user, made.password) == (b"bob", b"")
    assert not made.context.check_hostname
    assert made.certificate


def test_a_urls_numbers_stay_passwords_and_file_names(authority: Authority) -> None:
    made = security("riak://1:2@host/")
    assert made is not None
    assert (made.user, made.password) == (b"1", b"2")
    with pytest.raises(InvalidRequest, match="cacert_file 7"):
        security("riak://ann:secret@host/?cacert=7")


def test_settings_by_name_win_over_the_urls() -> None:
    made = security("riak://ann:secret@host/", credentials=SecurityCreds("bob", "other"))
    assert made is not None
    assert made.user == b"bob"


@pytest.mark.parametrize(
    "url",
    ["riak://host/?cacert=ca.pem", "riak://host/?tls=true", "riak://ann:secret@host/?tls=false",
     "riak://ann:secret@host/?tls=maybe", "riak://ann:secret@host/?check_hostname=maybe",
     "riak://:secret@host/"],
)  # fmt: skip
def test_a_url_that_makes_no_sense_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        security(url)
    assert "secret" not in str(caught.value)
