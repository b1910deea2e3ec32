"""Certificates that a panel is given, and the panels that are to keep one contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from certbot_webfaction.panel.model import Upload
from tests.panel.providers import PROVIDERS, Provider, Uploads
from tests.sandbox.certificates import write_self_signed


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Uploads:
    """Certificates with keys and a chain."""
    folder = tmp_path_factory.mktemp("certificates")
    leaf, key, chain = folder / "leaf.pem", folder / "key.pem", folder / "chain.pem"
    write_self_signed(chain, key, "A made-up CA")

    def make(*names: str) -> Upload:
        write_self_signed(leaf, key, *names)
        return Upload(leaf.read_text(), key.read_text(), chain.read_text())

    ours, renewed = (make("shop.test", "www.shop.test") for _ in range(2))
    return Uploads(ours, renewed, theirs=make("blog.test"))


@pytest.fixture(params=PROVIDERS)
def provider(
    request: pytest.FixtureRequest, tmp_path: Path, uploads: Uploads
) -> Iterator[Provider]:
    """An account on a host."""
    with ExitStack() as stack:
        made: Provider = request.param(tmp_path, uploads, stack)
        yield made
