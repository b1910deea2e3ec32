"""What we want of an account: the document that certbot's `Reverter` checkpoints and restores.

It plays the part that a web server's configuration files play for certbot's other installers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.files import CertificateFiles


@dataclass(frozen=True)
class Source:
    """Where a certificate comes from: a lineage's name, or the paths of its files."""

    lineage: str = ""
    leaf: str = ""
    key: str = ""
    chain: str = ""

    @classmethod
    def of(cls, files: CertificateFiles) -> Source:
        """The source that these files are."""
        if files.lineage:
            return cls(lineage=files.lineage)
        return cls(leaf=str(files.leaf), key=str(files.key), chain=str(files.chain or ""))

    @property
    def name(self) -> str:
        """What stands for it in the journal and in messages."""
        return self.lineage or self.leaf

    def files(self, lineages: Lineages) -> CertificateFiles:
        """The files that it stands for, whether or not they exist."""
        if self.lineage:
            return lineages.files(self.lineage)
        chain = Path(self.chain) if self.chain else None
        return CertificateFiles(Path(self.leaf), Path(self.key), chain)


@dataclass
class WantedSite:
    """An https site that is to present a certificate.

    ``names`` are those of the site that the certificate is for. ``made_from`` is the identity of
    the http site that it is made for, with exactly these names; it is empty for a site that was
    there. ``label`` is what the panel's user calls it.
    """

    source: Source
    names: list[str]
    made_from: str = ""
    label: str = ""


@dataclass
class Wanted:
    """Https sites by their identity; and the http sites that are to redirect, with their labels."""

    sites: dict[str, WantedSite] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)

    def sources(self) -> list[Source]:
        """Where the certificates come from that belong on the panel, each once."""
        return list(dict.fromkeys(site.source for site in self.sites.values()))

    def sites_of(self, source: Source) -> list[str]:
        """The identities of the sites that are to present a certificate."""
        return [key for key, site in self.sites.items() if site.source == source]
