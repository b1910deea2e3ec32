"""One call at a time: what is sent, what is read, and how each failure is told."""

from __future__ import annotations

import contextlib
import logging
import re
import tracemalloc
import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.hosts import wire
from certbot_webfaction.hosts.webfaction import xmlrpc as transport
from certbot_webfaction.hosts.webfaction.xmlrpc import FaultError, Transport
from certbot_webfaction.hosts.wire import NoAnswerError
from tests.hosts.canned import CannedServer, http, result
from tests.sandbox import faults
from tests.sandbox.api import ApiServer

HEAD = b"<?xml version='1.0'?><methodResponse><params><param><value>"
TAIL = b"</value></param></params></methodResponse>"


def _ask(*pieces: bytes, secrets: tuple[str, ...] = ()) -> Any:
    """The result of a call that gets this answer."""
    with CannedServer(pieces) as server:
        client = Transport(server.url)
        for secret in secrets:
            client.secrets.hide(secret)
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


def test_unusual_values_are_read() -> None:
    """What other servers send: nil, untyped text, binary."""
    body = b"<array><data><value><nil/></value><value>a</value><value><base64>YQ==</base64></value>"
    assert _ask(http(HEAD + body + b"</data></array>" + TAIL)) == [None, "a", b"a"]


def test_fault_keeps_its_words() -> None:
    """As they came, for they are all that tells one fault from another, and as they are shown."""
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(1, "[u'Value must be < 1']")).encode()
    with pytest.raises(FaultError) as raised:
        _ask(http(fault))
    assert raised.value.string == "[u'Value must be < 1']"
    assert str(raised.value) == "Value must be < 1"


# Failures: what the answer is, what is said, whether the call may have reached the panel (an
# answer has come, so always), and whether the same call may succeed later.

UNUSABLE = {
    "page": (
        http(b"<html><body><p>Out of order</p></body></html>"),
        "no complete XML-RPC answer",
        True,
    ),
    "nothing": (http(b""), "no complete XML-RPC answer", True),
    "cut XML": (http(result([1, 2])[:-30]), "no complete XML-RPC answer", True),
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
    "document type": (
        http(b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse/>'),
        "declares a document type",
        False,
    ),
    "nested": (http(HEAD + b"<array><data><value>" * 99), "nested too deeply", False),
}


@pytest.mark.parametrize(("answer", "words", "passing"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_answer_is_told_in_words(answer: bytes, words: str, passing: bool) -> None:
    """And whether it is worth trying again."""
    error = _failure(answer)
    assert words in str(error)
    assert (error.reached, error.passing) == (True, passing)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("pieces", "limit"),
    [
        ([HEAD, b"<string>", *[b"x" * 2**20] * 100], wire.LIMIT),
        ([HEAD, *[b"\n" * 2**20] * 100], wire.LIMIT),
        # Takes seconds to parse, hence a smaller limit.
        ([HEAD, b"<array><data>", *[b"<value><int>1</int></value>\n" * 2**15] * 100], 2**22),
    ],
    ids=["text", "line breaks", "values"],
)
def test_answer_of_100_mb_is_refused_within_bounded_memory(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], limit: int
) -> None:
    """However it is filled; its length is not declared."""
    monkeypatch.setattr(wire, "LIMIT", limit)
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
    assert len(_ask(http(HEAD + b"x" * (wire.LIMIT - 200) + TAIL))) > 2**24


def test_websites_are_not_nested_too_deeply() -> None:
    """The depth has room for what the panel really sends, and more."""
    value: Any = "x"
    for _ in range(15):
        value = [value]
    assert _ask(http(result(value))) == value


@pytest.mark.parametrize("date", ["20260228T00:00:00", "2026-02-28T00:00:00Z", "soon", ""])
def test_date_is_text(date: str) -> None:
    """However it is spelled, it does not make the rest unreadable."""
    value = f"<dateTime.iso8601>{date}</dateTime.iso8601>".encode()
    assert _ask(http(HEAD + value + TAIL)) == date


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


@pytest.mark.parametrize("hang", [faults.HANG_BEFORE, faults.HANG_AFTER])
def test_silent_api_times_out(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, hang: faults.Fault
) -> None:
    """And the call may have taken effect."""
    monkeypatch.setattr(wire, "TIMEOUT", 0.05)
    api.faults.on(1, hang)
    with pytest.raises(NoAnswerError, match=r"no answer in 0\.05 seconds") as raised:
        Transport(api.url).call("login", "alice", "wrong")
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
    assert "login: refused after" in caplog.text
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
    assert raised.value.string == "('[hidden]', [hidden] PRIVATE KEY-----) [hidden] exists"
    page = http(b"<p>password=s3cret &lt;&amp;&gt; pass</p>", "500 Oh")
    assert '"password=[hidden]"' in str(_failure(page, secrets=secrets))


def test_a_part_of_the_key_that_was_sent_is_hidden() -> None:
    """A line of it without what tells it to be a key, until the next is sent."""
    key = "-----BEGIN PRIVATE KEY-----\nMIIabcdefgh+\nijklmn==\n-----END PRIVATE KEY-----\n"
    said = http(b"no MIIabcdefgh%2B, MIIabcdefgh", "400 No", "Connection: close")
    with CannedServer([said]) as server:
        client = Transport(server.url)
        for call in (("create_certificate", "shop", "", key), ("list_certificates",)):
            with pytest.raises(NoAnswerError, match=r'"no \[hidden\], MIIabcdefgh"'):
                client.call(*call)
