"""certbot's lineages: their files, and how they are renewed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from certbot import errors

from certbot_webfaction.lineages.files import CertificateFiles, fingerprints, read_pem
from certbot_webfaction.lineages.renewals import (
    Hindrance,
    Renewal,
    read_renewal,
    why_renewal_fails,
)
from certbot_webfaction.names import a_label, covered

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lineages:
    """The lineages below one configuration directory of certbot, by its own directories."""

    live: Path
    archive: Path
    renewal: Path
    deploy_hooks: Path

    def files(self, name: str) -> CertificateFiles:
        """The files of the lineage ``name``, whether or not it exists."""
        if name not in self._files:
            live = self.live / name
            self._files[name] = CertificateFiles(
                live / "cert.pem", live / "privkey.pem", live / "chain.pem", name
            )
        return self._files[name]

    @cached_property
    def _files(self) -> dict[str, CertificateFiles]:
        return {}

    def files_at(self, leaf: str, key: str, chain: str | None) -> CertificateFiles:
        """The files that certbot gives an installer, as their lineage's where they are one's."""
        folder = Path(leaf).parent
        if folder.parent.resolve() == self.live.resolve():
            return self.files(folder.name)
        return CertificateFiles(Path(leaf), Path(key), Path(chain) if chain else None)

    def issued(self, name: str) -> set[str]:
        """The fingerprints of every leaf that a lineage ever had."""
        leaves = (self.archive / name).glob("cert*.pem")
        return {found for leaf in leaves for found in fingerprints(read_pem(leaf))}

    def renewal_files(self) -> list[Path]:
        """The renewal files of all lineages, by name."""
        return sorted(self.renewal.glob("*.conf"))

    def renewal_file(self, name: str) -> Path:
        """Where the renewal file of a lineage is."""
        return self.renewal / f"{name}.conf"

    def renewals(self) -> list[Renewal]:
        """The renewal settings of all lineages, by name; files that can't be read are left out."""
        # certbot itself reports those, at every renewal.
        return [renewal for path in self.renewal_files() if (renewal := read_renewal(path))]

    def renewal_of(self, name: str) -> Renewal | None:
        """The renewal settings of one lineage; `None` if its file is missing or can't be read."""
        return read_renewal(self.renewal_file(name))

    def why_renewal_fails(self, name: str) -> Hindrance | None:
        """Why `certbot renew` will fail for a lineage; `None`: nothing known."""
        return why_renewal_fails(self.renewal_file(name), self.live / name)

    def names_authenticated_by(self, plugin: str) -> set[str]:
        """The domains of all lineages whose renewals the authenticator ``plugin`` answers for."""
        renewals = [each for each in self.renewals() if each.authenticator == plugin]
        return {name for _, names in self._names(renewals) for name in names}

    def _names(self, renewals: Iterable[Renewal]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Lineages with their names; one whose certificate can't be read is passed over."""
        for renewal in renewals:
            try:
                yield renewal.lineage, self.files(renewal.lineage).names()
            except errors.PluginError as error:  # certbot itself reports it
                logger.debug("The lineage %s is passed over: %s", renewal.lineage, error)

    def within(self, names: Iterable[str]) -> dict[str, set[str]]:
        """The lineages that have none but these names, with theirs as A-labels."""
        wanted = {a_label(name) for name in names}
        all_names = self._names(self.renewals())
        found = {lineage: set(map(a_label, names)) for lineage, names in all_names}
        return {lineage: own for lineage, own in found.items() if own <= wanted}

    def covering(self, names: Iterable[str]) -> str:
        """A lineage whose unexpired leaf covers all these names, ``""`` for none."""
        wanted = list(names)
        for renewal in self.renewals():
            files = self.files(renewal.lineage)
            try:
                own = files.names()
                if all(covered(name, own) for name in wanted) and not files.is_expired():
                    return renewal.lineage
            except errors.PluginError:
                continue  # certbot itself reports it
        return ""

    def has_exactly(self, names: Collection[str]) -> bool:
        """Whether a lineage has just these names."""
        return {a_label(name) for name in names} in self.within(names).values()

    def expanded_by(self, names: Collection[str]) -> str:
        """The lineage that certbot would expand to these names, ``""`` for none.

        It is the one that has most of them (certbot._internal.cert_manager.find_duplicative_certs).
        """
        within = self.within(names)
        return max(within, key=lambda name: len(within[name]), default="")
