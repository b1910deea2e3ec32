"""certbot's plugins."""
