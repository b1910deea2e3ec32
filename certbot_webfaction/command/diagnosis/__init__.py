"""Showing and checking the state of an account."""
