"""Secrets in what a server says, in the spellings that servers have."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.hosts.hiding import Secrets, hidden

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "Python": repr,
    "Python in ASCII": ascii,
    "Python's bytes": lambda secret: repr(secret.encode()),
    "UTF-8 as Latin-1": lambda secret: secret.encode().decode("latin-1"),
    "HTML": html.escape,
    "HTML within quotes": lambda secret: html.escape(secret, quote=False),
    "numbered": lambda secret: secret.encode("ascii", "xmlcharrefreplace").decode(),
    "JSON": json.dumps,
    "URL": quote,
    "form": quote_plus,
    "over several lines": lambda secret: "\n  ".join(secret),
    "marked up": lambda secret: "</i><i>".join(secret),
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


QUOTES = ("", "'", '"')


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("secret", ["grün's \\ 1", '€ &amp;%41"😀>', "3f8Qz0", "a+b/c=="])
def test_a_secret_is_hidden_in_any_spelling(secret: str, spell: Callable[[str], str]) -> None:
    """With what stands around it left as it was."""
    clean = hidden(f"no {spell(secret)}, alice", [secret]).replace("b", "")
    assert clean in [f"no {quote}[hidden]{quote}, alice" for quote in QUOTES]


def test_a_secret_that_looks_like_markup_is_hidden() -> None:
    """As it is, and escaped."""
    assert hidden("a<b></b> c, a&lt;b&gt;&#x3C;/b>+c", ["a<b></b> c"]) == "[hidden], [hidden]"


@given(secret=TEXTS, before=TEXTS, after=TEXTS)
def test_any_secret_is_hidden(secret: str, before: str, after: str) -> None:
    """As a word, whatever it is made of."""
    assert hidden(f"{before} {secret} {after}", [secret]).count("[hidden]") >= 1


def test_a_short_secret_within_a_word_is_none() -> None:
    """Else every message had holes; a long one is hidden wherever it is."""
    assert hidden("x exists", ["x"]) == "[hidden] exists"
    assert hidden("alice_s3cretpass", ["s3cretpass"]) == "alice_[hidden]"


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    """One may be the start of the other."""
    assert hidden("abc-def", ["abc", "abc-def"]) == "[hidden]"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a -----BEGIN PRIVATE KEY-----\nMII\n-----END", "a [hidden]"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMIIcut", "a [hidden]"),
        ("a -----BEGIN+EC+PRIVATE+KEY-----MII", "a [hidden]"),
        ("a -----BEGIN%20PRIVATE%20KEY-----%0AMII", "a [hidden]"),
        ("-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMII"),
    ],
)
def test_a_private_key_is_hidden(text: str, clean: str) -> None:
    """Whoever's it is, to its end or that of the text."""
    assert hidden(text, []) == clean


@pytest.mark.parametrize("before", range(2**14 - 12, 2**14))
def test_a_secret_that_the_cut_parts_is_hidden(before: int) -> None:
    """Of a long text the start is shown, and not to its last letter."""
    clean = hidden("x" * (before - 1) + " s3cret-pass" + "y" * 10**5, ["s3cret-pass"])
    assert len(clean) > 2**13
    assert "s3" not in clean


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("a" + " " * 10**4, "a        b"),
        ("a" + "<b>" * 10**4, "a<b><b><b><b><b><b>c"),
        ("a" + " <b>" * 10**4, "a <b> <b> <b> <b> <b>c"),
        ("a<" * 10**4, "aaaaaaaab"),
        ("-----BEGIN PRIVATE KEY" * 10**4, "aaaaaaaab"),
    ],
)
def test_no_text_takes_long(text: str, secret: str) -> None:
    """Where two ways to read it were tried at every letter, these would take days."""
    assert "[hidden]" not in hidden(text, [secret])


def test_secrets_are_hidden_from_when_they_are_known() -> None:
    """An empty one hides nothing."""
    secrets = Secrets()
    secrets.hide("")
    assert secrets.hidden("no s3cret-pass") == "no s3cret-pass"
    secrets.hide("s3cret-pass")
    secrets.hide("other-pass")
    assert secrets.hidden("no s3cret-pass, other-pass") == "no [hidden], [hidden]"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_the_key_that_was_sent_last_are_hidden(end: str) -> None:
    """Other texts that are sent stay, and the key of an earlier call is forgotten."""
    secrets = Secrets()
    for line in ("MIIabcdefgh", "MIIijklmnop"):
        pem = end.join(["-----BEGIN PRIVATE KEY-----", line, "-----END PRIVATE KEY-----", ""])
        secrets.sending(["MIIleafleaf", pem])
        secrets.sending(["shop.example.com"])
    assert secrets.hidden("MIIabcdefgh MIIijklmnop MIIleafleaf shop.example.com") == (
        "MIIabcdefgh [hidden] MIIleafleaf shop.example.com"
    )
