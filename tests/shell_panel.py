"""A panel in memory whose commands a real shell runs."""

from __future__ import annotations

import subprocess

from tests.panel.fake import FakePanel


class ShellPanel(FakePanel):
    """`FakePanel` with the host's ``system``: commands are run here, by ``shell``."""

    shell = "dash"

    def run(self, command: str) -> str:
        super().run(command)
        done = subprocess.run(
            [self.shell, "-c", command], capture_output=True, text=True, check=True
        )
        return done.stdout
