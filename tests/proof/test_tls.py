"""TLS to the API, as certbot's user meets it; `test_xmlrpc` has the client alone."""

from __future__ import annotations

import ssl
from pathlib import Path

from tests.sandbox.api import ApiServer
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.sandbox import Sandbox


def _tls(directory: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    certificate, key = directory / f"{names[0]}.pem", directory / f"{names[0]}.key"
    write_self_signed(certificate, key, *names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def _run(sandbox: Sandbox, url: str, bundle: Path) -> tuple[int, str]:
    trusted = sandbox.directory / "certbot" / "trusted.pem"
    trusted.write_text(sandbox.ca.bundle.read_text() + bundle.read_text())
    done = sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com"),
        *("--webfaction-api-url", url),
        check=False,
        env={"REQUESTS_CA_BUNDLE": str(trusted)},
    )
    return done.returncode, " ".join(done.output.split())


def test_an_api_with_a_wrong_certificate_gets_no_password(sandbox: Sandbox) -> None:
    """One that nobody vouches for, and a trusted one of another name: said, before any order."""
    cases = (
        (("api.example", "localhost"), False, "self"),
        (("elsewhere.example",), True, "localhost"),
    )
    for names, is_trusted, words in cases:
        context, certificate = _tls(sandbox.directory / "certbot", *names)
        trusted = certificate if is_trusted else sandbox.ca.bundle
        with ApiServer(sandbox.host, tls=context) as api:
            status, output = _run(sandbox, f"https://localhost:{api.port}/", trusted)
            assert status == 1
            assert "its certificate is not valid" in output
            assert words in output
            assert "Trying again won't help until that is put right." in output
            assert "unexpected error" not in output
            assert api.calls == []
    assert sandbox.ca.orders() == 0


def test_an_api_with_a_certificate_of_a_trusted_ca_is_used(sandbox: Sandbox) -> None:
    """The neighbour: the very run goes as far as the account, which has no such website."""
    context, certificate = _tls(sandbox.directory / "certbot", "api.example", "localhost")
    with ApiServer(sandbox.host, tls=context) as api:
        status, output = _run(sandbox, f"https://localhost:{api.port}/", certificate)
        assert status == 1
        assert "shop.example.com" in output
        assert "login" in api.calls.methods()
