"""Lineages without a CA: as certbot lays them out, with certificates that nobody vouches for."""

from __future__ import annotations

from pathlib import Path

from certbot_webfaction.lineages import Lineages
from tests.sandbox.certificates import write_self_signed


def lineages_in(config_dir: Path) -> Lineages:
    """The lineages of a certbot with this configuration directory, as it lays them out."""
    return Lineages(
        live=config_dir / "live",
        archive=config_dir / "archive",
        renewal=config_dir / "renewal",
        deploy_hooks=config_dir / "renewal-hooks/deploy",
    )


def write_lineage(
    config_dir: Path,
    name: str,
    *domains: str,
    number: int = 1,
    age: int = 1,
    left: int = 365,
    **renewal: str,
) -> None:
    """Write a lineage's files and its renewal file, or its ``number``-th certificate.

    The certificate has been valid for ``age`` days, and is for another ``left``. ``renewal`` are
    its renewal parameters; ``before_expiry`` is ``renew_before_expiry``.
    """
    archive, live = config_dir / "archive" / name, config_dir / "live" / name
    for directory in (archive, live, config_dir / "renewal"):
        directory.mkdir(parents=True, exist_ok=True)
    paths = {kind: archive / f"{kind}{number}.pem" for kind in _KINDS}
    write_self_signed(paths["chain"], paths["privkey"], "A made-up CA")
    write_self_signed(paths["cert"], paths["privkey"], *domains, age=age, left=left)
    paths["fullchain"].write_text(paths["cert"].read_text() + paths["chain"].read_text())
    for kind, path in paths.items():
        link = live / f"{kind}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    before_expiry = renewal.pop("before_expiry", "")
    parameters = {"authenticator": "webfaction", "installer": "webfaction", **renewal}
    lines = [
        *([f"renew_before_expiry = {before_expiry}"] if before_expiry else []),
        "version = 2.1.0",
        f"archive_dir = {archive}",
        *(f"{kind} = {live / kind}.pem" for kind in _KINDS),
        "[renewalparams]",
        *(f"{key} = {value}" for key, value in parameters.items() if value),
    ]
    (config_dir / "renewal" / f"{name}.conf").write_text("\n".join([*lines, ""]))


_KINDS = ("cert", "privkey", "chain", "fullchain")
