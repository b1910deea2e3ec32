"""The sandbox's API keeps the rules of the API document, and fails as told."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import pytest

from tests.sandbox import faults
from tests.sandbox.api import ApiServer, FaultStyle
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import DataError, Host
from tests.waiting import until

IP = "127.0.0.1"


class Clock:
    """The time that sessions expire by."""

    seconds = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self.seconds


class Client:
    """A client on one connection that repeats nothing, so that each test sees each failure."""

    def __init__(self, api: ApiServer, version: int = 2) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
        self.username, self.password = api.host.username, api.host.password
        self.session = ""
        self.account: dict[str, Any] = {}
        self.login(version=version)

    def login(self, machine: str = "", version: int = 2) -> None:
        """Open a session."""
        self.session, self.account = self.raw(
            "login", self.username, self.password, machine, version
        )

    def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call in the session."""
        return self.raw(method, self.session, *parameters)

    def raw(self, method: str, *parameters: Any) -> Any:
        """The result of a call with exactly these parameters."""
        status, body = self.post(xmlrpc.client.dumps(parameters, method).encode())
        if status != 200:
            raise http.client.HTTPException(status)
        return xmlrpc.client.loads(body)[0][0]

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to any request."""
        try:
            self._http.request("POST", "/", body)
            response = self._http.getresponse()
            return response.status, response.read()
        except OSError:
            self._http.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An account with an app on an http website and a domain."""
    host = Host(tmp_path / "home", machines=("Web500",), web_server="web500")
    host.add_app("page", "static_only")
    host.add_website("site", ("example.com",), (("page", "/"),))
    host.add_domain("example.com", "www")
    return host


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def api(host: Host, clock: Clock) -> Iterator[ApiServer]:
    """The API of the account."""
    with ApiServer(host, now=clock) as api:
        yield api


@pytest.fixture
def client(api: ApiServer) -> Iterator[Client]:
    """A client that is logged in with version 2."""
    client = Client(api)
    yield client
    client.close()


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, str]]:
    """Certificate and key for a name."""
    directory = tmp_path_factory.mktemp("pem")

    def make(name: str) -> tuple[str, str]:
        certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
        if not certificate.exists():
            write_self_signed(certificate, key, name, f"www.{name}")
        return certificate.read_text(), key.read_text()

    return make


def refusal(call: Callable[..., Any], *parameters: Any) -> str:
    """The string of the fault that a call ends in."""
    with pytest.raises(xmlrpc.client.Fault) as caught:
        call(*parameters)
    assert caught.value.faultCode == 1
    return caught.value.faultString


@contextmanager
def reset() -> Iterator[None]:
    """Expect a real TCP reset; http.client's name for a mere end is a subclass of it."""
    with pytest.raises(ConnectionResetError) as caught:
        yield
    assert caught.value.errno == errno.ECONNRESET


# Sessions


def test_login_tells_of_the_account(client: Client, host: Host) -> None:
    """The account struct has the parent of the home directory and the web server's own spelling."""
    assert client.account == {
        "id": 1,
        "username": host.username,
        "home": str(host.home),
        "web_server": "web500",
        "mail_server": "Mailbox1",
        "version": 2,
    }


def test_machine_names_are_case_sensitive(client: Client) -> None:
    """Web500 may log in, web500 may not."""
    client.login("Web500")
    assert 'Not allowed to login to machine "web500"' in refusal(client.login, "web500")


def test_an_account_on_two_machines_has_to_name_one(tmp_path: Path) -> None:
    """Without a machine, only an account that has just one gets in; its apps live on that named."""
    with ApiServer(Host(tmp_path / "home", machines=("Web1",))) as api:
        client = Client(api)
        api.host.machines = ("Web1", "Web2")
        assert "Not allowed" in refusal(client.login)
        client.login("Web2")
        assert client.call("create_app", "a", "static_only")["machine"] == "Web2"
        client.close()


