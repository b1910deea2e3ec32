"""``certbot-webfaction status``."""

from __future__ import annotations

import argparse

from certbot import configuration, errors

SUMMARY = "show the account's websites, certificates and lineages in one table"
DESCRIPTION = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's own options."""


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Carry it out."""
    raise errors.Error("This subcommand is yet to be written.")
