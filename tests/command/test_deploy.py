"""What `certbot-webfaction deploy` is told, and when it has more to do than to upload."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.command import main
from certbot_webfaction.command.deploy import is_wanted
from certbot_webfaction.lineages.files import CertificateFiles
from tests.sandbox.certificates import write_self_signed


def deploy(tmp_path: Path, *args: str) -> int:
    """Run it with certbot's directories below ``tmp_path``."""
    directories = [f"--{name}-dir={tmp_path / name}" for name in ("config", "work", "logs")]
    return main(["deploy", *directories, *args])


def test_without_a_certificate_named_it_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand, it has to be named."""
    monkeypatch.delenv("RENEWED_LINEAGE", raising=False)
    assert deploy(tmp_path) == 1
    assert "--cert-name" in capsys.readouterr().err


def test_a_certificate_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the directory in which it was looked for: a hook's own before the given one."""
    monkeypatch.delenv("RENEWED_LINEAGE", raising=False)
    assert deploy(tmp_path, "--cert-name=example.com") == 1
    said = capsys.readouterr().err
    assert f"There is no certificate example.com in {tmp_path / 'config'}." in said
    monkeypatch.setenv("RENEWED_LINEAGE", str(tmp_path / "hooks" / "live" / "a.example"))
    assert deploy(tmp_path) == 1
    said = capsys.readouterr().err
    assert f"There is no certificate a.example in {tmp_path / 'hooks'}." in said


def test_what_is_no_lineage_of_certbot_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration directory can't be told from it."""
    monkeypatch.setenv("RENEWED_LINEAGE", str(tmp_path / "example.com"))
    assert deploy(tmp_path) == 1
    assert "RENEWED_LINEAGE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "served", "expected"),
    [
        (["a.example"], ["a.example"], True),
        (["a.example", "b.example"], ["a.example", "b.example", "c.example"], True),
        (["a.example", "b.example"], ["a.example"], False),
        (["*.a.example"], ["www.a.example"], True),
        (["*.a.example", "a.example"], ["www.a.example"], False),
    ],
)
def test_it_only_uploads_where_every_name_has_its_website(
    tmp_path: Path, names: list[str], served: list[str], expected: bool
) -> None:
    """A wildcard has one where a website has a name that it covers."""
    files = CertificateFiles(tmp_path / "leaf", tmp_path / "key", None, "lineage")
    write_self_signed(files.leaf, files.key, *names)
    wanted = Wanted({"site": WantedSite(Source("lineage"), served)})
    assert is_wanted(wanted, files) == expected
    wanted.sites["site"].source = Source("another")
    assert not is_wanted(wanted, files)