@pytest.mark.parametrize("wrong", [("alice", "wrong"), ("bob", "correct horse battery staple")])
def test_wrong_user_or_password_is_a_bare_login_error(
    client: Client, wrong: tuple[str, str]
) -> None:
    """The fault has nothing after the colon."""
    login = refusal(client.raw, "login", *wrong)
    assert login == "<class 'webfaction_api.exceptions.LoginError'>:"


def test_sessions_expire_after_an_hour(client: Client, clock: Clock) -> None:
    """A session holds for 3599 seconds and not for 3600; a new login helps."""
    clock.seconds = 3599
    client.call("list_apps")
    clock.seconds = 3600
    assert "LoginError" in refusal(client.call, "list_apps")
    client.login()
    client.call("list_apps")


def test_expiring_sessions_at_once(client: Client, api: ApiServer) -> None:
    """A test can end all sessions."""
    api.expire_sessions()
    assert "LoginError" in refusal(client.call, "list_apps")


def test_version_1_knows_no_certificates(api: ApiServer) -> None:
    """A session of version 1 has no certificate methods and no certificate in its websites."""
    client = Client(api, version=1)
    refusal(client.call, "list_certificates")
    refusal(client.call, "create_website", "new", IP, False, ["new.org"], "", ["page", "/"])
    new = client.call("create_website", "new", IP, False, ["new.org"], ["page", "/"])
    assert "certificate" not in new
    assert all("certificate" not in website for website in client.call("list_websites"))
    client.close()


def test_an_update_in_version_1_keeps_the_certificate(
    api: ApiServer, pem: Callable[[str], tuple[str, str]]
) -> None:
    """What an old client can't see it doesn't lose."""
    api.host.add_certificate("c", *pem("example.com"))
    api.host.add_website("site", ("example.com",), (("page", "/"),), True, "c")
    client = Client(api, version=1)
    client.call("update_website", "site", IP, True, ["www.example.com"], ["page", "/"])
    website = api.host.snapshot().websites[-1]
    assert (website.subdomains, website.certificate) == (("www.example.com",), "c")
    client.close()


# What every call goes through


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("create_app", ("a",)),
        ("create_app", ("a", "static_only", False, "", False, "more")),
        ("create_app", ("a", "static_only", 0)),
        ("create_app", (1, "static_only")),
        ("create_website", ("w", IP, 0, ["a.org"], "", ["page", "/"])),
        ("create_website", ("w", IP, False, "a.org", "", ["page", "/"])),
        ("create_website", ("w", IP, False, ["a.org"])),
        ("create_website", ("w", IP, False, ["a.org"], ["page", "/"])),
        ("create_website", ("w", IP, False, ["a.org"], "", [["page", "/"]])),
        ("create_website", ("w", IP, False, ["a.org"], "", ["page"])),
        ("create_domain", ("a.org", 1)),
        ("create_dns_override", ("example.com", *("1.2.3.4",) * 8)),
        ("replace_in_file", ("f", "old", "new")),
    ],
)
def test_calls_that_fit_no_method_change_nothing(
    client: Client, host: Host, method: str, parameters: tuple[Any, ...]
) -> None:
    """Missing, surplus and wrongly typed parameters end in a fault."""
    before = host.snapshot()
    assert "TypeError" in refusal(client.call, method, *parameters)
    assert host.snapshot() == before


@pytest.mark.parametrize("method", ["no_such_method", "__init__", "system.multicall"])
def test_there_are_no_other_methods(client: Client, method: str) -> None:
    """Only what the API document names can be called."""
    assert f'"{method}" is not supported' in refusal(client.call, method)


def test_what_is_no_call_gets_no_answer(client: Client, api: ApiServer) -> None:
    """A body that is no XML-RPC is a bad request and not in the log."""
    api.calls.clear()
    assert client.post(b"<html>")[0] == 400
    assert client.post(b"")[0] == 400
    assert api.calls == []


