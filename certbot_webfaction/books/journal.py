"""What we did to an account and have not undone or finished.

The journal is written before and after each change of the panel and is never rolled back: after a
crash it tells the next run what may have happened, and to a rollback it tells what was there
before. It holds no secret. ``done`` is false between the two writes. A renewed certificate is noted
only when the panel has it: until then the fingerprint noted is that of another leaf.
"""

# Annotations are not postponed here: `document` takes the fields' types from them.

from dataclasses import dataclass, field

from certbot_webfaction.books.document import Entry
from certbot_webfaction.hosts.webfaction.mount import Mount


@dataclass(eq=False, repr=False)
class Uploaded(Entry):
    """A certificate that we put on the panel.

    ``source`` is its lineage's name, or the path of its leaf where `certbot install` was given
    paths; ``fingerprint`` is the SHA-256 of the leaf in hexadecimal.
    """

    source: str
    fingerprint: str
    done: bool = False


@dataclass(eq=False, repr=False)
class ChangedCertificate(Entry):
    """The certificate field of an https website: what it held before us and what we put there."""

    before: str
    ours: str
    done: bool = False


@dataclass(eq=False, repr=False)
class ChangedContent(Entry):
    """The content of an http website: what it was before us and what we put there."""

    before: tuple[Mount, ...]
    ours: tuple[Mount, ...]
    done: bool = False


@dataclass(eq=False, repr=False)
class MadeWebsite(Entry):
    """An https website that we made from the http website ``made_from``, as we made it."""

    ip: str
    domains: tuple[str, ...]
    content: tuple[Mount, ...]
    certificate: str
    made_from: str
    done: bool = False


@dataclass(eq=False, repr=False)
class MadeApp(Entry):
    """An app that we made."""

    type: str
    done: bool = False


@dataclass(eq=False, repr=False)
class MadeMount(Entry):
    """A challenge app that we mounted on an http website, for challenges of ``domains``."""

    website: str
    app: str
    path: str
    domains: list[str]


@dataclass(eq=False, repr=False)
class PlacedFile(Entry):
    """A challenge file below an app's directory, and the directories below it that we made."""

    directory: str
    path: str
    made: list[str] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class MadeRecord(Entry):
    """A TXT record, and the subdomain of ``domain`` that we made for it (``""``: it was there)."""

    name: str
    value: str
    domain: str
    subdomain: str = ""


@dataclass(eq=False, repr=False)
class Journal(Entry):
    """The journal of one account, by the kind of thing that was changed. Keys are names."""

    uploads: dict[str, Uploaded] = field(default_factory=dict)
    certificates: dict[str, ChangedCertificate] = field(default_factory=dict)
    contents: dict[str, ChangedContent] = field(default_factory=dict)
    websites: dict[str, MadeWebsite] = field(default_factory=dict)
    apps: dict[str, MadeApp] = field(default_factory=dict)
    mounts: list[MadeMount] = field(default_factory=list)
    files: list[PlacedFile] = field(default_factory=list)
    records: list[MadeRecord] = field(default_factory=list)
