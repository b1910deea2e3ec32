"""The command ``certbot-webfaction``."""