@pytest.mark.parametrize(
    ("style", "taken", "wrong_machine", "wrong_password"),
    [
        (
            "old",
            "<class 'webfaction_api.exceptions.DataError'>:"
            "[u'Application with this Name and Account already exists.']",
            "<class 'webfaction_api.exceptions.LoginError'>:"
            "[u'Not allowed to login to machine \"w\\xe9b\"']",
            "<class 'webfaction_api.exceptions.LoginError'>:",
        ),
        (
            "list",
            "[u'Application with this Name and Account already exists.']",
            "[u'Not allowed to login to machine \"w\\xe9b\"']",
            "LoginError",
        ),
        (
            "new",
            "Application with this Name and Account already exists.",
            'Not allowed to login to machine "wéb"',
            "LoginError",
        ),
    ],
)
def test_faults_are_spelled_in_three_ways(
    client: Client,
    api: ApiServer,
    style: FaultStyle,
    taken: str,
    wrong_machine: str,
    wrong_password: str,
) -> None:
    """Each recorded spelling can be chosen; lists are written as Python 2 wrote them."""
    api.fault_style = style
    assert refusal(client.call, "create_app", "page", "static_only") == taken
    assert refusal(client.login, "wéb") == wrong_machine
    client.password = "wrong"
    assert refusal(client.login) == wrong_password


def test_one_fault_may_carry_several_messages(client: Client) -> None:
    """Everything that is wrong with a website is said at once."""
    wrong = refusal(client.call, "create_website", "w", "10.0.0.1", False, ["a.org"], "c")
    assert wrong.endswith("[u'IP 10.0.0.1 does not exist.', u'Ssl certificate c does not exist.']")


# Certificates


def test_a_certificate_is_listed_as_uploaded(
    client: Client, pem: Callable[[str], tuple[str, str]]
) -> None:
    """The answer and the list have names and date from the leaf, and all that was uploaded."""
    leaf, key = pem("example.com")
    other, _key = pem("example.net")
    new = client.call("create_certificate", "c", leaf, key, other)
    assert client.call("list_certificates") == [new]
    assert new["domains"] == "example.com,www.example.com"
    assert time.strptime(new["expiry_date"], "%Y-%m-%d")
    assert (new["certificate"], new["private_key"], new["intermediates"]) == (leaf, key, other)


def test_an_update_replaces_the_certificate(
    client: Client, pem: Callable[[str], tuple[str, str]]
) -> None:
    """Name and id stay; an unknown name is refused."""
    old = client.call("create_certificate", "c", *pem("example.com"))
    new = client.call("update_certificate", "c", *pem("example.net"))
    assert (new["id"], new["name"]) == (old["id"], "c")
    assert client.call("list_certificates") == [new]
    assert new["domains"] == "example.net,www.example.net"
    assert "does not exist" in refusal(client.call, "update_certificate", "d", *pem("example.net"))


def test_wrong_certificates_are_refused(
    client: Client, pem: Callable[[str], tuple[str, str]]
) -> None:
    """Taken and odd names, foreign keys, chains in place of leaves, and what is no PEM."""
    leaf, key = pem("example.com")
    other, other_key = pem("example.net")
    client.call("create_certificate", "taken", leaf, key)

    def create(*parameters: str) -> str:
        return refusal(client.call, "create_certificate", *parameters)

    assert "Ssl certificate with this Name and Account already exists." in create(
        "taken", other, other_key
    )
    assert "Value must be alphanumeric only" in create("my-cert", leaf, key)
    assert "do not match" in create("c", leaf, other_key)
    assert "leaf alone" in create("c", leaf + other, key)
    assert "leaf alone" in create("c", leaf, key, leaf + other)
    assert "not valid" in create("c", "leaf", key)
    assert "not valid" in create("c", leaf, "key")
    assert "not valid" in create("c", leaf, key, "chain")
    assert len(client.call("list_certificates")) == 1


