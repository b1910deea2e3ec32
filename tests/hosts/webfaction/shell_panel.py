"""A panel in memory whose apps have directories and whose commands a real shell runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from certbot_webfaction.hosts.webfaction.model import App
from tests.hosts.webfaction.fake import FakePanel


class ShellPanel(FakePanel):
    """`FakePanel` with the host's file system: commands are run here, by ``shell``."""

    shell = "dash"

    def run(self, command: str) -> str:
        before = len(self.ran)
        try:
            super().run(command)
        finally:
            if len(self.ran) > before:  # an answer that gets lost does not undo the command
                arguments = [self.shell, "-c", command]
                done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        return done.stdout

    def create_app(self, name: str, type: str) -> App:
        try:
            return super().create_app(name, type)
        finally:
            if name in self.programs and (directory := self.programs[name].directory):
                Path(directory).mkdir(parents=True, exist_ok=True)

    def delete_app(self, name: str) -> None:
        before = self.programs.get(name)
        try:
            super().delete_app(name)
        finally:
            if name not in self.programs and before is not None and before.directory:
                shutil.rmtree(before.directory)
