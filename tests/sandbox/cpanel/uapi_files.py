"""UAPI's module Fileman."""

from __future__ import annotations

from typing import Any

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.files import Home, described
from tests.sandbox.cpanel.functions import Arguments, Functions, Upload

FILES = Functions()

_CHARSETS = {"from_charset": "utf-8", "to_charset": "utf-8"}


@FILES.add("Fileman", unrecorded="filemanager")
def save_file_content(account: Account, arguments: Arguments) -> Reply:
    content, limit = arguments.get("content"), account.switches.save_bytes
    if limit and len(content.encode()) > limit:
        raise PanelError(
            "Failed to read valid Cpanel::AdminBin::Serializer data in json connect mode"
        )
    home = Home(account.home)
    path = home.save(arguments.get("dir", "."), arguments.need("file"), content)
    if account.switches.drops_files:
        path.unlink()
    return Reply({"path": str(path), **_CHARSETS})


@FILES.add("Fileman", unrecorded="filemanager", post=True)
def upload_files(account: Account, arguments: Arguments) -> Reply:
    uploads = arguments.uploads()
    if not uploads:
        raise PanelError("You must specify at least one file to upload.")
    done = [_uploaded(account, arguments, upload) for upload in uploads]
    succeeded = sum(each["status"] for each in done)
    counts = {"succeeded": succeeded, "failed": len(done) - succeeded, "warned": 0}
    return Reply({**counts, "uploads": done})


def _uploaded(account: Account, arguments: Arguments, upload: Upload) -> dict[str, Any]:
    """Save one file: that it failed is told here, while the call as a whole succeeds."""
    home, directory = Home(account.home), arguments.get("dir", ".")
    reason = ""
    if (home.path(directory) / upload.filename).exists() and not arguments.is_on("overwrite"):
        reason = "The file already exists."
    elif account.switches.drops_files:
        reason = "The file is infected."
    if not reason:
        path = home.save(directory, upload.filename, upload)
        path.chmod(int(arguments.get("permissions", "0644"), 8))
    size = len(upload.encode())
    told = {"file": upload.filename, "size": size, "warnings": []}
    return {**told, "status": 0 if reason else 1, "reason": reason}


@FILES.add("Fileman", unrecorded="filemanager")
def get_file_content(account: Account, arguments: Arguments) -> Reply:
    path = Home(account.home).existing_file(arguments.get("dir", "."), arguments.need("file"))
    return Reply(
        {
            "path": str(path),
            "dir": str(path.parent),
            "filename": path.name,
            "content": path.read_text(),
            **_CHARSETS,
        }
    )


@FILES.add("Fileman", unrecorded="filemanager")
def list_files(account: Account, arguments: Arguments) -> Reply:
    directory = Home(account.home).existing_directory(arguments.get("dir", "."))
    hidden = arguments.is_on("show_hidden")
    paths = [path for path in sorted(directory.iterdir()) if hidden or path.name[0] != "."]
    files = [described(path) for path in paths]
    if not account.switches.documented_shapes:
        return Reply(files)
    dirs = [each for each in files if each["type"] == "dir"]
    return Reply({"dirs": dirs, "files": [each for each in files if each["type"] != "dir"]})


@FILES.add("Fileman", unrecorded="filemanager")
def get_file_information(account: Account, arguments: Arguments) -> Reply:
    path = Home(account.home).path(arguments.need("path"))
    if not path.exists():
        return Reply({"exists": False, "fullpath": str(path)})
    return Reply({"exists": True, **described(path)})


@FILES.add("Fileman", since=136, unrecorded="filemanager")
def delete_file(account: Account, arguments: Arguments) -> Reply:
    path = Home(account.home).remove(arguments.need("path"))
    return Reply({"path": str(path)})
