"""One call at a time: what is sent, what is read, and how each failure is told."""

from __future__ import annotations

import contextlib
import gzip
import logging
import re
import socket
import ssl
import threading
import tracemalloc
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.hosts.webfaction import xmlrpc as transport
from certbot_webfaction.hosts.webfaction.xmlrpc import FaultError, NoAnswerError, Transport
from tests.hosts.webfaction.canned import CannedServer, http, result
from tests.sandbox import faults
from tests.sandbox.api import ApiServer
from tests.sandbox.certificates import write_self_signed

HEAD = b"<?xml version='1.0'?><methodResponse><params><param><value>"
TAIL = b"</value></param></params></methodResponse>"


def _ask(*pieces: bytes, secrets: tuple[str, ...] = ()) -> Any:
    """The result of a call that gets this answer."""
    with CannedServer(pieces) as server:
        client = Transport(server.url)
        for secret in secrets:
            client.hide(secret)
        return client.call("list_apps", "session-id")


def _failure(*pieces: bytes, secrets: tuple[str, ...] = ()) -> NoAnswerError:
    """The error of a call that gets this answer."""
    with pytest.raises(NoAnswerError) as raised:
        _ask(*pieces, secrets=secrets)
    return raised.value


# What is sent


def test_call_is_one_post_that_names_us() -> None:
    """XML-RPC in UTF-8, with our name and version, and not asking for compression."""
    with CannedServer([http(result("done"))]) as server:
        assert Transport(server.url).call("create_app", "id", "größe", True, ["a", "/"]) == "done"
    ((head, body),) = server.requests
    assert head.startswith("POST / HTTP/1.1\r\n")
    assert re.search(r"(?m)^User-Agent: certbot-webfaction/\S+\r$", head)
    assert "Accept-Encoding: identity\r\n" in head
    assert "Content-Type: text/xml\r\n" in head
    parameters, method = xmlrpc.client.loads(body)
    assert (method, parameters) == ("create_app", ("id", "größe", True, ["a", "/"]))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS.filter(lambda text: not transport._NOT_IN_XML.search(text)))
def test_text_arrives_as_it_was_given(text: str) -> None:
    """Whatever XML can carry does, carriage returns too."""
    ((sent,), _method) = xmlrpc.client.loads(transport._request_body("login", (text,)))
    assert sent == text


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\ud800", "\ufffe"])
def test_text_that_xml_cannot_carry_is_refused(api: ApiServer, character: str) -> None:
    """Before anything is sent, and without showing the text."""
    with pytest.raises(NoAnswerError, match="control character, which XML can't carry") as raised:
        Transport(api.url).call("login", "alice", [f"secret{character}"])
    assert not raised.value.reached
    assert not raised.value.passing
    assert "secret" not in str(raised.value)
    assert api.calls == []


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
        Transport(url).call("login", "alice", "secret")
    assert (raised.value.reached, raised.value.passing) == (False, False)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_may_go_to_this_machine(host: str) -> None:
    """The sandbox and tunnels listen there."""
    with CannedServer([http(result("done"))]) as server:
        assert Transport(f"http://{host}:{server.port}/").call("login") == "done"


def test_plain_http_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would read the password."""
    with CannedServer([http(b"", "502 Bad Gateway")]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert _ask(http(result(1))) == 1
    assert proxy.requests == []


def test_https_uses_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As certbot's own requests do; one that can't be used is named as the cause."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(NoAnswerError, match="the proxy could not be used") as raised:
        Transport("https://api.invalid/").call("login")
    assert not raised.value.reached


def test_connection_is_kept_for_the_next_call(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A new one per call would cost a renewal a handshake each."""
    caplog.set_level(logging.DEBUG, "urllib3")
    client = Transport(api.url)
    for _ in range(3):
        with pytest.raises(FaultError):
            client.call("login", "alice", "wrong")
    assert caplog.text.count("Starting new HTTP connection") == 1


# What is read


@pytest.mark.parametrize("value", ["", "é", 7, -1, True, 1.5, [], [1, ["a"]], {"a": {"b": [1]}}])
def test_values_are_read(value: Any) -> None:
    """As Python's own types."""
    assert _ask(http(result(value))) == value


def test_answer_in_pieces_is_read() -> None:
    """Chunked, and cut within a character."""
    body = result("größe")
    pieces = [b"%x\r\n%s\r\n" % (1, body[i : i + 1]) for i in range(len(body))]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert _ask(head, *pieces, b"0\r\n\r\n") == "größe"


def test_answer_without_a_length_is_read() -> None:
    """It ends where the connection ends."""
    assert _ask(b"HTTP/1.0 200 OK\r\n\r\n", result("done")) == "done"