def test_a_certificate_in_use_cannot_be_deleted(
    client: Client, pem: Callable[[str], tuple[str, str]]
) -> None:
    """Not before the website has let go of it."""
    client.call("create_certificate", "c", *pem("example.com"))
    website = ("site", IP, True, ["example.com"])
    client.call("create_website", *website, "c", ["page", "/"])
    assert "used by site site" in refusal(client.call, "delete_certificate", "c")
    client.call("update_website", *website, "", ["page", "/"])
    client.call("delete_certificate", "c")
    assert client.call("list_certificates") == []


# Websites and apps


def test_http_and_https_websites_share_name_and_domain(client: Client) -> None:
    """Name and https are unique together, and a domain within its protocol."""
    https = client.call("create_website", "site", IP, True, ["example.com"], "", ["page", "/"])
    assert client.call("list_websites")[1] == https
    assert https["website_apps"] == [["page", "/"]]
    again = ("create_website", "site", IP, True, ["example.org"], "", ["page", "/"])
    assert "Site with this Name, Account and Https already exists." in refusal(client.call, *again)
    same = ("create_website", "other", IP, True, ["example.com"], "", ["page", "/"])
    assert "already used by site site" in refusal(client.call, *same)


def test_an_update_replaces_the_website(client: Client) -> None:
    """All that can change does; name, ip and https find the website."""
    client.call("create_app", "more", "static_php70")
    update = ("update_website", "site", IP, False, ["a.org", "b.org"], "")
    client.call(*update, ["more", "/"], ["page", "/page"])
    (website,) = client.call("list_websites")
    assert website["subdomains"] == ["a.org", "b.org"]
    assert website["website_apps"] == [["more", "/"], ["page", "/page"]]
    for name, ip, https in (("x", IP, False), ("site", "1.1.1.1", False), ("site", IP, True)):
        assert "does not exist" in refusal(client.call, "update_website", name, ip, https, [], "")
        assert "does not exist" in refusal(client.call, "delete_website", name, ip, https)


@pytest.mark.parametrize(
    ("certificate", "mounts", "message"),
    [
        ("none", [], "Ssl certificate none does not exist"),
        ("", [["none", "/"]], "Application none does not exist"),
        ("", [["page", "blog"]], "must begin with a slash"),
        ("", [["page", "/"], ["page", "/"]], "only once"),
    ],
)
def test_a_website_refers_only_to_what_exists(
    client: Client, certificate: str, mounts: list[list[str]], message: str
) -> None:
    """On creation and update alike; the website stays as it was."""
    before = client.call("list_websites")
    for method, name in (("create_website", "new"), ("update_website", "site")):
        wrong = (method, name, IP, False, ["a.org"], certificate, *mounts)
        assert message in refusal(client.call, *wrong)
    assert client.call("list_websites") == before


def test_an_app_has_a_directory(client: Client, host: Host, tmp_path: Path) -> None:
    """Made empty or as a link with the app, and gone with it; a link's target stays."""
    (tmp_path / "target").mkdir()
    host.umask = 0o027
    client.call("create_app", "files", "static_php70")
    client.call("create_app", "link", "symlink_static_only", False, str(tmp_path / "target"))
    assert list((host.webapps / "files").iterdir()) == []
    assert (host.webapps / "files").stat().st_mode & 0o777 == 0o750
    assert (host.webapps / "link").resolve() == (tmp_path / "target").resolve()
    client.call("delete_app", "files")
    client.call("delete_app", "link")
    assert sorted(path.name for path in host.webapps.iterdir()) == ["page"]
    assert (tmp_path / "target").is_dir()


def test_apps_that_run_code_have_ports_of_their_own(client: Client) -> None:
    """Each has one, and apps that serve files have none."""
    types = ("django41", "mod_wsgi46-python35", "custom_app_with_port", "static_only")
    ports = [client.call("create_app", f"a{n}", kind)["port"] for n, kind in enumerate(types)]
    assert all(port > 0 for port in ports[:3])
    assert len(set(ports[:3])) == 3
    assert ports[3] == 0


