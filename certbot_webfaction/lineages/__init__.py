"""certbot's lineages: their files, and how they are renewed."""