def test_unusual_values_are_read() -> None:
    """What other servers send: nil, untyped text, binary."""
    body = b"<array><data><value><nil/></value><value>a</value><value><base64>YQ==</base64></value>"
    assert _ask(http(HEAD + body + b"</data></array>" + TAIL)) == [None, "a", b"a"]


def test_fault_keeps_its_words() -> None:
    """They are all that tells one fault from another."""
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(1, "[u'Value must be < 1']")).encode()
    with pytest.raises(FaultError) as raised:
        _ask(http(fault))
    assert str(raised.value) == "[u'Value must be < 1']"


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
    "too many calls": (http(b"", "429 Slow down"), "HTTP status 429", True),
    "time-out": (http(b"", "408 Slow"), "HTTP status 408", True),
    "not found": (http(b"", "404 Not Found"), "HTTP status 404", False),
    "forbidden": (http(b"", "403 Forbidden"), "HTTP status 403", False),
    "no content": (http(b"", "204 No Content"), "HTTP status 204", False),
    "redirect": (
        http(b"", "307 There", "Location: https://example.com/"),
        "a redirect, which is not followed because the password would travel",
        False,
    ),
    "page": (http(PAGE), "no complete XML-RPC answer", True),
    "nothing": (http(b""), "no complete XML-RPC answer", True),
    "cut XML": (http(result([1, 2])[:-30]), "no complete XML-RPC answer", True),
    "cut body": (http(result(1), length=9999), "", True),
    "two values": (
        http(xmlrpc.client.dumps((1, 2)).encode().replace(b"methodCall", b"methodResponse")),
        "no complete XML-RPC answer",
        True,
    ),
    "a call": (http(xmlrpc.client.dumps((), "login").encode()), "no complete XML-RPC", True),
    "bad number": (http(HEAD + b"<int>x</int>" + TAIL), "no complete XML-RPC", True),
    "bad struct": (
        http(HEAD + b"<struct><member><name>a</name></member></struct>" + TAIL),
        "no complete XML-RPC",
        True,
    ),
    "fault without words": (
        http(b"<methodResponse><fault><value><struct/></value></fault></methodResponse>"),
        "no complete XML-RPC",
        True,
    ),
    "not UTF-8": (http(HEAD + b"\xff" + TAIL), "no complete XML-RPC", True),
    "compressed": (
        http(gzip.compress(result(1)), "200 OK", "Content-Encoding: gzip"),
        "compressed (gzip), which was not asked for",
        False,
    ),
    "document type": (
        http(b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse/>'),
        "declares a document type",
        False,
    ),
    "nested": (http(HEAD + b"<array><data><value>" * 99), "nested too deeply", False),
    "declared too large": (http(b"", length=2**25 + 1), "larger than 32 MiB", False),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n", "connection ended before the answer did", True),
    "silence": (b"", "connection ended before the answer did", True),
}


