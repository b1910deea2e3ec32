"""certbot's lineages, read from disk."""

from __future__ import annotations

import datetime
import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from certbot import errors
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certbot_webfaction.books.wanted import Source
from certbot_webfaction.hosts.cpanel.model import handle_of
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints, leaf_names
from certbot_webfaction.lineages.renewals import Renewal
from tests.lineages.writing import lineages_in, write_lineage


@dataclass
class IssuedLineages:
    """Lineages that are issued as they are needed."""

    directory: Path

    @property
    def lineages(self) -> Lineages:
        return lineages_in(self.directory)

    def issue(self, name: str, *domains: str) -> CertificateFiles:
        write_lineage(self.directory, name, *domains)
        return self.lineages.files(name)


@pytest.fixture
def scene(tmp_path: Path) -> IssuedLineages:
    (tmp_path / "config").mkdir()
    return IssuedLineages(tmp_path / "config")


def test_a_lineages_files_tell_names_fingerprint_and_expiry(scene: IssuedLineages) -> None:
    """As `cryptography` reads the leaf itself."""
    files = scene.issue("shop.test", "Shop.test", "www.shop.test")
    leaf = x509.load_pem_x509_certificate(files.leaf.read_bytes())
    assert files.names() == ("shop.test", "www.shop.test")
    assert files.fingerprint() == leaf.fingerprint(SHA256()).hex()
    assert files.expires() == leaf.not_valid_after_utc
    chain = files.leaf.with_name("chain.pem").read_text()
    assert files.chain_fingerprints() == fingerprints(chain)
    assert len(files.chain_fingerprints()) == 1
    upload = files.upload()
    assert (upload.leaf, upload.private_key) == (files.leaf.read_text(), files.key.read_text())
    assert upload.chain == chain


def test_a_chain_is_told_in_its_order(scene: IssuedLineages) -> None:
    """Every certificate of it."""
    one, two = scene.issue("one", "one.test"), scene.issue("two", "two.test")
    pem = one.leaf.read_text() + "\ncomment\n" + two.leaf.read_text()
    assert fingerprints(pem) == (one.fingerprint(), two.fingerprint())


def test_a_file_may_hold_the_key_too(scene: IssuedLineages) -> None:
    """Before the certificates, between or after them: none of it goes where certificates go."""
    one, two = scene.issue("one", "one.test"), scene.issue("two", "two.test")
    leaf, chain, key = one.leaf.read_text(), two.leaf.read_text(), one.key.read_text()
    assert key.startswith("-----BEGIN")
    for pem in (key + leaf + chain, leaf + key + chain, leaf + chain + key):
        one.leaf.write_text(pem)
        upload = CertificateFiles(one.leaf, one.key, None).upload()
        assert (upload.leaf, upload.chain) == (leaf, chain)
        assert one.fingerprint() == fingerprints(leaf)[0]


def test_a_chain_of_several_is_sent_as_it_is(scene: IssuedLineages) -> None:
    """Nothing between its certificates."""
    files = scene.issue("shop.test", "shop.test")
    chain = "".join(scene.issue(name, name).leaf.read_text() for name in ("one.test", "two.test"))
    path = files.leaf.with_name("several.pem")
    path.write_text(chain)
    assert replace(files, chain=path).upload().chain == chain


def test_text_around_a_certificate_is_passed_over(scene: IssuedLineages) -> None:
    """In whatever encoding."""
    files = scene.issue("shop.test", "shop.test")
    before = files.fingerprint()
    files.leaf.write_bytes("bücher\n".encode("latin-1") + files.leaf.read_bytes())
    assert files.fingerprint() == before


def test_a_leaf_without_alternative_names_is_for_its_common_name(scene: IssuedLineages) -> None:
    """As old certificates are that users bought."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Shop.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now).sign(key, SHA256())
    assert leaf_names(made.public_bytes(Encoding.PEM).decode()) == ("shop.test",)


def test_names_of_a_kind_that_nobody_reads_are_an_error() -> None:
    """Somebody may have put such a certificate on a panel."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
    x400_address = bytes.fromhex("3002a300")  # RFC 5280, section 4.2.1.6
    extension = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, x400_address)
    made = builder.add_extension(extension, critical=False).sign(key, SHA256())
    pem = made.public_bytes(Encoding.PEM).decode()
    with pytest.raises(errors.PluginError, match=r"A certificate can't be read: "):
        leaf_names(pem)
    assert len(handle_of(pem)) == 16


