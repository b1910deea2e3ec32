"""certbot for WebFaction: certificates issued, installed and renewed without root."""
