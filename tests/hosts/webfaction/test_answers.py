"""Answers of the API in the words of the model, and what its faults say."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certbot_webfaction.hosts.webfaction import answers
from certbot_webfaction.hosts.webfaction.model import App, DnsRecord, Domain, Mount, Website
from certbot_webfaction.hosts.wire import NoAnswerError

WEBSITE = {
    "id": 7,
    "name": "shop",
    "ip": "192.0.2.80",
    "https": True,
    "subdomains": ["shop.example.com"],
    "website_apps": [["shop", "/"]],
    "certificate": "shop_example_com",
}
CERTIFICATE = {
    "id": 7,
    "name": "shop_example_com",
    "domains": "shop.example.com,www.shop.example.com",
    "expiry_date": "2026-02-28",
    "certificate": "LEAF",
    "private_key": "THE-KEY",
    "intermediates": "CHAIN",
}
ACCOUNT = {"id": 7, "username": "alice", "home": "/home", "web_server": "Web500", "version": 2}


def _website(**changes: Any) -> Website:
    (website,) = answers.websites([WEBSITE | changes])
    return website


def test_website_is_read() -> None:
    """All that the model has; unknown keys pass."""
    assert _website(color="red") == Website(
        "shop",
        "192.0.2.80",
        True,
        ("shop.example.com",),
        (Mount("shop", "/"),),
        "shop_example_com",
    )


@pytest.mark.parametrize("certificate", [None, ""])
def test_website_without_a_certificate_has_the_shared_one(certificate: str | None) -> None:
    """However that is said."""
    assert _website(certificate=certificate).certificate == ""


def test_website_of_a_session_that_names_no_certificate_is_read() -> None:
    """The key may be missing."""
    struct = {key: value for key, value in WEBSITE.items() if key != "certificate"}
    assert answers.websites((struct,))[0].certificate == ""


def test_websites_are_read_to_the_letter() -> None:
    """An update sends them back, so nothing that it does not change may come back otherwise."""
    website = _website(
        subdomains=("Shop.Example.COM", "a.test"),
        website_apps=(("static", "/static/"), ("shop", ""), ("blog", "blog")),
    )
    assert website.domains == ("Shop.Example.COM", "a.test")
    assert website.mounts == (Mount("static", "/static/"), Mount("shop", ""), Mount("blog", "blog"))


def test_domains_of_the_dns_are_read_in_lower_case() -> None:
    """DNS knows no case, comparing does."""
    assert answers.domains([{"domain": "Example.COM", "subdomains": ["WWW"]}]) == (
        Domain("example.com", ("www",)),
    )


@pytest.mark.parametrize("key", ["name", "ip", "https", "subdomains", "website_apps"])
@pytest.mark.parametrize("value", [None, 7, {"a": 1}, [7], [[7]], [["shop"]], [["shop", 7]]])
def test_field_of_the_wrong_type_is_named(key: str, value: Any) -> None:
    """With the place of its website in the answer."""
    with pytest.raises(NoAnswerError, match=rf"list_websites\[1\]\.{key}.* is not") as raised:
        answers.websites([WEBSITE, WEBSITE | {key: value}])
    assert raised.value.reached
    assert raised.value.passing


def test_certificate_is_read_without_its_key() -> None:
    """Names, the last day, the leaf and the chain."""
    (certificate,) = answers.certificates([CERTIFICATE])
    assert certificate.name == "shop_example_com"
    assert certificate.domains == ("shop.example.com", "www.shop.example.com")
    assert certificate.expires == datetime.date(2026, 2, 28)
    assert (certificate.leaf, certificate.chain) == ("LEAF", "CHAIN")
    assert "THE-KEY" not in repr(vars(certificate))


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2026, 2, 28),
        datetime.datetime(2026, 2, 28, 23, 59),
        "20260228T23:59:59",
        "2026-02-28T23:59:59",
        "2026-02-28 23:59:59",
        "20260228",
    ],
)
def test_expiry_is_read_in_any_spelling_of_a_date(value: object) -> None:
    """A date value of XML-RPC, or a time after it, says the same."""
    (certificate,) = answers.certificates([CERTIFICATE | {"expiry_date": value}])
    assert certificate.expires == datetime.date(2026, 2, 28)


@pytest.mark.parametrize("value", ["", "soon", None, "2026-02-30", "2026-02-281", 7, [], True])
def test_unreadable_expiry_is_unknown(value: object) -> None:
    """The leaf has it too, so the list is read all the same."""
    (certificate,) = answers.certificates([CERTIFICATE | {"expiry_date": value}])
    assert certificate.expires is None


def test_certificate_domains_are_read_from_odd_lists() -> None:
    """Blanks, capitals, nothing."""
    (certificate,) = answers.certificates([CERTIFICATE | {"domains": " A.example, ,b"}])
    assert certificate.domains == ("a.example", "b")


HOME = "/home/alice"


@pytest.mark.parametrize(
    ("type", "extra_info", "directory", "htaccess"),
    [
        # Served by the front end, which knows no .htaccess.
        ("static_only", "", f"{HOME}/webapps/shop", False),
        ("symlink_static_only", "/home/alice/site", "/home/alice/site", False),
        # Served by Apache.
        ("static_php54", "", f"{HOME}/webapps/shop", True),
        ("static_php70", "", f"{HOME}/webapps/shop", True),
        ("symlink70", "/srv/site", "/srv/site", True),
        ("symlink54", "site/public", f"{HOME}/site/public", True),
        ("wordpress_4.9.1", "", f"{HOME}/webapps/shop", True),
        ("wordpress_491", "", f"{HOME}/webapps/shop", True),
        # A link to nowhere that could be told.
        ("symlink70", "", None, False),
        ("symlink_static_only", "/home/alice/a\nb", None, False),
        # Run code.
        ("django", "", None, False),
        ("mod_wsgi464-python27", "", None, False),
        ("custom_app_with_port", "", None, False),
        ("static_phpinfo", "", None, False),
        ("not_static_only", "", None, False),
        ("", "", None, False),
    ],
)
def test_type_tells_whether_and_where_files_are_served(
    type: str, extra_info: str, directory: str | None, htaccess: bool
) -> None:
    """API page, section "Applications"."""
    listed = [{"id": 7, "name": "shop", "type": type, "extra_info": extra_info, "port": 0}]
    assert answers.apps(listed, HOME) == (App("shop", type, directory, htaccess),)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "a b", "é", "a\n", "$(x)"])
@pytest.mark.parametrize("type", ["static_only", "symlink70"])
def test_app_name_that_is_no_directory_name_has_none(name: str, type: str) -> None:
    """Names from the panel are not trusted as paths."""
    listed = [{"name": name, "type": type, "extra_info": "/srv"}]
    assert answers.apps(listed, HOME) == (App(name, type, None, False),)


@pytest.mark.parametrize("name", ["shop", "a.b", "-x", "_", "..."])
def test_app_name_of_plain_letters_is_a_directory(name: str) -> None:
    """The neighbours of the names above."""
    listed = [{"name": name, "type": "static_only"}]
    assert answers.apps(listed, HOME)[0].directory == f"{HOME}/webapps/{name}"


def test_txt_and_cname_records_are_read_from_overrides() -> None:
    """One override may hold both, or neither."""
    listed = [
        {"domain": "A.example.com", "spf_record": "v=spf1", "cname": "b.example.com", "a_ip": ""},
        {"domain": "mail.example.com", "mx_name": "mx.example.com", "mx_priority": 10},
        {"domain": "c.example.com", "spf_record": None, "cname": ""},
    ]
    assert answers.dns_records(listed) == (
        DnsRecord("a.example.com", "TXT", "v=spf1"),
        DnsRecord("a.example.com", "CNAME", "b.example.com"),
    )


def test_session_is_read_with_the_absolute_home() -> None:
    """The API's ``home`` is the parent of the home directory."""
    session = answers.session(["abc", ACCOUNT], "alice")
    account = session.account
    assert session.id == "abc"
    assert "abc" not in repr(session)
    assert (account.username, account.home, account.web_server) == ("alice", HOME, "Web500")


