"""Where an app stands on a website."""

from __future__ import annotations

from dataclasses import dataclass

from certbot_webfaction.panel.model import CHALLENGE_PATH


@dataclass(frozen=True)
class Mount:
    """An app at a URL path of a website; ``path`` is spelled as the panel has it."""

    app: str
    path: str

    @property
    def url_path(self) -> str:
        """The path with a slash at its start and none at its end: what it means."""
        return f"/{self.path.strip('/')}"

    @property
    def meaning(self) -> tuple[str, str]:
        """What is the same for the same mount, however it is spelled."""
        return self.app, self.url_path

    @property
    def serves_challenges(self) -> bool:
        """Whether the mount stands at, or just above, the challenge path, and not at the root."""
        path = self.url_path
        return path != "/" and f"{CHALLENGE_PATH}/".startswith(f"{path}/")
