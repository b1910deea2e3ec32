"""Where an app stands on a website; apart from the model, for the journal alone needs no more."""

# Annotations are not postponed here: `document` takes the fields' types from them.

from dataclasses import dataclass

from certbot_webfaction.panel.model import CHALLENGE_PATH


@dataclass(frozen=True)
class Mount:
    """An app at a URL path of a website; ``path`` starts with ``/`` and has no other at its end."""

    app: str
    path: str

    @property
    def serves_challenges(self) -> bool:
        """Whether the mount stands at, or just above, the challenge path, and not at the root."""
        return self.path != "/" and f"{CHALLENGE_PATH}/".startswith(f"{self.path}/")
