"""What we want of an account: the document that certbot's `Reverter` checkpoints and restores.

It plays the part that a web server's configuration files play for certbot's other installers.
"""

# Annotations are not postponed here: `document` takes the fields' types from them.

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from certbot import configuration

from certbot_webfaction.books.document import Entry
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.lineages.files import CertificateFiles, lineage_files

if TYPE_CHECKING:
    from certbot_webfaction.hosts.webfaction.model import Website

REDIRECT_APP = "redirect_to_https"
REDIRECT = Mount(REDIRECT_APP, "/")
"""The content of http websites that redirect: an app that sends visitors to https."""


@dataclass(eq=False, repr=False)
class WantedCertificate(Entry):
    """Where a certificate of the panel comes from: a lineage's name, or the paths of its files."""

    lineage: str = ""
    leaf: str = ""
    key: str = ""
    chain: str = ""

    @classmethod
    def of(cls, files: CertificateFiles) -> "WantedCertificate":
        """The entry for these files."""
        if files.lineage:
            return cls(lineage=files.lineage)
        return cls(leaf=str(files.leaf), key=str(files.key), chain=str(files.chain or ""))

    @property
    def source(self) -> str:
        """What stands for the certificate in the journal and in messages."""
        return self.lineage or self.leaf

    def files(self, config: configuration.NamespaceConfig) -> CertificateFiles:
        """The files that the entry stands for, whether or not they exist."""
        if self.lineage:
            return lineage_files(config, self.lineage)
        chain = Path(self.chain) if self.chain else None
        return CertificateFiles(Path(self.leaf), Path(self.key), chain)


@dataclass(eq=False, repr=False)
class WantedWebsite(Entry):
    """An https website that is to use a certificate.

    ``domains`` are those that it covers. ``made_from`` names the http website that the website is
    made from, with exactly these domains; it is empty for a website that was there.
    """

    certificate: str
    domains: list[str]
    made_from: str = ""


@dataclass(eq=False, repr=False)
class Wanted(Entry):
    """Certificates and https websites by name, and the http websites that are to redirect."""

    certificates: dict[str, WantedCertificate] = field(default_factory=dict)
    websites: dict[str, WantedWebsite] = field(default_factory=dict)
    redirects: list[str] = field(default_factory=list)

    def names_of(self, source: WantedCertificate) -> list[str]:
        """The certificates of the panel that come from ``source``; one, if any."""
        return [name for name, entry in self.certificates.items() if entry == source]

    def used_certificates(self) -> list[str]:
        """The certificates that belong on the panel: those that a wanted website uses."""
        used = {website.certificate for website in self.websites.values()}
        return [name for name in self.certificates if name in used]


def redirects(website: "Website") -> bool:
    """Whether an http website sends its visitors to https."""
    return REDIRECT in website.mounts
