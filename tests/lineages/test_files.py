"""certbot's lineages, read from disk."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from certbot import errors
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certbot_webfaction.lineages.files import (
    CertificateFiles,
    fingerprints,
    installed_files,
    leaf_names,
    lineage_files,
)
from certbot_webfaction.lineages.renewals import Renewal, names_authenticated_by, read_renewals
from tests.installation.scene import Scene, make_config


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_lineages_files_tell_names_fingerprint_and_expiry(scene: Scene) -> None:
    """As `cryptography` reads the leaf itself."""
    files = scene.issue("shop.test", "Shop.test", "www.shop.test")
    leaf = x509.load_pem_x509_certificate(files.leaf.read_bytes())
    assert files.names() == ("shop.test", "www.shop.test")
    assert files.fingerprint() == leaf.fingerprint(SHA256()).hex()
    assert files.expires() == leaf.not_valid_after_utc
    assert files.chain_fingerprints() == ()
    upload = files.upload()
    assert (upload.leaf, upload.private_key) == (files.leaf.read_text(), files.key.read_text())


def test_a_chain_is_told_in_its_order(scene: Scene) -> None:
    """Every certificate of it."""
    one, two = scene.issue("one", "one.test"), scene.issue("two", "two.test")
    pem = one.leaf.read_text() + "\ncomment\n" + two.leaf.read_text()
    assert fingerprints(pem) == (one.fingerprint(), two.fingerprint())


def test_a_file_may_hold_the_key_too(scene: Scene) -> None:
    """Before the certificates, between or after them: none of it goes where certificates go."""
    one, two = scene.issue("one", "one.test"), scene.issue("two", "two.test")
    leaf, chain, key = one.leaf.read_text(), two.leaf.read_text(), one.key.read_text()
    assert key.startswith("-----BEGIN")
    for pem in (key + leaf + chain, leaf + key + chain, leaf + chain + key):
        one.leaf.write_text(pem)
        upload = CertificateFiles(one.leaf, one.key, None).upload()
        assert (upload.leaf, upload.chain) == (leaf, chain)
        assert one.fingerprint() == fingerprints(leaf)[0]


def test_a_chain_of_several_is_sent_as_it_is(scene: Scene) -> None:
    """Nothing between its certificates."""
    files = scene.issue("shop.test", "shop.test")
    chain = "".join(scene.issue(name, name).leaf.read_text() for name in ("one.test", "two.test"))
    path = files.leaf.with_name("several.pem")
    path.write_text(chain)
    assert files._replace(chain=path).upload().chain == chain


def test_text_around_a_certificate_is_passed_over(scene: Scene) -> None:
    """In whatever encoding."""
    files = scene.issue("shop.test", "shop.test")
    before = files.fingerprint()
    files.leaf.write_bytes("bücher\n".encode("latin-1") + files.leaf.read_bytes())
    assert files.fingerprint() == before


def test_a_leaf_without_alternative_names_is_for_its_common_name(scene: Scene) -> None:
    """As old certificates are that users bought."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Shop.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now).sign(key, SHA256())
    assert leaf_names(made.public_bytes(Encoding.PEM).decode()) == ("shop.test",)


def test_a_damaged_leaf_is_an_error_that_names_the_file(scene: Scene) -> None:
    """With the command that issues it anew."""
    files = scene.issue("shop.test", "shop.test")
    for text in ("", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"):
        files.leaf.write_text(text)
        with pytest.raises(errors.PluginError, match=r"cert\.pem holds no certificate"):
            files.fingerprint()
        with pytest.raises(errors.PluginError, match="can't be read"):
            files.names()
    files.leaf.unlink()
    assert not files.exist()
    with pytest.raises(errors.PluginError, match=r"cert\.pem can't be read: No such file"):
        files.fingerprint()


def test_paths_of_a_lineage_are_the_lineage(scene: Scene) -> None:
    """Whatever certbot passes an installer; other paths stay paths."""
    files = scene.issue("shop.test", "shop.test")
    live = Path(scene.config.live_dir)
    assert installed_files(scene.config, str(files.leaf), str(files.key), None) == files
    elsewhere = installed_files(scene.config, "/a/cert.pem", "/a/key.pem", "/a/chain.pem")
    assert elsewhere == CertificateFiles(
        Path("/a/cert.pem"), Path("/a/key.pem"), Path("/a/chain.pem")
    )
    assert elsewhere.source == "/a/cert.pem"
    assert lineage_files(scene.config, "shop.test").leaf == live / "shop.test" / "cert.pem"


def test_a_fullchain_gives_leaf_and_chain(scene: Scene) -> None:
    """As the chain's file it is without the leaf; as the leaf's it holds the chain, too."""
    files, issuer = scene.issue("shop.test", "shop.test"), scene.issue("ca", "ca.test")
    leaf, chain = files.leaf.read_text(), issuer.leaf.read_text()
    fullchain = files.leaf.with_name("fullchain.pem")
    fullchain.write_text(f"{leaf}\n{chain}")
    for paths in ((files.leaf, files.key, fullchain), (fullchain, files.key, None)):
        given = CertificateFiles(*paths)
        assert (given.upload().leaf, given.upload().chain) == (leaf, chain)
        assert given.chain_fingerprints() == (issuer.fingerprint(),)


def test_a_lineage_is_known_through_another_path_to_its_directory(scene: Scene) -> None:
    """As where a home directory has two names."""
    files = scene.issue("shop.test", "shop.test")
    alias = scene.directory / "alias"
    alias.symlink_to(scene.config.config_dir)
    config = make_config(alias)
    live = scene.directory / "config" / "live" / "shop.test"
    assert installed_files(config, str(live / "cert.pem"), str(files.key), None) == lineage_files(
        config, "shop.test"
    )


def test_files_that_cant_be_looked_for_are_no_missing_files(scene: Scene) -> None:
    """Else a lineage would be forgotten that is there all the same."""
    name = "x" * 300  # too long for any file system
    files = CertificateFiles(scene.directory / name, scene.directory / name, None)
    with pytest.raises(errors.PluginError, match="can't be read: File name too long"):
        files.exist()


def test_renewal_files_are_read_and_odd_ones_left_out(tmp_path: Path) -> None:
    """A plugin that is not named is ""; certbot itself reports files that it can't read."""
    config = make_config(tmp_path)
    folder = Path(config.renewal_configs_dir)
    folder.mkdir(parents=True)
    (folder / "a.conf").write_text(
        "[renewalparams]\nauthenticator = webfaction\ninstaller = None\n"
    )
    (folder / "b.conf").write_text("[renewalparams]\nwebfaction_wait = 3\n")
    (folder / "c.conf").write_text("[renewalparams")
    (folder / "d.conf").write_text("version = 1\n")
    (folder / "e.conf").write_bytes(b"\xff\xfe\x00")
    assert read_renewals(config) == [
        Renewal("a", "webfaction", "", {"authenticator": "webfaction", "installer": "None"}),
        Renewal("b", "", "", {"webfaction_wait": "3"}),
    ]


def test_names_to_renew_are_those_of_lineages_with_that_authenticator(scene: Scene) -> None:
    """One without files, as after `certbot delete`, has none."""
    scene.issue("a.test", "a.test", "www.a.test")
    files = scene.issue("b.test", "b.test")
    assert names_authenticated_by(scene.config, "webfaction") == {"a.test", "www.a.test", "b.test"}
    files.leaf.unlink()
    assert names_authenticated_by(scene.config, "webfaction") == {"a.test", "www.a.test"}
    assert names_authenticated_by(scene.config, "manual") == set()
