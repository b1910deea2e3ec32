"""What a CA and a browser meet on every host."""

CHALLENGE_PATH = "/.well-known/acme-challenge"
"""Where an ACME CA asks for http-01 challenge files (RFC 8555, section 8.3)."""