def test_a_damaged_leaf_is_an_error_that_names_the_file(scene: IssuedLineages) -> None:
    """With the command that issues it anew."""
    files = scene.issue("shop.test", "shop.test")
    for text in ("", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"):
        files.leaf.write_text(text)
        with pytest.raises(errors.PluginError, match=r"cert\.pem holds no certificate") as raised:
            files.fingerprint()
        assert "`certbot certonly --cert-name shop.test --force-renewal`" in str(raised.value)
        with pytest.raises(errors.PluginError, match="can't be read"):
            files.names()
    files.leaf.unlink()
    assert not files.exist()
    with pytest.raises(errors.PluginError, match=r"cert\.pem can't be read: No such file"):
        files.fingerprint()


def test_paths_of_a_lineage_are_the_lineage(scene: IssuedLineages) -> None:
    """Whatever certbot passes an installer; other paths stay paths."""
    files = scene.issue("shop.test", "shop.test")
    assert scene.lineages.files_at(str(files.leaf), str(files.key), None) == files
    assert Source.of(files).name == "shop.test"
    elsewhere = scene.lineages.files_at("/a/cert.pem", "/a/key.pem", "/a/chain.pem")
    assert elsewhere == CertificateFiles(
        Path("/a/cert.pem"), Path("/a/key.pem"), Path("/a/chain.pem")
    )
    assert Source.of(elsewhere).name == "/a/cert.pem"
    assert files.leaf == scene.directory / "live" / "shop.test" / "cert.pem"


def test_a_fullchain_gives_leaf_and_chain(scene: IssuedLineages) -> None:
    """As the chain's file it is without the leaf; as the leaf's it holds the chain, too."""
    files, issuer = scene.issue("shop.test", "shop.test"), scene.issue("ca", "ca.test")
    leaf, chain = files.leaf.read_text(), issuer.leaf.read_text()
    fullchain = files.leaf.with_name("fullchain.pem")
    fullchain.write_text(f"{leaf}\n{chain}")
    for paths in ((files.leaf, files.key, fullchain), (fullchain, files.key, None)):
        given = CertificateFiles(*paths)
        assert (given.upload().leaf, given.upload().chain) == (leaf, chain)
        assert given.chain_fingerprints() == (issuer.fingerprint(),)


def test_a_lineage_is_known_through_another_path_to_its_directory(scene: IssuedLineages) -> None:
    """As where a home directory has two names."""
    files = scene.issue("shop.test", "shop.test")
    alias = scene.directory.with_name("alias")
    alias.symlink_to(scene.directory)
    live = scene.directory / "live" / "shop.test"
    lineages = lineages_in(alias)
    found = lineages.files_at(str(live / "cert.pem"), str(files.key), None)
    assert found == lineages.files("shop.test")


def test_files_that_cant_be_looked_for_are_no_missing_files(scene: IssuedLineages) -> None:
    """Else a lineage would be forgotten that is there all the same."""
    name = "x" * 300  # too long for any file system
    files = CertificateFiles(scene.directory / name, scene.directory / name, None)
    with pytest.raises(errors.PluginError, match="can't be read: File name too long"):
        files.exist()


def test_renewal_files_are_read_and_odd_ones_left_out(tmp_path: Path) -> None:
    """A plugin that is not named is ""; certbot itself reports files that it can't read."""
    folder = tmp_path / "renewal"
    folder.mkdir()
    (folder / "a.conf").write_text(
        "[renewalparams]\nauthenticator = webfaction\ninstaller = None\n"
    )
    (folder / "b.conf").write_text("[renewalparams]\nwebfaction_wait = 3\n")
    (folder / "c.conf").write_text("[renewalparams")
    (folder / "d.conf").write_text("version = 1\n")
    (folder / "e.conf").write_bytes(b"\xff\xfe\x00")
    assert lineages_in(tmp_path).renewals() == [
        Renewal("a", "webfaction", "", {"authenticator": "webfaction", "installer": "None"}),
        Renewal("b", "", "", {"webfaction_wait": "3"}),
    ]


def test_names_to_renew_are_those_of_lineages_with_that_authenticator(
    scene: IssuedLineages,
) -> None:
    """One without files, as after `certbot delete`, has none."""
    scene.issue("a.test", "a.test", "www.a.test")
    files = scene.issue("b.test", "b.test")
    assert scene.lineages.names_authenticated_by("webfaction") == {"a.test", "www.a.test", "b.test"}
    files.leaf.unlink()
    assert scene.lineages.names_authenticated_by("webfaction") == {"a.test", "www.a.test"}
    assert scene.lineages.names_authenticated_by("manual") == set()


@dataclass
class Issued:
    """A leaf, its key and its chain of two, of names that only these tests know."""

    leaf: str
    key: str
    chain: tuple[str, str]


def issue_by(issuer: str, name: str, *, left: int = 1) -> tuple[str, ec.EllipticCurvePrivateKey]:
    """A certificate that names an issuer; nobody checks who signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, above = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, issuer)
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    since, until = (now + datetime.timedelta(days=count) for count in (-10, left))
    builder = x509.CertificateBuilder(above, subject, key.public_key(), 1, since, until)
    made = builder.sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode(), key


@pytest.fixture
def issued() -> Issued:
    leaf, key = issue_by("Lower CA", "shop.test")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    chain = issue_by("Upper CA", "Lower CA")[0], issue_by("Root CA", "Upper CA")[0]
    return Issued(leaf, pem, chain)


def one_file(tmp_path: Path, parts: Sequence[str]) -> CertificateFiles:
    path = tmp_path / "all.pem"
    path.write_text("".join(parts))
    return CertificateFiles(path, path, None)


def test_leaf_chain_and_key_may_be_in_one_file_in_any_order(tmp_path: Path, issued: Issued) -> None:
    """What fits the key is the leaf, and the chain goes up from it."""
    parts = (issued.leaf, issued.key, *issued.chain)
    for number, order in enumerate(itertools.permutations(parts)):
        (tmp_path / str(number)).mkdir()
        files = one_file(tmp_path / str(number), order)
        upload = files.upload()
        assert (upload.leaf, upload.private_key) == (issued.leaf, issued.key)
        assert upload.chain == "".join(issued.chain)
        assert files.fingerprint() == fingerprints(issued.leaf)[0]
        assert files.names() == ("shop.test",)
        assert not files.lacks_chain()


def test_only_the_key_goes_where_keys_go(tmp_path: Path, issued: Issued) -> None:
    """No byte order mark, no attributes that OpenSSL writes before it, nothing after it."""
    attributes = "Bag Attributes\n    friendlyName: shop\nKey Attributes: <No Attributes>\n"
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    parts = ("\ufeff", attributes, parameters, issued.key, "\n", attributes, issued.leaf)
    assert one_file(tmp_path, parts).upload().private_key == issued.key


@pytest.mark.parametrize("kind", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_passphrase_is_refused(
    tmp_path: Path, issued: Issued, kind: PrivateFormat
) -> None:
    """No panel asks for it; with the way to take it off."""
    key = load_pem_private_key(issued.key.encode(), None)
    locked = key.private_bytes(Encoding.PEM, kind, BestAvailableEncryption(b"secret")).decode()
    with pytest.raises(errors.PluginError, match=r"holds no private key.*openssl pkey -in"):
        one_file(tmp_path, (issued.leaf, locked)).upload()


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, issued: Issued) -> None:
    """A web server that gets both does not start."""
    key = issue_by("Lower CA", "other.test")[1]
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    files = one_file(tmp_path, (issued.leaf, pem))
    with pytest.raises(errors.PluginError, match="belongs to no certificate in"):
        files.upload()
    assert files.fingerprint() == fingerprints(issued.leaf)[0]


def test_certificates_under_other_headers_are_read(tmp_path: Path, issued: Issued) -> None:
    """OpenSSL's older one, and its own, which adds what it is trusted for."""
    older = issued.leaf.replace(" CERTIFICATE", " X509 CERTIFICATE")
    assert one_file(tmp_path, (older, issued.key)).upload().leaf == issued.leaf

    path = tmp_path / "plain.pem"
    path.write_text(issued.leaf)
    command = ["openssl", "x509", "-in", str(path), "-addtrust", "serverAuth", "-trustout"]
    trusted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert trusted.startswith("-----BEGIN TRUSTED CERTIFICATE-----")
    assert one_file(tmp_path, (issued.key, trusted)).upload().leaf == issued.leaf


def test_what_browsers_will_refuse_is_told(tmp_path: Path, issued: Issued) -> None:
    """A leaf whose time is over, and one without the certificate that it was issued with."""
    files = one_file(tmp_path, (issued.leaf, issued.key, *issued.chain))
    assert not files.is_expired()
    assert not files.lacks_chain()
    assert one_file(tmp_path, (issued.leaf, issued.key)).lacks_chain()
    assert one_file(tmp_path, [issue_by("Lower CA", "shop.test", left=-1)[0]]).is_expired()
    # who signed it himself has no chain to send
    assert not one_file(tmp_path, [issue_by("shop.test", "shop.test")[0]]).lacks_chain()


def test_advice_names_no_path_as_a_lineage(tmp_path: Path) -> None:
    """`certbot certonly --cert-name /path` is no command that works."""
    with pytest.raises(errors.PluginError, match="Name a file with a certificate") as raised:
        one_file(tmp_path, ["nothing"]).upload()
    assert "--cert-name" not in str(raised.value)