def test_wrong_apps_are_refused(client: Client, host: Host) -> None:
    """Taken and odd names, unknown types, links to nowhere; and deleting what a website mounts."""
    assert "already exists" in refusal(client.call, "create_app", "page", "static_only")
    assert "alphanumeric" in refusal(client.call, "create_app", "../etc", "static_only")
    assert "type is not valid" in refusal(client.call, "create_app", "a", "static_php99")
    assert "absolute path" in refusal(client.call, "create_app", "a", "symlink70", False, "x")
    assert "used by site site" in refusal(client.call, "delete_app", "page")
    assert "does not exist" in refusal(client.call, "delete_app", "none")
    assert [app.name for app in host.snapshot().apps] == ["page"]
    client.call("delete_website", "site", IP, False)
    client.call("delete_app", "page")
    assert client.call("list_apps") == []


# Domains, DNS, files, commands


def test_subdomains_come_and_go(client: Client) -> None:
    """create_domain adds to a domain that exists, delete_domain removes labels or all."""
    client.call("create_domain", "example.com", "a.b", "www")
    (domain,) = client.call("list_domains")
    assert (domain["domain"], domain["subdomains"]) == ("example.com", ["www", "a.b"])
    client.call("delete_domain", "example.com", "a.b")
    assert client.call("list_domains")[0]["subdomains"] == ["www"]
    assert "does not exist" in refusal(client.call, "delete_domain", "example.com", "a.b")
    client.call("delete_domain", "example.com")
    assert client.call("list_domains") == []


def test_a_dns_override_needs_its_name(client: Client) -> None:
    """The name has to exist first; then two TXT records stand side by side, and go one by one."""

    def txt(method: str, value: str) -> tuple[str, ...]:
        name = "_acme-challenge.example.com"
        return (method, name, "", "", "", "", value, "", "")

    assert "does not exist" in refusal(client.call, *txt("create_dns_override", "one"))
    client.call("create_domain", "example.com", "_acme-challenge")
    client.call(*txt("create_dns_override", "one"))
    client.call(*txt("create_dns_override", "two"))
    assert "does not exist" in refusal(client.call, *txt("delete_dns_override", "three"))
    client.call(*txt("delete_dns_override", "one"))
    (left,) = client.call("list_dns_overrides")
    assert left["domain"] == "_acme-challenge.example.com"
    assert {key: value for key, value in left.items() if value and key != "domain"} == {
        "spf_record": "two"
    }
    delete = ("delete_domain", "example.com", "_acme-challenge")
    assert "has DNS overrides" in refusal(client.call, *delete)


def test_files_are_written_below_the_home_directory(client: Client, host: Host) -> None:
    """Relative names start there; modes append or replace; new files obey the account's umask."""
    host.umask = 0o027
    client.call("write_file", "webapps/page/f", "one é\n")
    client.call("write_file", "webapps/page/f", "two\n", "ab")
    client.call("replace_in_file", "webapps/page/f", ["one", "1"], ["two", "2"])
    file = host.webapps / "page" / "f"
    assert file.read_text() == "1 é\n2\n"
    assert file.stat().st_mode & 0o777 == 0o640
    client.call("write_file", "webapps/page/f", "new")
    assert file.read_text() == "new"
    assert "No such file" in refusal(client.call, "write_file", "none/f", "x")
    assert "No such file" in refusal(client.call, "replace_in_file", "none", ["a", "b"])
    assert "Mode" in refusal(client.call, "write_file", "f", "x", "r")


def test_commands_run_in_the_home_directory(client: Client, host: Host) -> None:
    """With the account's umask and HOME; output comes back, failure is a fault."""
    output = client.call("system", "umask; pwd; echo $HOME | wc -l; ls webapps")
    assert output == f"0022\n{host.home_directory}\n1\npage\n"
    failed = refusal(client.call, "system", "echo secret; echo sorry >&2; exit 3")
    assert "status 3: sorry" in failed


