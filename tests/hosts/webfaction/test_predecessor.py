"""The configuration of letsencrypt_webfaction, for moving on from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.hosts.webfaction.predecessor import (
    Certificate,
    Predecessor,
    read_predecessor,
)

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no TOML")


def test_is_read(tmp_path: Path) -> None:
    """With the texts and lists that it allows; what is of no use here is passed over."""
    file = tmp_path / "letsencrypt_webfaction.toml"
    file.write_text(
        'username = "alice"\npassword = "s\'3 # x"\nletsencrypt_account_email = "a@b.example"\n'
        'directory = "https://acme-v02.api.letsencrypt.org/directory"\n'
        'api_url = "https://api.webfaction.com/"\nservername = "Web500"\n'
        '[[certificate]]\ndomains = ["a.example", "b.example"]\npublic = ["~/webapps/a"]\n'
        'method = "http01"\nkey_size = 4096\n'
        '[[certificate]]\ndomains = "c.example"\nname = "c_c"\npublic = "~/webapps/c"\n'
        "[[certificate]]\ndomains = []\n"
    )
    assert read_predecessor(file) == Predecessor(
        credentials={
            "username": "alice",
            "password": "s'3 # x",
            "machine": "Web500",
            "api_url": "https://api.webfaction.com/",
        },
        email="a@b.example",
        certificates=(
            Certificate(("a.example", "b.example"), ""),
            Certificate(("c.example",), "c_c"),
        ),
    )


@pytest.mark.parametrize("text", ["", 'certificate = "x"', "certificate = [1]", "username = 1"])
def test_with_little_of_use_is_empty(tmp_path: Path, text: str) -> None:
    """Wrong types are as good as nothing."""
    file = tmp_path / "x.toml"
    file.write_text(text)
    assert read_predecessor(file) == Predecessor()


def test_that_is_missing_or_no_toml_is_an_error(tmp_path: Path) -> None:
    """It names the file."""
    with pytest.raises(errors.Error, match=r"none\.toml can't be read"):
        read_predecessor(tmp_path / "none.toml")
    file = tmp_path / "x.toml"
    file.write_text("password = secret\n")
    with pytest.raises(errors.Error, match="no TOML file") as refused:
        read_predecessor(file)
    assert "secret" not in str(refused.value)


def test_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Editors on Windows begin a file with one."""
    file = tmp_path / "x.toml"
    file.write_bytes(b'\xef\xbb\xbfusername = "alice"\r\n')
    assert read_predecessor(file).credentials == {"username": "alice"}


@pytest.mark.parametrize(
    "text",
    [
        "---\nkey_size: 4096\nusername: alice\npassword: secret\n",
        "# mine\ndomains:\n  - example.com\npassword: secret\n",
        "\ufeffpassword: 'secret'\n",
    ],
)
def test_of_version_2_is_called_yaml(tmp_path: Path, text: str) -> None:
    """It says so, instead of what is wrong with it as TOML, and shows nothing of it."""
    file = tmp_path / "x.yml"
    file.write_text(text)
    with pytest.raises(errors.Error, match=r"x\.yml is a YAML file, .*--username") as refused:
        read_predecessor(file)
    assert "secret" not in str(refused.value)


def test_gives_a_command_that_a_shell_takes_apart_again() -> None:
    """Whatever the names hold."""
    old = Predecessor(certificates=(Certificate(("*.a.example", "x; rm"), "n"),))
    assert old.certbot_lines("certbot run -a webfaction -i webfaction") == [
        "certbot run -a webfaction -i webfaction --webfaction-app letsencrypt --cert-name n"
        " -d '*.a.example' -d 'x; rm'"
    ]
