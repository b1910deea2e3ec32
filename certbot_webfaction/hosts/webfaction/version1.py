"""Documents that version 0.1.0 wrote, when WebFaction was the only host."""

from __future__ import annotations

from typing import Any


def carry_over(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a document of version 1 as one of version 2.

    :param name: ``wanted`` or ``journal``
    :raises KeyError, TypeError, AttributeError: if it is none
    """
    return _wanted(content) if name == "wanted" else {"changes": _changes(content)}


def _wanted(content: dict[str, Any]) -> dict[str, Any]:
    certificates = content.get("certificates", {})
    return {
        "sites": {
            name: {
                "source": certificates[website["certificate"]],
                "names": website["domains"],
                "made_from": website.get("made_from", ""),
                "label": f"https website {name}",
            }
            for name, website in content.get("websites", {}).items()
        },
        "redirects": {name: f"http website {name}" for name in content.get("redirects", [])},
    }


def _changes(content: dict[str, Any]) -> list[dict[str, Any]]:
    raise NotImplementedError