def test_cronjobs_ips_and_machines(client: Client) -> None:
    """The crontab is kept line by line; the account's address and machine are listed."""
    client.call("create_cronjob", "@daily true")
    assert "does not exist" in refusal(client.call, "delete_cronjob", "@daily false")
    client.call("delete_cronjob", "@daily true")
    assert client.call("list_ips") == [{"machine": "Web500", "ip": IP, "is_main": True}]
    assert client.call("list_machines") == [{"name": "Web500"}]


# The host


def test_scenes_obey_the_rules_of_the_api(host: Host) -> None:
    """A test can't set a scene that the panel would not allow."""
    before = host.snapshot()
    with pytest.raises(DataError, match="does not exist"):
        host.add_website("other", ("a.org",), (("none", "/"),))
    assert host.snapshot() == before


def test_listeners_hear_of_changes_only(client: Client, host: Host) -> None:
    """After each change, with the new state to be seen; not after a fault or a read."""
    seen: list[int] = []
    host.listeners.append(lambda: seen.append(len(host.snapshot().apps)))
    client.call("create_app", "a", "static_only")
    refusal(client.call, "create_app", "a", "static_only")
    client.call("list_apps")
    client.call("delete_app", "a")
    assert seen == [2, 1]


def test_calls_in_parallel_lose_nothing(api: ApiServer) -> None:
    """Of eight clients that create the same apps at once, each app is one client's."""
    refused: list[str] = []

    def create() -> None:
        client = Client(api)
        for n in range(10):
            try:
                client.call("create_app", f"a{n}", "static_only")
            except xmlrpc.client.Fault as fault:
                refused.append(fault.faultString)
        client.close()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 70
    assert len(api.host.snapshot().apps) == 11
    assert len({call.number for call in api.calls}) == len(api.calls) == 88


# The call log


def test_calls_are_logged_without_their_parameters(
    api: ApiServer, client: Client, pem: Callable[[str], tuple[str, str]]
) -> None:
    """Method, subject, sizes and outcome are there; passwords, sessions and keys are not."""
    leaf, key = pem("example.com")
    client.call("create_certificate", "c", leaf, key)
    refusal(client.call, "create_certificate", "c", leaf, key)
    client.call("list_certificates")
    assert api.calls.methods() == [
        "login",
        "create_certificate",
        "create_certificate",
        "list_certificates",
    ]
    created, again, listed = api.calls[1:]
    assert (created.number, created.subject, created.outcome) == (2, "c", "ok")
    assert again.outcome.startswith("fault: ")
    assert created.bytes_in > len(leaf + key)
    assert listed.bytes_out > len(leaf + key)
    assert 0 < created.duration < 60
    log = repr(api.calls)
    for secret in (client.password, client.session, key.splitlines()[1]):
        assert secret not in log


def test_another_process_can_read_the_log(tmp_path: Path, host: Host) -> None:
    """With a file, each call is a line of JSON before its answer arrives."""
    log = tmp_path / "calls.jsonl"
    with ApiServer(host, call_log=log) as api:
        client = Client(api)
        client.call("list_apps")
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert lines == [asdict(call) for call in api.calls]
        client.close()


# Failing


def test_a_reset_before_loses_the_call(api: ApiServer, client: Client, host: Host) -> None:
    """The connection is reset, nothing has happened, and the next call goes well."""
    api.faults.on(1, faults.RESET_BEFORE)
    with reset():
        client.call("create_app", "a", "static_only")
    assert len(host.snapshot().apps) == 1
    assert api.calls[-1].outcome == "reset before"
    client.call("create_app", "a", "static_only")


def test_a_reset_after_loses_only_the_answer(api: ApiServer, client: Client) -> None:
    """The connection is reset although the call was carried out."""
    api.faults.on(1, faults.RESET_AFTER)
    with reset():
        client.call("create_app", "a", "static_only")
    assert "already exists" in refusal(client.call, "create_app", "a", "static_only")


