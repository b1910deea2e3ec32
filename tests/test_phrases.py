"""Commands as messages show them."""

from __future__ import annotations

from certbot_webfaction.phrases import Phrases


def test_a_certificate_at_a_path_is_installed_without_a_question() -> None:
    """certbot asks for the domains where a command names neither them nor a lineage."""
    line = Phrases("webfaction", "").install("/home/alice/my cert.pem")
    assert "--cert-path '/home/alice/my cert.pem' --key-path FILE -d DOMAIN -i webfaction" in line


def test_a_lineage_is_installed_by_its_name() -> None:
    """It knows its domains."""
    line = Phrases("webfaction", "").install("example.com")
    assert line == "certbot install --cert-name example.com -i webfaction"
