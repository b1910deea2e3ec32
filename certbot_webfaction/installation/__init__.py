"""The installer: what is wanted of the account, and bringing the panel to it."""
