"""One HTTP exchange: what is sent, what is read, and how each failure is told."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from certbot_webfaction.hosts import wire
from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.hosts.wire import Answer, NoAnswerError, RefusalError, Wire
from tests.hosts.canned import CannedServer, http
from tests.sandbox.certificates import write_self_signed


def _open(url: str, *secrets: str, **headers: str) -> Wire:
    """A wire to this address."""
    kept = Secrets()
    for secret in secrets:
        kept.hide(secret)
    return Wire(url, headers, kept)


def _body(answer: Answer) -> bytes:
    return b"".join(answer.pieces)


def _ask_at(url: str, *secrets: str) -> bytes:
    """The body of the answer that comes from this address to what holds a password."""
    return _open(url, *secrets).exchange("login", _body, body=b"alice, secret")


def _ask(*pieces: bytes, secrets: tuple[str, ...] = ()) -> bytes:
    """What is read of this answer."""
    with CannedServer(pieces) as server:
        return _ask_at(server.url, *secrets)


def _failure(*pieces: bytes, secrets: tuple[str, ...] = ()) -> NoAnswerError:
    """The error of an exchange that gets this answer."""
    with pytest.raises(NoAnswerError) as raised:
        _ask(*pieces, secrets=secrets)
    return raised.value


# What is sent


def test_request_is_sent_as_it_was_given() -> None:
    """With our name and version, and not asking for compression."""
    with CannedServer([http(b"done", "200 OK", "Connection: close")]) as server:
        sender = _open(f"{server.url}api/", Authorization="Token t0ken")
        sender.exchange("add", _body, path="/site/create/", body=b"[]")
        sender.exchange("list", _body, method="GET", path="/site/list/")
        sender.exchange("call", _body, body=b"<xml/>")
    heads, bodies = zip(*server.requests, strict=True)
    assert [head.partition("\r\n")[0] for head in heads] == [
        "POST /api/site/create/ HTTP/1.1",
        "GET /api/site/list/ HTTP/1.1",
        "POST /api/ HTTP/1.1",
    ]
    assert bodies == (b"[]", b"", b"<xml/>")
    for head in heads:
        assert re.search(r"(?m)^User-Agent: certbot-webfaction/\S+\r$", head)
        assert "Accept-Encoding: identity\r\n" in head
        assert "Authorization: Token t0ken\r\n" in head


def test_netrc_does_not_replace_the_login(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Requests would send what ``~/.netrc`` has for the host instead of our token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login alice password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    with CannedServer([http(b"done")], tls[0]) as server:
        sender = _open(f"https://localhost:{server.port}/", Authorization="Token t0ken")
        sender.exchange("list", _body)
    ((head, _),) = server.requests
    assert "Authorization: Token t0ken\r\n" in head


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.example.com/", "api.example.com"),
        ("https://alice:s3cret@example.com:2083", "example.com:2083"),
        ("https://[::1/", "[::1"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_address_is_shown_without_credentials(url: str, address: str) -> None:
    """So that a mistyped one is seen, whatever it is."""
    assert _open(url).address == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.example.com/", "plain http, which would send the password unprotected"),
        ("http://192.0.2.1/", "plain http"),
        ("http://127.0.0.1.example.com/", "plain http"),
        ("http://localhost.example.com/", "plain http"),
        ("ftp://127.0.0.1/", "no https URL"),
        ("api.webfaction.com", "no https URL"),
        ("https://", "no https URL"),
        ("https://[::1/", "no https URL"),
        ("https://alice:secret@127.0.0.1/", "no https URL without user name and password"),
        ("", "no https URL"),
    ],
)
def test_address_that_is_not_safe_is_refused(url: str, words: str) -> None:
    """Nothing is looked up or connected to."""
    with pytest.raises(NoAnswerError, match=words) as raised:
        _ask_at(url)
    assert (raised.value.reached, raised.value.passing) == (False, False)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_may_go_to_this_machine(host: str) -> None:
    """The sandbox and tunnels listen there."""
    with CannedServer([http(b"done")]) as server:
        assert _ask_at(f"http://{host}:{server.port}/") == b"done"


def test_plain_http_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would read the password."""
    with CannedServer([http(b"", "502 Bad Gateway")]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert _ask(http(b"done")) == b"done"
    assert proxy.requests == []


def test_https_uses_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As certbot's own requests do; one that can't be used is named as the cause."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(NoAnswerError, match="the proxy could not be used") as raised:
        _ask_at("https://api.invalid/")
    assert not raised.value.reached


def test_answer_in_pieces_is_read() -> None:
    """Chunked, and cut within a character."""
    body = "größe".encode()
    pieces = [b"%x\r\n%s\r\n" % (1, body[i : i + 1]) for i in range(len(body))]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert _ask(head, *pieces, b"0\r\n\r\n") == body


def test_answer_without_a_length_is_read() -> None:
    """It ends where the connection ends."""
    assert _ask(b"HTTP/1.0 200 OK\r\n\r\n", b"done") == b"done"


def test_cut_body_is_noticed_even_if_it_can_be_parsed() -> None:
    """The declared length says that more was to come."""
    assert re.search("cut short|connection ended", str(_failure(http(b"done", length=9999))))


# Failures: what the answer is, what is said, whether the call may have reached the panel (an
# answer has come, so always), and whether the same call may succeed later.

PAGE = (
    b"<html><head><title>Oh</title><style>a{}</style></head><body><h1>Out of order</h1>\n"
    b"<p>All &amp; sundry\x1b[31m</p><script>x<y</script></body></html>"
)

UNUSABLE = {
    "server error": (http(PAGE, "500 Oh"), 'HTTP status 500 and "Out of order All & sundry', True),
    "long error": (http(b"x" * 999, "503 Oh"), f'503 and "{"x" * 97}..."', True),
    "empty error": (http(b"", "502 Oh"), "it answered with HTTP status 502", True),
    "compressed error": (
        http(gzip.compress(b"secret"), "500 Oh", "Content-Encoding: gzip"),
        "it answered with HTTP status 500",
        True,
    ),
    "time-out": (http(b"", "408 Slow"), "HTTP status 408", True),
    "not found": (http(b"", "404 Not Found"), "HTTP status 404", False),
    "forbidden": (http(b"", "403 Forbidden"), "HTTP status 403", False),
    "no content": (http(b"", "204 No Content"), "HTTP status 204", False),
    "redirect": (
        http(b"", "307 There", "Location: https://example.com/"),
        "a redirect, which is not followed because the password would travel",
        False,
    ),
    "cut body": (http(b"done", length=9999), "", True),
    "compressed": (
        http(gzip.compress(b"done"), "200 OK", "Content-Encoding: gzip"),
        "compressed (gzip), which was not asked for",
        False,
    ),
    "declared too large": (http(b"", length=2**25 + 1), "larger than 32 MiB", False),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n", "connection ended before the answer did", True),
    "silence": (b"", "connection ended before the answer did", True),
    "declared beyond all measure": (
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        "larger than 32 MiB",
        False,
    ),
}


@pytest.mark.parametrize(
    ("header", "seconds"), [("Retry-After: 7", 7.0), ("Retry-After: soon", 0.0), ("X: y", 0.0)]
)
def test_a_call_that_came_too_soon_was_not_carried_out(header: str, seconds: float) -> None:
    """How long the server wants to be left alone is told, if it says so in seconds."""
    error = _failure(http(b"", "429 Slow down", header))
    assert "HTTP status 429" in str(error)
    assert (error.reached, error.passing, error.after) == (False, True, seconds)


@pytest.mark.parametrize(("answer", "words", "passing"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_answer_is_told_in_words(answer: bytes, words: str, passing: bool) -> None:
    """And whether it is worth trying again."""
    error = _failure(answer)
    assert words in str(error)
    assert (error.reached, error.passing) == (True, passing)
    assert str(error).isprintable()


def test_answer_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its length is declared or not."""
    monkeypatch.setattr(wire, "LIMIT", 2**20)
    endless = b"HTTP/1.0 200 OK\r\n\r\n"
    assert len(_ask(http(b"x" * 2**20))) == len(_ask(endless, b"x" * 2**20)) == 2**20
    for head in (endless, http(b"", length=2**20 + 1)):
        assert "larger than 1 MiB" in str(_failure(head, b"x" * (2**20 + 1)))


def test_other_statuses_are_read_where_they_mean_something() -> None:
    """As a JSON API has them, whose refusals are 400."""
    with CannedServer([http(b"no", "400 Bad Request")]) as server:
        statuses = _open(server.url).exchange(
            "add", lambda answer: (answer.status, _body(answer)), readable=(200, 400)
        )
    assert statuses == (400, b"no")


@pytest.mark.parametrize(
    ("pieces", "error", "outcome"),
    [
        ([http(b"done")], None, "ok"),
        ([http(b"no")], RefusalError, "refused"),
        ([http(b"", "500 Oh")], NoAnswerError, "no usable answer"),
    ],
)
def test_outcome_is_logged_without_what_was_sent(
    pieces: list[bytes],
    error: type[Exception] | None,
    outcome: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the time that it took."""

    def read(answer: Answer) -> None:
        if _body(answer) == b"no":
            raise RefusalError("No.")

    caplog.set_level(logging.DEBUG)
    with CannedServer(pieces) as server:
        if error:
            with pytest.raises(error):
                _open(server.url).exchange("login", read, body=b"alice, secret")
        else:
            _open(server.url).exchange("login", read, body=b"alice, secret")
    assert re.search(rf"login: {outcome} after \d\.\d\d\d s", caplog.text)
    assert "secret" not in caplog.text


# Connections


def test_unknown_name_is_said() -> None:
    """Without a connection nothing has reached the panel."""
    with pytest.raises(NoAnswerError, match="its name could not be resolved") as raised:
        _ask_at("https://api.invalid/")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_unreachable_network_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network has no route."""

    def connect(_socket: socket.socket, _address: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NoAnswerError, match="no network leads to it") as raised:
        _ask_at("https://192.0.2.1/")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_slow_connection_times_out_before_reaching_the_panel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message says how long was waited."""

    def connect(_socket: socket.socket, _address: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NoAnswerError, match="no connection in 90 seconds") as raised:
        _ask_at("https://192.0.2.1/")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_answer_that_stops_midway_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out holds for the body too."""
    monkeypatch.setattr(wire, "TIMEOUT", 0.05)
    done = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield http(b"do", length=100)
        done.wait(10)

    with CannedServer(pieces()) as server:
        with pytest.raises(NoAnswerError, match=r"no answer in 0\.05 seconds") as raised:
            _ask_at(server.url)
        done.set()
    assert (raised.value.reached, raised.value.passing) == (True, True)


@pytest.mark.parametrize("length", [None, 9999])
def test_answer_in_drops_times_out(monkeypatch: pytest.MonkeyPatch, length: int | None) -> None:
    """Though each comes in time."""
    monkeypatch.setattr(wire, "BODY_TIMEOUT", 0.1)
    done = threading.Event()
    head = http(b"do", length=length) if length else b"HTTP/1.0 200 OK\r\n\r\ndo"

    def pieces() -> Iterator[bytes]:
        yield head
        while not done.wait(0.01):
            yield b" "

    with CannedServer(pieces()) as server:
        with pytest.raises(NoAnswerError, match=r"took more than 0\.1 seconds") as raised:
            _ask_at(server.url)
        done.set()
    assert (raised.value.reached, raised.value.passing) == (True, True)


@pytest.mark.parametrize(
    ("end", "words"), [(None, "its answer was cut short"), (OSError(113, "No route"), "No route")]
)
def test_body_that_breaks_off_unnoticed_by_urllib3_is_told(end: OSError | None, words: str) -> None:
    """Version 1.26 reports neither end; the call has arrived, for an answer has begun."""
    parts = iter([b"do"])

    def read1(_size: int) -> bytes:
        part = next(parts, b"")
        if end and not part:
            raise end
        return part

    response = requests.Response()
    response.headers["Content-Length"] = "4"
    response.raw = SimpleNamespace(read1=read1)
    with pytest.raises(NoAnswerError, match=words) as raised:
        list(wire._pieces(response))
    assert (raised.value.reached, raised.value.passing) == (True, True)


# TLS


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS with a certificate for localhost, and the file to trust it by."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_self_signed(certificate, key, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def test_certificate_that_nobody_vouches_for_is_refused(
    tls: tuple[ssl.SSLContext, Path],
) -> None:
    """The password is not sent, and trying again is no use."""
    server = CannedServer([http(b"done")], tls[0])
    words = "its certificate is not valid: self"
    with server, pytest.raises(NoAnswerError, match=words) as raised:
        _ask_at(f"https://localhost:{server.port}/")
    assert (raised.value.reached, raised.value.passing) == (False, False)
    assert server.requests == []


def test_certificate_of_another_name_is_refused(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by a trusted CA."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    server = CannedServer([http(b"done")], tls[0])
    with server, pytest.raises(NoAnswerError, match=r"is not valid: .*'127\.0\.0\.1'"):
        _ask_at(server.url)
    assert server.requests == []


def test_certificate_of_a_trusted_ca_is_accepted(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment names the CA bundle, as for certbot's own requests."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    with CannedServer([http(b"done")], tls[0]) as server:
        assert _ask_at(f"https://localhost:{server.port}/") == b"done"


def test_server_that_speaks_no_tls_is_told() -> None:
    """Nothing is sent to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received = []

        def answer_in_the_clear() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(http(b"done"))
                received.append(connection.recv(2**16))

        thread = threading.Thread(target=answer_in_the_clear)
        thread.start()
        with pytest.raises(NoAnswerError, match="the encrypted connection failed") as raised:
            _ask_at(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()
    assert raised.value.passing
    assert b"secret" not in received[0]


def test_missing_ca_bundle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the path that is wrong."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(NoAnswerError, match=r"it can't be asked: .*/nowhere/ca\.pem") as raised:
        _ask_at("https://localhost:1/")
    assert (raised.value.reached, raised.value.passing) == (False, False)


# Secrets


@pytest.mark.parametrize(
    ("secret", "page"),
    [
        ("s3cret <b> pass", "s3cret <b> pass"),
        ("a&amp;b", "a&amp;b"),
        ("grün & co", "gr&uuml;n &#38;amp; co"),
        ("grün & co", "<i>gr</i><b>&uuml;</b>n &amp;\n co"),
    ],
)
def test_secret_in_an_error_page_is_hidden_before_tags_and_entities_are_taken_off(
    secret: str, page: str
) -> None:
    """They may be the secret's own, or stand within it."""
    error = _failure(http(f"<p>no {page}!</p>".encode(), "500 Oh"), secrets=(secret,))
    assert str(error).endswith('"no [hidden]!"')


def test_a_page_that_breaks_off_does_not_hide_its_status() -> None:
    """What came of it is shown."""
    error = _failure(http(b"out of order", "500 Oh", length=99))
    assert str(error) == 'it answered with HTTP status 500 and "out of order"'


def test_empty_secret_hides_nothing() -> None:
    """An account without a machine, a password not given."""
    assert '"out of order"' in str(_failure(http(b"out of order", "500 Oh"), secrets=("",)))