@pytest.mark.parametrize(
    "changes", [{"home": "home"}, {"username": "../bob"}, {"username": ""}, {"home": None}]
)
def test_home_that_is_no_directory_is_refused(changes: dict[str, Any]) -> None:
    """Files are written below it."""
    with pytest.raises(NoAnswerError, match=r"login.* is not"):
        answers.session(["abc", ACCOUNT | changes], "alice")


@pytest.mark.parametrize("answer", [["", ACCOUNT], [7, ACCOUNT], ["abc"], "abc", ["abc", 7]])
def test_answer_without_a_session_is_refused(answer: Any) -> None:
    """Every other call needs one."""
    with pytest.raises(NoAnswerError, match=r"login.* is not"):
        answers.session(answer, "alice")


def test_session_without_a_user_name_is_that_of_the_login() -> None:
    """The name is known already."""
    struct = {"home": "/home"}
    assert answers.session(("abc", struct), "alice").account.home == HOME


@pytest.mark.parametrize(("answer", "text"), [("é\n", "é\n"), (b"\xff\n", "�\n"), (None, "")])
def test_output_is_text(answer: Any, text: str) -> None:
    """However the panel sends it."""
    assert answers.output(answer) == text


def test_output_of_another_type_is_refused() -> None:
    """It could not be told what it means."""
    with pytest.raises(NoAnswerError, match="system is not text"):
        answers.output(7)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def _structs(*right: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A list of structs that have some of the right fields, and some wrong or unknown ones."""
    keys = st.sampled_from(sorted({key for struct in right for key in struct}))

    def damaged(struct: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.builds(
            lambda missing, wrong: {
                key: value for key, value in (struct | wrong).items() if key not in missing
            },
            st.sets(keys, max_size=2),
            st.dictionaries(keys | st.text(max_size=3), VALUES, max_size=2),
        )

    return st.lists(st.one_of(*map(damaged, right)) | VALUES, max_size=3) | VALUES


@given(
    _structs(
        WEBSITE,
        CERTIFICATE,
        ACCOUNT,
        {"name": "shop", "type": "static_only", "extra_info": ""},
        {"domain": "example.com", "subdomains": ["www"], "spf_record": "a", "cname": ""},
    )
)
def test_any_answer_is_read_or_refused(answer: Any) -> None:
    """No other exception escapes a reader, whatever the panel sends."""
    for read in (
        answers.websites,
        answers.certificates,
        answers.domains,
        answers.dns_records,
        answers.output,
        lambda answer: answers.apps(answer, HOME),
        lambda answer: answers.session(answer, "alice"),
    ):
        with contextlib.suppress(NoAnswerError):
            read(answer)


# Faults: string in, words out

FAULTS = {
    # The three recorded spellings.
    "<class 'webfaction_api.exceptions.LoginError'>:": "LoginError",
    "<class 'webfaction_api.exceptions.DataError'>:[u'What was wrong.']": "What was wrong.",
    "[u'Value must be alphanumeric only']": "Value must be alphanumeric only",
    "LoginError": "LoginError",
    'Not allowed to login to machine "web123"': 'Not allowed to login to machine "web123"',
    "Ssl certificate with this Name and Account already exists.": (
        "Ssl certificate with this Name and Account already exists."
    ),
    # Variants of them.
    "<class 'webfaction_api.exceptions.DataError'>:[u'One.', u'Two.']": "One. Two.",
    "<class 'webfaction_api.exceptions.DataError'>": "DataError",
    "<class 'webfaction_api.exceptions.DataError'>: []": "DataError",
    "<class 'DataError'>:plain words": "plain words",
    "<type 'exceptions.TypeError'>:login() takes 3": "login() takes 3",
    """[u"It's wrong.", 'It "is".']""": """It's wrong. It "is".""",
    r"[u'Gr\xf6\u00dfe \U0001f600 \\ \' a\nb']": "Größe 😀 \\ ' a\nb",
    "  LoginError\n": "LoginError",
    # What can't be read is shown as it came.
    "[u'unfinished": "[u'unfinished",
    "{'name': [u'This field is required.']}": "{'name': [u'This field is required.']}",
    "[u'a', 7]": "[u'a', 7]",
    "['a' + 'b']": "['a' + 'b']",
    r"['\q']": r"['\q']",
    "<class 'x": "<class 'x",
    "": "",
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.items())
def test_fault_is_put_into_words(fault: str, words: str) -> None:
    """Each spelling that was recorded, and others as they came."""
    assert answers.fault_words(fault) == words


