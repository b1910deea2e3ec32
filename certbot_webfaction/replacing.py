"""Replacing a file so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Version = tuple[int, int, int, int]


def version(path: Path) -> Version:
    """What tells a file from the one that was there before, and from itself before a change.

    :raises OSError: if it can't be told
    """
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[Path]:
    """Give a new, empty file of mode 0600; what is in it after the block takes ``path``'s place.

    Directories that are missing are made, each for the owner alone. If the block raises, ``path``
    stays as it is. Where it is a symlink, the file that it leads to is replaced.

    :param mode: the mode of the file in its place
    :raises OSError: if it can't be written
    """
    target = Path(os.path.realpath(path))
    if not target.parent.exists():
        missing = [folder for folder in target.parents if not folder.exists()]
        for folder in reversed(missing):  # mkdir(parents=True) makes those above for everybody
            folder.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    new = Path(name)
    try:
        yield new
        os.fsync(handle)
        new.chmod(mode)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
