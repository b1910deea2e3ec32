"""Domain names as DNS compares them, and which of them a name on a certificate covers."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import idna


@functools.cache  # an account's names are compared at every lineage of a renewal
def a_label(name: str) -> str:
    """A domain in lower case as DNS knows it, its labels in ASCII (RFC 5890, section 2.3.2.1).

    It is what browsers make of it (Unicode Technical Standard 46, nontransitional): ``straße`` is
    another label than ``strasse``. Wildcards and underscores stay, as does what no name can hold.
    """
    if name.isascii():
        return name.lower().rstrip(".")
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return name.lower().rstrip(".")
    return ".".join(map(_ascii, mapped.rstrip(".").split(".")))


def _ascii(label: str) -> str:
    # Not `idna.alabel`: it refuses what IDNA 2008 forbids and browsers and registries know, ☕ too.
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def covers(pattern: str, domain: str) -> bool:
    """Whether a name on a certificate or website covers a domain (RFC 6125, section 6.4.3).

    A wildcard stands for exactly one label, and ``*.example.com`` covers itself.
    """
    pattern, domain = a_label(pattern), a_label(domain)
    if pattern == domain:
        return True
    return pattern.startswith("*.") and domain.partition(".")[2] == pattern[2:]


def covered(domain: str, names: Iterable[str]) -> bool:
    """Whether any of ``names`` covers ``domain``."""
    return any(covers(name, domain) for name in names)


def has_wildcard(names: Iterable[str]) -> bool:
    """Whether there is a wildcard among names."""
    return any(name.startswith("*.") for name in names)


def without_covered(names: Iterable[str]) -> list[str]:
    """Names without those that a wildcard among them covers.

    A CA refuses an order for both as redundant: RFC 8555 leaves that to it, and Let's Encrypt's
    boulder does (policy/pa.go).
    """
    every = list(dict.fromkeys(names))
    wildcards = [name for name in every if name.startswith("*.")]
    return [name for name in every if name in wildcards or not covered(name, wildcards)]
