"""What no source says of the host: one switch for each, all at what is likeliest or harshest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Switches:
    """How the host behaves where the specification says [assume] or nothing; times in seconds.

    They may be changed at any time and count for what is done from then on. "Section" is one of
    the specification.

    Time (section 2):

    ``ready_seconds``: how long an object stays pending after a change; ``ready_seconds_of`` says so
    for the kinds that it names. ``dependency_must_be_ready``: an object can't refer to one that is
    pending. ``served_seconds``: how long after READY the web server follows.
    ``propagation_seconds``: how long after READY the name servers follow.

    Certificates (section 3, /cert/):

    ``checks_certificates``: an unparsable PEM or a key that does not fit is refused.
    ``accepts_ec_keys``: so is an elliptic curve key unless this is on. ``cert_update_reloads``: an
    updated certificate is served without a further update of its sites.

    Deleting (section 3): ``guarded``: the kinds whose objects can't be deleted while another refers
    to them; of others the reference goes. ``domain_takes_records``: deleting a domain deletes its
    DNS records; if off, it is refused while there are any.

    Sites (section 3, /site/):

    ``needs_ip``: a site without any address is refused; if off, it gets the primary one.
    ``refuses_cert_with_le``: a certificate can't be set while the host manages it; if off, it is
    taken, and overwritten by the host's next issuance. ``https_without_cert``: a site without a
    certificate gets the host's own one on https; if off, the TLS handshake fails.
    ``longest_route_wins``: if off, the first route that fits. ``own_challenges_first``: on a site
    with ``generate_le`` the host's own location answers challenges, whatever the routes say.
    ``redirects_challenges``: the redirect to https spares no path. ``static_obeys_htaccess``: STA
    and SLS apps, too.

    Apps (section 3, /app/): ``merges_json``: an update of ``json`` keeps the keys it leaves out.

    Domains and DNS (section 3, /domain/, /dnsrecord/, /dnscheck/):

    ``unique_domains``: a second domain of one name is refused. ``wildcard_domains`` and
    ``underscore_domains``: such names can be created, and are not valid on a site.
    ``lists_own_records``: /dnsrecord/list/ has the addresses that the host publishes itself.
    ``quotes_txt``: the content of a TXT record comes back in quotes, which are not published; if
    off, it comes back and is published as it was sent. ``checks_in_order``: the answers of
    /dnscheck/ are in the order of the domains sent, else of their uuids.

    Answers (section 1):

    ``delete_body``: what the answer to a delete has as its body. ``extra_fields``: fields that no
    schema has are added to each object. ``null_fields``: fields that are null in answers.
    """

    ready_seconds: float = 0.0
    ready_seconds_of: Mapping[str, float] = field(default_factory=dict)
    dependency_must_be_ready: bool = True
    served_seconds: float = 0.0
    propagation_seconds: float = 0.0
    checks_certificates: bool = True
    accepts_ec_keys: bool = True
    cert_update_reloads: bool = True
    guarded: frozenset[str] = frozenset({"cert", "domain", "app", "osuser"})
    domain_takes_records: bool = True
    needs_ip: bool = True
    refuses_cert_with_le: bool = False
    https_without_cert: bool = True
    longest_route_wins: bool = True
    own_challenges_first: bool = False
    redirects_challenges: bool = True
    static_obeys_htaccess: bool = False
    merges_json: bool = True
    unique_domains: bool = True
    wildcard_domains: bool = True
    underscore_domains: bool = True
    lists_own_records: bool = False
    quotes_txt: bool = False
    checks_in_order: bool = True
    delete_body: bytes = b"{}"
    extra_fields: bool = False
    null_fields: frozenset[str] = frozenset()

    def lag(self, kind: str) -> float:
        """Seconds until an object of this kind is ready after a change."""
        return self.ready_seconds_of.get(kind, self.ready_seconds)
