"""Domain names as DNS compares them, and which of them a name on a certificate covers."""

from __future__ import annotations


def a_label(name: str) -> str:
    """A domain in lower case as DNS knows it, its labels in ASCII (RFC 5890, section 2.3.2.1)."""
    name = name.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def covers(pattern: str, domain: str) -> bool:
    """Whether a name on a certificate or website covers a domain (RFC 6125, section 6.4.3).

    A wildcard stands for exactly one label, and ``*.example.com`` covers itself.
    """
    pattern, domain = a_label(pattern), a_label(domain)
    if pattern == domain:
        return True
    return pattern.startswith("*.") and domain.partition(".")[2] == pattern[2:]


def covered(domain: str, names: tuple[str, ...]) -> bool:
    """Whether any of ``names`` covers ``domain``."""
    return any(covers(name, domain) for name in names)
