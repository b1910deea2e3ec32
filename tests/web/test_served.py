"""Which certificates domains serve, from real TLS servers on loopback."""

from __future__ import annotations

import datetime
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtensionOID

from certbot_webfaction.web.route import Route
from certbot_webfaction.web.served import Expected, fetch, fetch_all, wait_until_served
from certbot_webfaction.web.workers import AT_ONCE
from tests.sandbox.certificates import write_self_signed
from tests.web.web import Web, nobody_listens


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A server with its own certificate, and one with a chain for shop.test."""
    for name in ("shared.test", "shop.test", "ca.test"):
        write_self_signed(tmp_path / name, tmp_path / f"{name}.key", name)
    full = tmp_path / "full"
    full.write_text((tmp_path / "shop.test").read_text() + (tmp_path / "ca.test").read_text())
    shared = (tmp_path / "shared.test", tmp_path / "shared.test.key")
    with Web(certificate=shared, by_name={"shop.test": (full, tmp_path / "shop.test.key")}) as web:
        yield web


def fingerprint(path: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    return hashlib.sha256(der).hexdigest()


def expected(tmp_path: Path, name: str = "shop.test", *chain: str) -> Expected:
    return Expected(fingerprint(tmp_path / name), tuple(fingerprint(tmp_path / c) for c in chain))


def look(web: Web, **wanted: Expected) -> dict[str, str]:
    domains = {name.replace("_", "."): certificate for name, certificate in wanted.items()}
    return wait_until_served(domains, Route("127.0.0.1", 1, web.port), 0)


def test_the_right_certificate_with_its_chain(web: Web, tmp_path: Path) -> None:
    """Each domain is asked for by its name; the chain has to come as well."""
    found = look(
        web,
        shop_test=expected(tmp_path, "shop.test", "ca.test"),
        other_test=expected(tmp_path, "shared.test"),
    )

    assert found == {}


def test_another_certificate_is_told(web: Web, tmp_path: Path) -> None:
    """By its names and its expiry."""
    (words,) = look(web, other_test=expected(tmp_path)).values()

    assert words.startswith("a certificate for shared.test that expires on 20")


def test_a_chain_that_is_missing_or_wrong_is_told(web: Web, tmp_path: Path) -> None:
    """The right leaf is not enough: some clients reject it without its own chain."""
    (words,) = look(web, shop_test=expected(tmp_path, "shop.test", "shared.test")).values()
    assert words.endswith(", but not with the chain that belongs to it")

    web.by_name["shop.test"] = (tmp_path / "shop.test", tmp_path / "shop.test.key")
    (words,) = look(web, shop_test=expected(tmp_path, "shop.test", "ca.test")).values()
    assert words.endswith(", but not with the chain that belongs to it")


def test_it_is_asked_until_it_is_served(web: Web, tmp_path: Path) -> None:
    """A front end that is late."""
    web.late = 2
    wanted = {"shop.test": expected(tmp_path, "shop.test", "ca.test")}
    assert wait_until_served(wanted, Route("127.0.0.1", 1, web.port), 60) == {}
    assert web.greeted == ["shop.test"] * 3


def test_dns_is_followed_where_no_address_is_given(web: Web, tmp_path: Path) -> None:
    """Over IPv4 where there is both, for that is what panels know."""

    def resolver(name: str) -> tuple[str, ...]:
        return ("::1", "127.0.0.1")

    served = fetch("shop.test", Route(None, 1, web.port, resolver))
    assert served.leaf == fingerprint(tmp_path / "shop.test")
    assert served.chain == (fingerprint(tmp_path / "ca.test"),)


def test_a_server_without_tls_is_told() -> None:
    """In words, for each way to have none."""
    with Web() as plain:
        assert fetch("shop.test", Route("127.0.0.1", 1, plain.port)).words.startswith(
            "no certificate: TLS failed ("
        )
    refused = fetch("shop.test", Route("127.0.0.1", 1, nobody_listens()))
    assert refused.words == "no certificate: the connection was refused"
    assert (refused.leaf, refused.chain) == ("", ())

    def resolver(name: str) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    lost = fetch("shop.test", Route(resolver=resolver))
    assert lost.words == "no certificate: DNS has no address for the name"


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake that does not come about ends with the time-out."""
    monkeypatch.setattr("certbot_webfaction.web.dialling.TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        served = fetch("shop.test", Route("127.0.0.1", 1, silent.getsockname()[1]))

    assert served.words == "no certificate: it took the connection, and no answer came in time"


def test_many_domains_are_asked_once_each(web: Web, tmp_path: Path) -> None:
    """More than are asked at a time; each gets the answer to its own name."""
    names = [f"site{number}.test" for number in range(AT_ONCE + 20)]
    seen = fetch_all([*names, "shop.test"], Route("127.0.0.1", 1, web.port), 10)
    assert set(seen) == {*names, "shop.test"}
    assert {seen[name].leaf for name in names} == {fingerprint(tmp_path / "shared.test")}
    assert seen["shop.test"].leaf == fingerprint(tmp_path / "shop.test")
    assert fetch_all([], Route("127.0.0.1", 1, web.port), 10) == {}


def test_as_many_are_asked_at_once_as_may_be(web: Web) -> None:
    """None of them waits for another: no name is resolved before all are being asked for."""
    together = threading.Barrier(AT_ONCE, timeout=60)

    def resolver(name: str) -> tuple[str, ...]:
        together.wait()
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    names = [f"site{number}.test" for number in range(AT_ONCE)]
    seen = fetch_all(names, Route(None, 1, web.port, resolver), 60)
    assert {seen[name].words for name in names} == {
        "no certificate: DNS has no address for the name"
    }


def test_a_look_ends_in_time_whoever_is_silent(web: Web, tmp_path: Path) -> None:
    """DNS does not answer for one name; the others are told, and it is told to have been silent."""
    answer = threading.Event()

    def resolver(name: str) -> tuple[str, ...]:
        if name == "silent.test":
            answer.wait(60)
        return ("127.0.0.1",)

    started = time.monotonic()
    route = Route(None, 1, web.port, resolver)
    seen = fetch_all(["silent.test", "shop.test"], route, 3)
    taken = time.monotonic() - started
    answer.set()
    assert seen["silent.test"].words == "no certificate: no answer in 3 s"
    assert seen["silent.test"].leaf == ""
    assert seen["shop.test"].leaf == fingerprint(tmp_path / "shop.test")
    assert taken < 15


@pytest.mark.parametrize("names", [b"\x30\x03\x82\x01\xff", b"\x30\x02\xa3\x00"])
def test_a_certificate_whose_names_cannot_be_read_is_told(
    web: Web, tmp_path: Path, names: bytes
) -> None:
    """They are no text, or of an unknown kind; it is known by its fingerprint all the same."""
    path, key = tmp_path / "odd.test", ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "odd.test")])
    odd = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names)
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - day, now + day, [x509.Extension(odd.oid, False, odd)]
    ).sign(key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + pem)
    web.by_name["odd.test"] = (path, path)
    served = fetch("odd.test", Route("127.0.0.1", 1, web.port))
    assert served.words == "a certificate that can't be read"
    assert served.leaf == hashlib.sha256(made.public_bytes(Encoding.DER)).hexdigest()
