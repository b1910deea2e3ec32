"""Files over the panel: UAPI's Fileman and that of API 2."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.client import Answer, Client


def test_files_are_saved_read_and_listed(client: Client, account: Account) -> None:
    """Whatever the content; readable by the web server; the directory absolute or relative."""
    content = "line one\nfrançais + % & =\n"
    new = {"file": "index.txt", "content": content}
    saved = client.data("Fileman", "save_file_content", dir="public_html", **new)
    path = account.home / "public_html/index.txt"
    assert saved["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o644
    directory = str(account.home / "public_html")
    client.data("Fileman", "save_file_content", dir=directory, file="empty", content="")
    read = client.data("Fileman", "get_file_content", dir="public_html", file="index.txt")
    assert read["content"] == content
    listed = client.data("Fileman", "list_files", dir="public_html")
    assert [(each["file"], each["size"]) for each in listed] == [
        ("empty", ""),
        ("index.txt", len(content.encode())),
    ]
    assert listed[0]["nicemode"] == "0644"


def test_the_parent_must_exist(client: Client) -> None:
    """It is made one level at a time, by API 2; what exists is an item that failed."""
    new = {"dir": "public_html/.well-known", "file": "x", "content": "x"}
    assert client.refusal("Fileman", "save_file_content", **new)
    deep = client.api2("Fileman", "mkdir", path="public_html/a", name="b")
    assert deep["data"][0]["result"] == 0
    made = client.api2("Fileman", "mkdir", path="public_html", name=".well-known")
    assert made["data"][0]["name"] == ".well-known"
    again = client.api2("Fileman", "mkdir", path="public_html", name=".well-known")
    assert (again["event"]["result"], again["data"]) == (
        1,
        [{"result": 0, "reason": "directory already exists"}],
    )
    client.data("Fileman", "save_file_content", **new)


def test_hidden_files_are_listed_when_asked_for(client: Client, account: Account) -> None:
    """As ``.well-known`` is one."""
    (account.home / "public_html/.well-known").mkdir()
    assert client.data("Fileman", "list_files", dir="public_html") == []
    (listed,) = client.data("Fileman", "list_files", dir="public_html", show_hidden="1")
    assert (listed["file"], listed["type"]) == (".well-known", "dir")
    path = "public_html/.well-known"
    assert client.data("Fileman", "get_file_information", path=path)["exists"] == 1
    assert client.data("Fileman", "get_file_information", path="other")["exists"] == 0


def test_the_list_may_be_as_documented(client: Client, account: Account) -> None:
    """`Switches.documented_shapes`: directories and files apart."""
    account.switches.documented_shapes = True
    (account.home / "public_html/a").mkdir()
    (account.home / "public_html/b").write_text("b")
    listed = client.data("Fileman", "list_files", dir="public_html")
    assert [each["file"] for each in listed["dirs"]] == ["a"]
    assert [each["file"] for each in listed["files"]] == ["b"]


def test_api_2_removes_files_and_directories(client: Client, account: Account) -> None:
    """Several at once; what is not there is an item that failed."""
    directory = account.home / "public_html/a/b"
    directory.mkdir(parents=True)
    (directory.parent.parent / "c").write_text("c")
    removed = client.api2(
        "Fileman", "fileop", op="unlink", sourcefiles="public_html/a,public_html/c,public_html/d"
    )
    assert [each["result"] for each in removed["data"]] == [1, 1, 0]
    assert list((account.home / "public_html").iterdir()) == []
    assert client.api2("Fileman", "fileop", op="chmod", sourcefiles="public_html")["error"]


def test_uapi_deletes_since_136(client: Client, account: Account) -> None:
    """Before, the function is not found."""
    (account.home / "x").write_text("x")
    assert "could not find the function" in client.refusal("Fileman", "delete_file", path="x")
    account.version = 136
    client.data("Fileman", "delete_file", path="x")
    assert client.refusal("Fileman", "delete_file", path="x")


def test_a_file_has_a_name_of_one_part_and_must_be_there(client: Client) -> None:
    """To be saved, and to be read."""
    for name in ("a/b", "../x", ""):
        new = {"file": name, "content": "x"}
        assert client.refusal("Fileman", "save_file_content", dir="public_html", **new)
    assert client.refusal("Fileman", "get_file_content", dir="public_html", file="none")
    assert client.refusal("Fileman", "get_file_content", dir=".", file="public_html")


@pytest.mark.parametrize("path", ["../other", "/etc", "public_html/../../other"])
def test_nothing_outside_the_home_directory(client: Client, path: str) -> None:
    """Neither seen nor written."""
    assert client.refusal("Fileman", "list_files", dir=path)
    assert client.refusal("Fileman", "save_file_content", dir=path, file="x", content="x")
    assert client.refusal("Fileman", "get_file_content", dir=path, file="passwd")


def test_a_virus_scan_may_drop_files_silently(client: Client, account: Account) -> None:
    """`Switches.drops_files`: the answer is the same, the file is not there."""
    account.switches.drops_files = True
    new = {"dir": "public_html", "file": "x", "content": "x"}
    assert client.data("Fileman", "save_file_content", **new)["path"]
    assert client.data("Fileman", "list_files", dir="public_html") == []


def test_large_files_may_fail(client: Client, account: Account) -> None:
    """`Switches.save_bytes`."""
    new = {"dir": "public_html", "file": "x"}
    client.data("Fileman", "save_file_content", **new, content="x" * 3000)
    account.switches.save_bytes = 2000
    refused = client.refusal("Fileman", "save_file_content", **new, content="x" * 3000)
    assert "AdminBin::Serializer" in refused
    client.data("Fileman", "save_file_content", **new, content="x" * 2000)


@pytest.mark.parametrize("drops_files", [False, True])
def test_uploads_fail_one_by_one(client: Client, account: Account, drops_files: bool) -> None:
    """Under a call that succeeds: what exists already, and what a virus scan does not like."""
    account.switches.drops_files = drops_files
    (account.home / "public_html/old").write_text("old")
    answer = _upload(client, {"file-0": ("new", "a\r\nb+%\n"), "file-1": ("old", "new")})
    assert answer["status"] == 1
    data = answer["data"]
    assert (data["succeeded"], data["failed"]) == ((0, 2) if drops_files else (1, 1))
    assert data["uploads"][1]["reason"] == "The file already exists."
    assert (account.home / "public_html/new").exists() == (not drops_files)
    if not drops_files:
        assert (account.home / "public_html/new").read_bytes() == b"a\r\nb+%\n"
        _upload(client, {"file-0": ("old", "new")}, overwrite="1", permissions="0600")
        assert (account.home / "public_html/old").read_text() == "new"
        assert (account.home / "public_html/old").stat().st_mode & 0o777 == 0o600
    assert _upload(client, {"x": (None, "no file")})["status"] == 0


def _upload(client: Client, files: dict[str, tuple[str | None, str]], **fields: str) -> Answer:
    response = requests.post(
        f"{client.url}/execute/Fileman/upload_files",
        data={"dir": "public_html", **fields},
        files=files,
        headers={"Authorization": client.authorization},
        timeout=60,
    )
    answer: Answer = response.json()
    return answer
