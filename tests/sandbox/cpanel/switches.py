"""What no source says of cPanel, or what differs from host to host: one switch each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Switches:
    """How this host behaves where the specification marks [assume], or knows of both.

    The defaults are what is likelier. Numbers in the texts are sections of the specification;
    "question" is its section 15. They may be changed while the stand-in runs;
    the web server follows with the next change of the account.
    """

    refusal: Literal["json", "page", "login"] = "json"
    """2.2, question 1: a refused login is a 403 with JSON or HTML, or a login page (200)."""

    lock_after: int = 15
    """2.2: after so many refused logins the account is locked, for right ones too."""

    lock_seconds: float = 900
    """2.2: how long."""

    tokens_need_feature: bool = True
    """2.2: without the feature ``apitokens`` no token is accepted, made or listed."""

    json_input: bool = True
    """2.1, question 2: ``uapi`` knows ``--input=json``."""

    json_input_decoded: bool = False
    """2.1, question 2: values of ``--input=json`` are form-decoded like arguments."""

    exit_status: bool = False
    """2.1, question 3: ``uapi`` ends with 1 where the call failed, and writes to standard error."""

    hook_noise: bool = False
    """2.1: hooks of the host write to the standard error of ``uapi``."""

    leading_noise: bool = False
    """2.1: a line that is no JSON comes first on the standard output of ``uapi``."""

    caller_is_root: bool = False
    """2.1: ``uapi`` is run by root, who has to name the user (tests run as whoever they are)."""

    wrapped_http: bool = False
    """2.3: ``/execute/`` answers in the wrapped envelope, as the vendor documents it."""

    shuffled_keys: bool = True
    """2.3: the order of keys differs from answer to answer."""

    loose_types: bool = False
    """2.3: numbers may be text, and truth 0, 1, "0", "1", true or ""."""

    domains_as_text: bool = False
    """2.3: ``list_certs`` gives ``domains`` as text with commas (old servers)."""

    documented_shapes: bool = False
    """2.3, 5: ``main_domain`` is a list, ``list_files`` an object: documented, not recorded."""

    dname_raw: bool = True
    """6: ``parse_zone`` gives ``dname_raw`` too (newer servers)."""

    old_control_lines: bool = False
    """6: ``parse_zone`` calls a control line ``$TTL`` instead of ``control`` (old servers)."""

    language: Literal["en", "pt"] = "en"
    """2.4: the language of texts."""

    unrecorded_features: bool = True
    """7, question 12: Fileman, the certificate store and AutoSSL's writes need features too.

    So do, by a feature that no source names (`account.UNNAMED`), WebVhosts, DCV and the list of
    features.
    """

    names_as_typed: bool = False
    """4: names come as their owner typed them; otherwise in lower case."""

    star_servername: bool = True
    """3.1: a wildcard subdomain's servername is ``*.D``; otherwise ``_wildcard_.D``."""

    addon_is_servername: bool = False
    """4, question 16: an addon domain's servername is its own name, not the hidden subdomain's."""

    mail_is_proxy: bool = True
    """4, 10: ``mail.`` counts among the service names in ``list_ssl_capable_domains``."""

    self_signed_at_first: bool = False
    """3.2: new virtual hosts have a self-signed certificate."""

    installs_on_alias: bool = True
    """3.1, question 4: ``install_ssl`` takes an alias for its virtual host, or refuses it."""

    stores_refused: bool = True
    """2.4, question 4: a certificate that is refused for what it is gets stored nevertheless."""

    takes_ecdsa: bool = True
    """3.1, question 5: certificates with ECDSA keys are understood (2018: no)."""

    takes_full_chain: bool = True
    """3.1, question 6: of several certificates in ``cert`` the first is used; otherwise refused."""

    coverage_told: bool = True
    """3.1: ``install_ssl`` names covered and uncovered domains; otherwise the lists are absent."""

    batch_fails: bool = True
    """`Batch::strict`, of which one call failed, failed itself; otherwise only its data tells."""

    installs_overlap: bool = True
    """9, question 14: two installs at once both work; otherwise the later is an internal error."""

    deletes_installed: bool = True
    """11, question 7: an installed certificate may be deleted from the store, and stays served."""

    autossl_at_once: bool = False
    """8, question 8: ``start_autossl_check`` does its work at once; otherwise at the next step."""

    clobber_externally_signed: bool = False
    """8: AutoSSL replaces certificates of users that are invalid or end within three days."""

    restored_is_autossl: bool = True
    """Question 15: AutoSSL's certificate, installed by hand, still counts as AutoSSL's."""

    redirect_in_htaccess: bool = False
    """3.4: the https redirect is in ``.htaccess``; otherwise with the virtual host."""

    redirect_exempts: bool = True
    """3.4, question 9: the https redirect leaves the paths of validation alone."""

    services_answer: bool = True
    """10, question 10: service names answer below ``/.well-known/`` from the document root."""

    passenger_serves_files: bool = True
    """5, question 11: an app at ``/`` leaves existing files of the document root to the server."""

    drops_files: bool = False
    """5: a virus scan removes each saved file, and the answer says nothing of it."""

    save_bytes: int = 0
    """2.4: ``save_file_content`` fails above so many bytes; 0: never."""

    edits_each_second: bool = True
    """6: a zone may be edited twice in a second; otherwise the second edit is stale."""

    minimum_ttl: int = 0
    """6, question 13: lower TTLs become this one."""

    filters_by_value: bool = True
    """6: ``fetchzone_records`` of API 2 filters by ``txtdata`` too."""
