"""The hosts, one folder each, and what they share."""