@given(st.text() | st.from_regex(r"(<class '[\w.]+'>:)?\[(u?'([^']|\\.)*',? ?)*\]?"))
@example(f"[u'{'x' * 4000}']")
@example("x" * 10**6)
@example(r"[u'\ud800']")
@example("\r")
def test_any_fault_is_put_into_words(fault: str) -> None:
    """Words come of all that a fault may hold; they may be none only where it has none."""
    assert answers.fault_words(fault) or not "".join(fault.split()).strip("[]u',\"")


@given(st.lists(st.text(st.characters(max_codepoint=0xFFFF), max_size=20), min_size=1, max_size=3))
def test_list_of_messages_is_read_as_python_2_wrote_it(messages: list[str]) -> None:
    """Whatever quotes and escapes its repr has."""
    listed = f"[{', '.join('u' + ascii(message) for message in messages)}]"
    assert answers.fault_words(listed) == " ".join(messages)


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        ("<class 'webfaction_api.exceptions.LoginError'>:", True),
        ("LoginError", True),
        ("Session does not exist.", True),
        ("[u'Your session has expired']", True),
        ("[u'Value must be alphanumeric only']", False),
        ("Application is used by site shop.", False),
    ],
)
def test_fault_of_an_expired_session_is_known(fault: str, ended: bool) -> None:
    """It was never recorded, so by the words that it is likely to have."""
    assert answers.is_session_fault(fault) is ended
