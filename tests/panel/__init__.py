"""Tests of what every host shares."""
