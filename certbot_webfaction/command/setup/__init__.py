"""Setting certbot up for an account."""