@pytest.mark.parametrize(("answer", "words", "passing"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_answer_is_told_in_words(answer: bytes, words: str, passing: bool) -> None:
    """And whether it is worth trying again."""
    error = _failure(answer)
    assert words in str(error)
    assert (error.reached, error.passing) == (True, passing)
    assert str(error).isprintable()


def test_cut_body_is_noticed_even_if_it_can_be_parsed() -> None:
    """The declared length says that more was to come."""
    assert re.search("cut short|connection ended", str(_failure(http(result(1), length=9999))))


@pytest.mark.parametrize(
    ("pieces", "limit"),
    [
        ([HEAD, b"<string>", *[b"x" * 2**20] * 100], transport.LIMIT),
        ([HEAD, *[b"\n" * 2**20] * 100], transport.LIMIT),
        # Takes seconds to parse, hence a smaller limit.
        ([HEAD, b"<array><data>", *[b"<value><int>1</int></value>\n" * 2**15] * 100], 2**22),
    ],
    ids=["text", "line breaks", "values"],
)
def test_answer_of_100_mb_is_refused_within_bounded_memory(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], limit: int
) -> None:
    """However it is filled; its length is not declared."""
    monkeypatch.setattr(transport, "LIMIT", limit)
    tracemalloc.start()
    try:
        error = _failure(b"HTTP/1.0 200 OK\r\n\r\n", *pieces)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert f"larger than {limit // 2**20} MiB" in str(error)
    assert peak < 4 * limit


def test_answer_up_to_the_limit_is_read() -> None:
    """A large account is no attack."""
    assert len(_ask(http(HEAD + b"x" * (transport.LIMIT - 200) + TAIL))) > 2**24


def test_websites_are_not_nested_too_deeply() -> None:
    """The depth has room for what the panel really sends, and more."""
    value: Any = "x"
    for _ in range(15):
        value = [value]
    assert _ask(http(result(value))) == value


@given(st.binary(max_size=300))
def test_any_body_is_a_value_a_fault_or_no_answer(body: bytes) -> None:
    """No other exception escapes the parser."""
    for text in (body, HEAD + body + TAIL):
        with contextlib.suppress(NoAnswerError, xmlrpc.client.Fault):
            transport._parse(iter([text]))


TAGS = st.sampled_from(
    [
        "value",
        "array",
        "data",
        "struct",
        "member",
        "name",
        "string",
        "int",
        "boolean",
        "double",
        "base64",
        "dateTime.iso8601",
        "nil",
        "fault",
        "params",
        "param",
        "methodResponse",
        "bigdecimal",
        "methodName",
    ]
)


@given(
    st.recursive(
        st.text("01a-. ", max_size=4),
        lambda inner: st.builds(
            lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", TAGS, st.lists(inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_odd_documents_are_values_faults_or_no_answer(document: str) -> None:
    """Tags of XML-RPC in any order."""
    for text in (document.encode(), HEAD + document.encode() + TAIL):
        with contextlib.suppress(NoAnswerError, xmlrpc.client.Fault):
            transport._parse(iter([text]))


# Connections


def test_refused_connection_has_not_reached_the_panel(api: ApiServer) -> None:
    """So a write need not be looked up."""
    api.stop_listening()
    with pytest.raises(NoAnswerError, match="it refused the connection") as raised:
        Transport(api.url).call("login")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_unknown_name_is_said() -> None:
    """Without a connection nothing has reached the panel."""
    with pytest.raises(NoAnswerError, match="its name could not be resolved") as raised:
        Transport("https://api.invalid/").call("login")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_unreachable_network_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network has no route."""

    def connect(_socket: socket.socket, _address: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NoAnswerError, match="no network leads to it") as raised:
        Transport("https://192.0.2.1/").call("login")
    assert (raised.value.reached, raised.value.passing) == (False, True)


def test_slow_connection_times_out_before_reaching_the_panel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message says how long was waited."""

    def connect(_socket: socket.socket, _address: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NoAnswerError, match="no connection in 60 seconds") as raised:
        Transport("https://192.0.2.1/").call("login")
    assert (raised.value.reached, raised.value.passing) == (False, True)


@pytest.mark.parametrize("hang", [faults.HANG_BEFORE, faults.HANG_AFTER])
def test_silent_api_times_out(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, hang: faults.Fault
) -> None:
    """And the call may have taken effect."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.05)
    api.faults.on(1, hang)
    with pytest.raises(NoAnswerError, match=r"no answer in 0\.05 seconds") as raised:
        Transport(api.url).call("login", "alice", "wrong")
    assert (raised.value.reached, raised.value.passing) == (True, True)


def test_answer_that_stops_midway_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out holds for the body too."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.05)
    done = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield http(result(1)[:20], length=100)
        done.wait(10)

    with CannedServer(pieces()) as server:
        with pytest.raises(NoAnswerError, match=r"no answer in 0\.05 seconds") as raised:
            Transport(server.url).call("login")
        done.set()
    assert (raised.value.reached, raised.value.passing) == (True, True)


@pytest.mark.parametrize("length", [None, 9999])
def test_answer_in_drops_times_out(monkeypatch: pytest.MonkeyPatch, length: int | None) -> None:
    """Though each comes in time."""
    monkeypatch.setattr(transport, "BODY_TIMEOUT", 0.1)
    done = threading.Event()
    head = http(HEAD, length=length) if length else b"HTTP/1.0 200 OK\r\n\r\n" + HEAD

    def pieces() -> Iterator[bytes]:
        yield head
        while not done.wait(0.01):
            yield b" "

    with CannedServer(pieces()) as server:
        with pytest.raises(NoAnswerError, match=r"took more than 0\.1 seconds") as raised:
            Transport(server.url).call("login")
        done.set()
    assert (raised.value.reached, raised.value.passing) == (True, True)


@pytest.mark.parametrize("reset", [faults.RESET_BEFORE, faults.RESET_AFTER])
def test_reset_connection_is_not_used_to_send_again(api: ApiServer, reset: faults.Fault) -> None:
    """The transport repeats nothing, on a kept connection neither."""
    client = Transport(api.url)
    with pytest.raises(FaultError):
        client.call("login", "alice", "wrong")
    api.faults.on(1, reset)
    with pytest.raises(NoAnswerError, match="connection ended before the answer did") as raised:
        client.call("login", "alice", "wrong")
    assert raised.value.reached
    assert len(api.calls) == 2


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
    server = CannedServer([http(result(1))], tls[0])
    words = "its certificate is not valid: self"
    with server, pytest.raises(NoAnswerError, match=words) as raised:
        Transport(f"https://localhost:{server.port}/").call("login", "alice", "secret")
    assert (raised.value.reached, raised.value.passing) == (False, False)
    assert server.requests == []


def test_certificate_of_another_name_is_refused(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by a trusted CA."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    server = CannedServer([http(result(1))], tls[0])
    with server, pytest.raises(NoAnswerError, match=r"is not valid: .*'127\.0\.0\.1'"):
        Transport(server.url).call("login", "alice", "secret")
    assert server.requests == []


def test_certificate_of_a_trusted_ca_is_accepted(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment names the CA bundle, as for certbot's own requests."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    with CannedServer([http(result(1))], tls[0]) as server:
        assert Transport(f"https://localhost:{server.port}/").call("login") == 1


def test_server_that_speaks_no_tls_is_told() -> None:
    """Nothing is sent to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received = []

        def answer_in_the_clear() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(http(result(1)))
                received.append(connection.recv(2**16))

        thread = threading.Thread(target=answer_in_the_clear)
        thread.start()
        with pytest.raises(NoAnswerError, match="the encrypted connection failed") as raised:
            Transport(f"https://127.0.0.1:{listener.getsockname()[1]}/").call("login", "secret")
        thread.join()
    assert raised.value.passing
    assert b"secret" not in received[0]


def test_missing_ca_bundle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the path that is wrong."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(NoAnswerError, match=r"it can't be asked: .*/nowhere/ca\.pem") as raised:
        Transport("https://localhost:1/").call("login")
    assert (raised.value.reached, raised.value.passing) == (False, False)


# Secrets


def test_parameters_are_in_no_log_and_no_error(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the outcome, also of urllib3's own records."""
    caplog.set_level(logging.DEBUG)
    client = Transport(api.url)
    said = ""
    for fault in (faults.RESET_AFTER, faults.HTTP_500, faults.TRUNCATED, faults.fault("No.")):
        api.faults.on(1, fault)
        with pytest.raises((NoAnswerError, FaultError)) as raised:
            client.call("login", "alice", "secret-password")
        error: BaseException | None = raised.value
        while error:
            said += f"{error!r} {getattr(error, 'args', '')}"
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "login: fault after" in caplog.text
    assert "login: no usable answer after" in caplog.text
    assert '"POST / HTTP/1.1" 500' in caplog.text
    assert "secret-password" not in said + caplog.text
    assert "alice" not in said + caplog.text


def test_what_the_panel_repeats_is_hidden() -> None:
    """In faults and in error pages; a secret within a word is none."""
    secrets = ("s3cret <&> pass", "x")
    key = "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"
    words = f"('{secrets[0]}', {key}) x exists"
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(1, words)).encode()
    with pytest.raises(FaultError) as raised:
        _ask(http(fault), secrets=secrets)
    assert str(raised.value) == "('[hidden]', [hidden] PRIVATE KEY-----) [hidden] exists"
    page = http(b"<p>password=s3cret &lt;&amp;&gt; pass</p>", "500 Oh")
    assert '"password=[hidden]"' in str(_failure(page, secrets=secrets))


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


def test_a_part_of_the_key_that_was_sent_is_hidden() -> None:
    """A line of it without what tells it to be a key, until the next is sent."""
    key = "-----BEGIN PRIVATE KEY-----\nMIIabcdefgh+\nijklmn==\n-----END PRIVATE KEY-----\n"
    said = http(b"no MIIabcdefgh%2B, MIIabcdefgh", "400 No", "Connection: close")
    with CannedServer([said]) as server:
        client = Transport(server.url)
        for call in (("create_certificate", "shop", "", key), ("list_certificates",)):
            with pytest.raises(NoAnswerError, match=r'"no \[hidden\], MIIabcdefgh"'):
                client.call(*call)


def test_a_page_that_breaks_off_does_not_hide_its_status() -> None:
    """What came of it is shown."""
    error = _failure(http(b"out of order", "500 Oh", length=99))
    assert str(error) == 'it answered with HTTP status 500 and "out of order"'


def test_empty_secret_hides_nothing() -> None:
    """An account without a machine, a password not given."""
    assert '"out of order"' in str(_failure(http(b"out of order", "500 Oh"), secrets=("",)))
