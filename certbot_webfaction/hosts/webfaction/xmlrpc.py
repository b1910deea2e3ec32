"""XML-RPC calls over HTTPS: one request each, see `Wire`."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Iterable
from typing import Any
from xml.parsers import expat

from certbot_webfaction.hosts.hiding import Secrets, texts_in
from certbot_webfaction.hosts.webfaction.answers import fault_words
from certbot_webfaction.hosts.wire import Answer, NoAnswerError, RefusalError, Wire

DEPTH = 64
"""Elements within each other in the deepest answer; a website's mounts are 16 deep."""

# Characters that XML can't hold (XML 1.0, section 2.2). As the complement of those that it can, the
# expression would take every certbot run 5 ms to compile.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class FaultError(RefusalError):
    """The panel answered with a Fault; ``string`` is the start of its string, as it came."""

    def __init__(self, string: str, words: str) -> None:
        super().__init__(words)
        self.string = string


class Transport:
    """Sends calls to one address; ``secrets`` are in no error.

    :param url: ``https``, or ``http`` to a loopback address
    """

    def __init__(self, url: str) -> None:
        self.secrets = Secrets()
        self._wire = Wire(url, {"Content-Type": "text/xml"}, self.secrets)
        self.address = self._wire.address

    def call(self, method: str, *parameters: Any) -> Any:
        """Make a call and return its result; binary values are bytes, dates are text.

        :raises FaultError: if the answer is a Fault
        :raises NoAnswerError: if there is no usable answer, or the call could not be sent
        """
        body = _request_body(method, parameters)
        self.secrets.sending(parameters)
        return self._wire.exchange(method, self._read, body=body)

    def _read(self, answer: Answer) -> Any:
        try:
            return _parse(answer.pieces)
        except xmlrpc.client.Fault as fault:
            string = self.secrets.hidden(str(fault.faultString))
        # Here, so that what is hidden is not in its context. Escapes taken off may show a secret.
        raise FaultError(string, self.secrets.hidden(fault_words(string)))


def _request_body(method: str, parameters: tuple[Any, ...]) -> bytes:
    if any(_NOT_IN_XML.search(text) for text in texts_in(parameters)):
        cause = "a value to be sent holds a control character, which XML can't carry"
        raise NoAnswerError(cause, reached=False, passing=False)
    text = xmlrpc.client.dumps(parameters, method)
    # A parser reads a bare CR as LF (XML 1.0, section 2.11), a password would be another one.
    return text.replace("\r", "&#13;").encode()


class _Reader(xmlrpc.client.Unmarshaller):
    # A date is text: one that is spelled in another way must not make all unreadable.
    dispatch = xmlrpc.client.Unmarshaller.dispatch | {
        "dateTime.iso8601": xmlrpc.client.Unmarshaller.end_string
    }
    depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise NoAnswerError("its answer is nested too deeply", passing=False)
        super().start(tag, attrs)

    def end(self, tag: str) -> None:
        self.depth -= 1
        super().end(tag)


def _parse(pieces: Iterable[bytes]) -> Any:
    """Turn an answer into its result.

    :raises xmlrpc.client.Fault: if it is one
    """
    reader = _Reader(use_builtin_types=True)
    reader.xml("", None)  # no encoding: expat decodes
    parser = expat.ParserCreate()
    parser.buffer_text = True  # else every line break becomes an object
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
        (result,) = reader.close()
    except (NoAnswerError, xmlrpc.client.Fault):
        raise
    except Exception:  # the unmarshaller stumbles over odd documents in any way it likes
        raise NoAnswerError("its answer is no complete XML-RPC answer") from None
    return result


def _refuse_doctype(*_declaration: object) -> None:
    raise NoAnswerError("its answer declares a document type", passing=False)