@pytest.mark.parametrize(("fault", "apps"), [(faults.HANG_BEFORE, 1), (faults.HANG_AFTER, 2)])
def test_a_hang_ends_with_the_server(host: Host, fault: faults.Fault, apps: int) -> None:
    """No answer comes while the server runs; closing it ends the call."""
    hangs, ended = threading.Event(), threading.Event()
    with ApiServer(host) as api:
        client = Client(api)
        api.faults.on(1, fault)
        api.after_call = lambda _number, _method: hangs.set()

        def call() -> None:
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                client.call("create_app", "a", "static_only")
            ended.set()

        threading.Thread(target=call).start()
        assert hangs.wait(60)
        assert not ended.wait(0.05)
        assert len(host.snapshot().apps) == apps
    assert ended.wait(60)
    client.close()


def test_a_hang_ends_with_the_client(api: ApiServer, client: Client) -> None:
    """A client that gives up leaves no thread behind."""
    before = set(threading.enumerate())  # some may be about to end
    api.faults.on(1, faults.HANG_AFTER)
    other = socket.create_connection(("127.0.0.1", api.port))
    body = xmlrpc.client.dumps((client.session,), "list_apps").encode()
    other.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    until(lambda: api.calls[-1].outcome == "hang after")
    other.close()
    until(lambda: set(threading.enumerate()) <= before)


def test_refused_calls_find_nobody_listening(api: ApiServer, client: Client) -> None:
    """The first call is answered, later ones are refused until the server listens again."""
    api.faults.on(2, faults.REFUSED)
    client.call("list_apps")
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            client.call("list_apps")
    api.start_listening()
    client.call("list_apps")


def test_refusing_can_end_by_itself(api: ApiServer, client: Client) -> None:
    """After the seconds that were ordered, calls are answered again."""
    client.close()
    api.faults.on(1, faults.Refused(seconds=2))
    with pytest.raises(ConnectionRefusedError):
        client.call("list_apps")
    until(lambda: api.is_listening)
    client.call("list_apps")


@pytest.mark.parametrize(
    ("fault", "apps", "error"),
    [
        (faults.HTTP_500, 1, http.client.HTTPException),
        (faults.TRUNCATED, 2, ExpatError),
        (faults.fault("Ouch."), 1, xmlrpc.client.Fault),
        (faults.SESSION_EXPIRED, 1, xmlrpc.client.Fault),
    ],
)
def test_answers_that_are_no_results(
    api: ApiServer, client: Client, host: Host, fault: faults.Fault, apps: int, error: type
) -> None:
    """Each fails in its own way, with or without effect."""
    api.faults.on(1, fault)
    with pytest.raises(error):
        client.call("create_app", "a", "static_only")
    assert len(host.snapshot().apps) == apps


def test_a_fault_that_was_ordered_comes_as_it_is(api: ApiServer, client: Client) -> None:
    """Its string is not spelled in any style, and markup in it survives."""
    api.faults.on(1, faults.fault("<b>[u'"))
    assert refusal(client.call, "list_apps") == "<b>[u'"


def test_an_expired_session_that_was_ordered_needs_a_login(api: ApiServer, client: Client) -> None:
    """It stays expired, as a real one does."""
    api.faults.on(1, faults.SESSION_EXPIRED)
    for _ in range(2):
        assert "LoginError" in refusal(client.call, "list_apps")
    client.login()
    client.call("list_apps")


def test_results_of_other_types_and_sizes(api: ApiServer, client: Client) -> None:
    """Wrong types, megabytes and deep nesting arrive as ordered."""
    api.faults.on(1, faults.wrong("apps"))
    assert client.call("list_apps") == "apps"
    api.faults.on(1, faults.wrong([1, 2]))
    assert client.call("list_apps") == [1, 2]
    api.faults.on(1, faults.huge(3))
    assert len(client.call("list_apps")) == 3 * 10**6
    api.faults.on(1, faults.nested(3))
    assert client.call("list_apps") == [[[1]]]


