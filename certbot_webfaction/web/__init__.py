"""What the web serves, seen from outside: challenge files over http, certificates over TLS."""
