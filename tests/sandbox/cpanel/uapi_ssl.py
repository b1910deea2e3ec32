"""UAPI's module SSL: certificates, what is installed, AutoSSL, the https redirect."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.sandbox.cpanel.account import IP, Account, key_id_of
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import NoArgumentError, PanelError
from tests.sandbox.cpanel.functions import Arguments, Functions
from tests.sandbox.cpanel.installs import Given, Installation
from tests.sandbox.cpanel.store import (
    StoredCertificate,
    StoredKey,
    blocks,
    covers,
    is_self_signed,
    key_id,
    names_of,
    parse_certificate,
)
from tests.sandbox.cpanel.vhosts import VirtualHost

SSL = Functions()


@SSL.add("SSL", feature="sslinstall")
def install_ssl(account: Account, arguments: Arguments) -> Reply:
    given = Given(*(arguments.get(part) for part in ("cert", "key", "cabundle")))
    domain = arguments.get("domain")
    if not domain:
        raise NoArgumentError("domain")
    done = account.install(domain, given)
    message = f"The certificate was successfully installed on the domain “{domain}”."
    return Reply(installation(account, domain, done), (message,), is_transformed=False)


def installation(account: Account, domain: str, done: Installation) -> dict[str, Any]:
    """What `install_ssl` tells of an installation."""
    told = _TOLD[done.action].format(domain=domain, ip=IP)
    lists = {
        "working_domains": done.covered,
        "warning_domains": done.uncovered,
        "extra_certificate_domains": done.extra,
    }
    return {
        "action": done.action,
        "aliases": list(done.host.aliases),
        "cert_id": done.certificate_id,
        "domain": domain,
        "html": f"<br /><b>{told}</b><br />\n",
        "ip": IP,
        "key_id": done.key_id,
        "message": told,
        "servername": done.host.servername,
        "status": 1,
        "statusmsg": told,
        "user": account.username,
        **(lists if account.switches.coverage_told else {}),
    }


_TOLD = {
    "none": "This certificate was already installed on this host. The system made no changes.",
    "install": "The SSL certificate is now installed onto the domain “{domain}” using the IP "
    "address “{ip}”.\nApache is restarting in the background.",
    "update": "The SSL certificate is now installed onto the domain “{domain}” using the IP "
    "address “{ip}”.\nThe existing virtual host was updated with the new certificate.\n"
    "Apache is restarting in the background.",
}


@SSL.add("SSL", feature="sslinstall")
def delete_ssl(account: Account, arguments: Arguments) -> Reply:
    account.uninstall(arguments.need("domain"))
    return Reply(None, ("The SSL host was successfully removed.",))


@SSL.add("SSL", feature="sslinstall")
def installed_hosts(account: Account, _arguments: Arguments) -> Reply:
    return Reply([_installed(host) for host in account.hosts if host.installed])


@SSL.add("SSL", feature="sslinstall")
def installed_host(account: Account, arguments: Arguments) -> Reply:
    host = account.host_of(arguments.need("domain"))
    if not host.installed:
        raise PanelError(f"There is no SSL host for the domain “{host.domain}”.")
    certificate = {**described(host.installed.certificate), "verify_error": ""}
    return Reply({"host": host.servername, "certificate": certificate})


def _installed(host: VirtualHost) -> dict[str, Any]:
    assert host.installed
    stored = host.installed.certificate
    return {
        "servername": host.servername,
        "domains": list(host.names),
        "fqdns": list(host.fqdns),
        "docroot": str(host.document_root),
        "ip": IP,
        "is_primary_on_ip": host.kind == "main",
        "needs_sni": True,
        "mail_sni_status": True,
        "certificate_text": stored.pem,
        "certificate": described(stored),
    }


def described(stored: StoredCertificate) -> dict[str, Any]:
    """A certificate as the panel describes it; the dotted keys are literal."""
    certificate = stored.parsed
    return {
        "id": stored.id,
        "domains": list(names_of(certificate)),
        "not_before": int(certificate.not_valid_before_utc.timestamp()),
        "not_after": int(certificate.not_valid_after_utc.timestamp()),
        "issuer.commonName": _common_name(certificate.issuer),
        "issuer.organizationName": "",
        "issuer_text": certificate.issuer.rfc4514_string(),
        "subject.commonName": _common_name(certificate.subject),
        "subject_text": certificate.subject.rfc4514_string(),
        "is_self_signed": is_self_signed(certificate),
        "is_autossl": stored.is_autossl,
        "auto_ssl_provider": "LetsEncrypt" if stored.is_autossl else None,
        "auto_ssl_provider_display_name": "Let’s Encrypt™" if stored.is_autossl else None,
        "signature_algorithm": certificate.signature_algorithm_oid._name,
        "validation_type": "dv",
        **_key_described(certificate.public_key()),
    }


def _key_described(key: object) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey):
        modulus = f"{key.public_numbers().n:x}"
        return {
            "key_algorithm": "rsaEncryption",
            "modulus": modulus,
            "modulus_length": key.key_size,
            "ecdsa_curve_name": None,
            "ecdsa_public": None,
        }
    assert isinstance(key, ec.EllipticCurvePublicKey)
    curves = {"secp256r1": "prime256v1"}
    return {
        "key_algorithm": "id-ecPublicKey",
        "modulus": None,
        "modulus_length": None,
        "ecdsa_curve_name": curves.get(key.curve.name, key.curve.name),
        "ecdsa_public": f"{key.public_numbers().x:x}",
    }


def _common_name(name: x509.Name) -> str:
    return str(next(iter(name.get_attributes_for_oid(x509.NameOID.COMMON_NAME))).value)


@SSL.add("SSL", unrecorded="sslmanager")
def list_certs(account: Account, _arguments: Arguments) -> Reply:
    return Reply([_listed(account, each) for each in account.store.certificates.values()])


def _listed(account: Account, stored: StoredCertificate) -> dict[str, Any]:
    told = described(stored)
    if account.switches.domains_as_text:
        told["domains"] = ",".join(told["domains"])
    return {
        **told,
        "friendly_name": stored.friendly_name or names_of(stored.parsed)[0],
        "created": stored.created,
        "serial": f"{stored.parsed.serial_number:x}",
        "domain_is_configured": True,
    }


@SSL.add("SSL", unrecorded="sslmanager")
def list_keys(account: Account, _arguments: Arguments) -> Reply:
    return Reply([_key_listed(key) for key in account.store.keys.values()])


def _key_listed(key: StoredKey) -> dict[str, Any]:
    return {"id": key.id, "friendly_name": key.friendly_name, "created": key.created}


@SSL.add("SSL", unrecorded="sslmanager", post=True)
def upload_cert(account: Account, arguments: Arguments) -> Reply:
    name = arguments.get("friendly_name")
    stored = account.store_certificate(arguments.need("crt"), name)
    return Reply([_listed(account, stored)])


@SSL.add("SSL", unrecorded="sslmanager", post=True)
def upload_key(account: Account, arguments: Arguments) -> Reply:
    key = account.store_key(arguments.need("key"), arguments.get("friendly_name"))
    return Reply([_key_listed(key)])


@SSL.add("SSL", unrecorded="sslmanager")
def delete_cert(account: Account, arguments: Arguments) -> Reply:
    stored = _stored(account, arguments)
    account.delete_certificate(stored.id)
    return Reply([_listed(account, stored)])


@SSL.add("SSL", unrecorded="sslmanager")
def delete_key(account: Account, arguments: Arguments) -> Reply:
    account.delete_key(arguments.need("id"))
    return Reply([])


@SSL.add("SSL", unrecorded="sslmanager")
def show_cert(account: Account, arguments: Arguments) -> Reply:
    stored = _stored(account, arguments)
    return Reply({"cert": stored.pem, "text": stored.pem, "details": described(stored)})


@SSL.add("SSL", unrecorded="sslmanager")
def find_certificates_for_key(account: Account, arguments: Arguments) -> Reply:
    key = arguments.need("id")
    known = account.store.certificates.values()
    return Reply([_listed(account, each) for each in known if key_id_of(each) == key])


@SSL.add("SSL")
def fetch_cert_info(account: Account, arguments: Arguments) -> Reply:
    stored = _stored(account, arguments)
    key = account.store.key_of(stored.parsed)
    secret = key.pem if key else ""
    return Reply({"certificate": stored.pem, "key": secret, "cabundle": stored.cabundle})


def _stored(account: Account, arguments: Arguments) -> StoredCertificate:
    """The certificate that ``id`` or ``friendly_name`` names."""
    own_id, name = arguments.get("id"), arguments.get("friendly_name")
    for stored in account.store.certificates.values():
        if stored.id == own_id or (name and stored.friendly_name == name):
            return stored
    raise PanelError("The certificate does not exist.")


@SSL.add("SSL", post=True)
def fetch_key_and_cabundle_for_certificate(account: Account, arguments: Arguments) -> Reply:
    certificate = parse_certificate(arguments.need("certificate"))
    key = account.store.keys.get(key_id(certificate.public_key()))
    if key is None:
        raise PanelError("The system could not find the certificate’s key.")
    same = (
        stored.cabundle
        for stored in account.store.certificates.values()
        if stored.parsed == certificate
    )
    bundle = next(same, "") or account.known_bundle(certificate)
    return Reply(_fetched(account, arguments.need("certificate"), key.pem, bundle))


@SSL.add("SSL")
def fetch_best_for_domain(account: Account, arguments: Arguments) -> Reply:
    domain = arguments.need("domain")
    stored = account.store.best_for(domain)
    key = account.store.key_of(stored.parsed) if stored else None
    if stored is None or key is None:
        raise PanelError(f"There is no certificate for the domain “{domain}”.")
    return Reply(_fetched(account, stored.pem, key.pem, stored.cabundle))


def _fetched(account: Account, certificate: str, key: str, bundle: str) -> dict[str, Any]:
    return {
        "crt": certificate,
        "key": key,
        "cab": bundle,
        "domain": names_of(parse_certificate(certificate))[0],
        "ip": IP,
        "user": account.username,
        "status": 1,
        "statusmsg": "ok",
        "crt_origin": account.username,
        "key_origin": account.username,
        "searched_users": [account.username],
    }


@SSL.add("SSL", since=66)
def fetch_certificates_for_fqdns(account: Account, arguments: Arguments) -> Reply:
    domains = arguments.commas("domains")
    found = []
    for stored in account.store.certificates.values():
        key = account.store.key_of(stored.parsed)
        if key and any(covers(names_of(stored.parsed), domain) for domain in domains):
            secrets = {"key": key.pem, "cabundle": stored.cabundle, "verify_error": None}
            found.append({**described(stored), "crt": stored.pem, **secrets})
    return Reply(found)


@SSL.add("SSL")
def get_cabundle(account: Account, arguments: Arguments) -> Reply:
    certificate = parse_certificate(arguments.need("cert"))
    bundle = account.known_bundle(certificate)
    if not bundle:
        raise PanelError("The system did not find the Certificate Authority Bundle.")
    domain = names_of(certificate)[0]
    return Reply({"cab": bundle, "domain": domain, "count": len(blocks(bundle))})


# The https redirect


@SSL.add("SSL", since=80)
def can_ssl_redirect(account: Account, _arguments: Arguments) -> Reply:
    return Reply(any(account.can_redirect(host) for host in account.hosts))


@SSL.add("SSL", since=80)
def toggle_ssl_redirect_for_domains(account: Account, arguments: Arguments) -> Reply:
    arguments.need("domains")
    domains = arguments.commas("domains")
    account.toggle_redirect(domains, on=arguments.need("state") == "1")
    return Reply(domains)


# AutoSSL


@SSL.add("SSL", since=68, feature="autossl", unrecorded="sslinstall")
def start_autossl_check(account: Account, _arguments: Arguments) -> Reply:
    account.autossl_is_due = True
    if account.switches.autossl_at_once:
        account.run_autossl()
    return Reply(None)


@SSL.add("SSL", since=68, feature="autossl")
def is_autossl_check_in_progress(account: Account, _arguments: Arguments) -> Reply:
    return Reply(account.autossl_is_due)


@SSL.add("SSL", since=68, feature="autossl")
def get_autossl_problems(account: Account, _arguments: Arguments) -> Reply:
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    text = "The domain’s validation failed."
    unreachable = sorted(account.unreachable)
    return Reply([{"domain": each, "problem": text, "time": when} for each in unreachable])


@SSL.add("SSL", since=66, feature="autossl")
def get_autossl_excluded_domains(account: Account, _arguments: Arguments) -> Reply:
    return Reply([{"excluded_domain": each} for each in sorted(account.autossl_excluded)])


@SSL.add("SSL", since=66, feature="autossl", unrecorded="sslinstall")
def add_autossl_excluded_domains(account: Account, arguments: Arguments) -> Reply:
    account.autossl_excluded.update(_own(account, arguments))
    return Reply(None)


@SSL.add("SSL", since=66, feature="autossl", unrecorded="sslinstall")
def remove_autossl_excluded_domains(account: Account, arguments: Arguments) -> Reply:
    account.autossl_excluded.difference_update(_own(account, arguments))
    return Reply(None)


@SSL.add("SSL", since=66, feature="autossl", unrecorded="sslinstall")
def set_autossl_excluded_domains(account: Account, arguments: Arguments) -> Reply:
    account.autossl_excluded = set(_own(account, arguments))
    return Reply(None)


def _own(account: Account, arguments: Arguments) -> list[str]:
    """The domains named, all of them the account's."""
    domains = arguments.commas("domains")
    for domain in domains:
        account.host_of(domain)
    return domains


@SSL.add("SSL", since=134, feature="autossl")
def get_autossl_renewal_status(account: Account, arguments: Arguments) -> Reply:
    domain = arguments.need("domain")
    host = account.host_of(domain)
    is_active = bool(host.installed and host.installed.certificate.is_autossl)
    is_excluded = domain in account.autossl_excluded
    return Reply(
        {
            "is_active": is_active,
            "is_excluded": is_excluded,
            "has_problems": domain in account.unreachable,
            "will_renew": is_active and not is_excluded,
        }
    )