def test_orders_count_calls_or_calls_of_a_method(api: ApiServer, client: Client) -> None:
    """Each order counts from when it was given; one-off orders are used up."""

    def outcomes(*methods: str) -> list[str]:
        api.calls.clear()
        for method in methods:
            client.post(xmlrpc.client.dumps((client.session,), method).encode())
        return [call.outcome for call in api.calls]

    api.faults.on(2, faults.HTTP_500)
    api.faults.on(2, faults.TRUNCATED, "list_ips")
    assert outcomes("list_ips", "list_apps", "list_apps", "list_ips", "list_ips") == [
        "ok",
        "http 500",
        "ok",
        "truncated",
        "ok",
    ]
    api.faults.always(faults.HTTP_500, "list_ips")
    assert outcomes("list_ips", "list_apps", "list_ips") == ["http 500", "ok", "http 500"]
    api.faults.clear()
    assert outcomes("list_ips") == ["ok"]


def test_hooks_see_a_call_before_and_after_it_takes_effect(
    api: ApiServer, client: Client, host: Host
) -> None:
    """Both come before the client has an answer, with the call's number and method."""
    seen: list[tuple[str, int, str, int]] = []
    api.before_call = lambda *call: seen.append(("before", *call, len(host.snapshot().apps)))
    api.after_call = lambda *call: seen.append(("after", *call, len(host.snapshot().apps)))
    client.call("create_app", "a", "static_only")
    assert seen == [("before", 2, "create_app", 1), ("after", 2, "create_app", 2)]


def test_latency_is_paid_by_every_call(api: ApiServer, client: Client) -> None:
    """A call takes as long as was set, and little where nothing was."""
    client.call("list_apps")
    api.latency = 1
    client.call("list_apps")
    fast, slow = (call.duration for call in api.calls[-2:])
    assert fast < 1 <= slow


def test_latency_contains_the_work_of_a_call(host: Host) -> None:
    """The call takes effect at once, and only its answer is late; closing ends that wait."""
    with ApiServer(host) as api:
        client = Client(api)
        api.latency = 600

        def call() -> None:
            with suppress(ConnectionError):  # the answer may still come when the wait ends
                client.call("create_app", "a", "static_only")

        thread = threading.Thread(target=call)
        thread.start()
        until(lambda: len(host.snapshot().apps) == 2)
        assert api.calls.methods() == ["login"], "it is not answered yet"
    thread.join(60)
    assert not thread.is_alive()
    client.close()


def test_the_api_over_tls(host: Host, tmp_path: Path) -> None:
    """With a context it is https, resets included; a client that does not trust it is no harm."""
    certificate, key = tmp_path / "api.crt", tmp_path / "api.key"
    write_self_signed(certificate, key, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    trusting.check_hostname = False  # the address is 127.0.0.1
    with ApiServer(host, tls=context) as api:
        with pytest.raises(ssl.SSLError), xmlrpc.client.ServerProxy(api.url) as stranger:
            stranger.list_apps("")
        proxy: Any  # what a method returns is up to the server
        with xmlrpc.client.ServerProxy(api.url, context=trusting) as proxy:
            session, _account = proxy.login(host.username, host.password, "", 2)
            assert len(proxy.list_apps(session)) == 1
            api.faults.always(faults.RESET_BEFORE)
            # Python's ssl shows a reset as an end on some versions: a ConnectionResetError too.
            with pytest.raises(ConnectionResetError):
                proxy.list_apps(session)


def test_nothing_is_left_after_closing(host: Host) -> None:
    """No thread stays and nobody listens, even with an idle connection and an order to resume."""
    before = set(threading.enumerate())  # some may be about to end
    with ApiServer(host) as api:
        client = Client(api)
        idle = Client(api)
        api.faults.on(2, faults.Refused(seconds=60))
        client.call("list_apps")
    until(lambda: set(threading.enumerate()) <= before)
    with pytest.raises(ConnectionRefusedError):
        client.call("list_apps")
    client.close()
    idle.close()
