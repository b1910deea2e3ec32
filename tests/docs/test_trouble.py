"""Whoever looks for an error or a warning finds it in trouble.rst, by its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.docs.pages import DOCS, ROOT

PACKAGE = ROOT / "certbot_webfaction"

NO_MESSAGES: Mapping[str, str] = {
    "notify": "tells what was done",
    "print": "tells what was found; the errors in it come from elsewhere",
    "say": "likewise",
    "debug": "only for the log",
    "info": "only for the log",
    "add": "help",
    "add_argument": "help",
    "add_argument_group": "help",
    "add_parser": "help",
    "ArgumentParser": "help",
    "text": "a question",
    "secret": "a question",
    "agrees": "a question",
    "Fine": "all is well",
    "Note": "not wrong, and says what to do",
    "tell_unmade": "follows from what is wrong above it",
    "_write": "what it takes completes and follows “WebFaction refused to”",
    "_create": "likewise",
    "_update": "likewise",
    "_upload": "likewise",
    "_delete": "likewise",
    "_get": "likewise",
    "TypeError": "caught, and told as no answer",
    "read": "what it takes completes “… refused to”",
    "read_as": "likewise",
    "write": "likewise",
    "_edit": "likewise",
    "check_feature": "likewise",
    "wait_until_right": "what is being waited for",
    "compile": "a pattern",
    "findall": "likewise",
    "require": "certbot's own message",
}
"""Calls whose texts are no errors or warnings, with the reason."""

NO_MESSAGES_IN: Mapping[str, str] = {
    "more_info": "for certbot plugins",
    "_say_what_next": "tells what to do next",
    "_tell_renewing": "likewise",
    "_keeper": "tells what is good",
    "_whose": "likewise",
    "certbot_lines": "commands to copy",
    "find_schedule": "tells what renews",
    "_install": "a remedy; stands below what is wrong",
    "_restore": "a remedy; stands below what is wrong",
    "_correct_paths": "likewise",
    "_link_anew": "likewise",
}
"""Functions, likewise."""

NOT_SHOWN: Mapping[str, str] = {
    "in the panel under Files, Directory Privacy": "completes a cause",
    "The certificate … is not in the panel": "caught, and told as a certificate that is gone",
    "Issue it anew": "what to do about the text before it",
    "Name a file with a certificate, in PEM": "likewise",
    "the last row fits every exception": "can't happen",
    "Add a line to the crontab that renews certificates (…)?": "a question",
    "(the new one)": "stands for a password in a change that is shown",
    "(the old one)": "likewise",
    "No such file": "looked for in what crontab(1) says",
    "written over its API": "all is well",
    "the panel's own look": "the title of a check",
    "list the installed certificates": "completes “cPanel refused to”",
    "publish a TXT record at": "likewise",
    "remove a TXT record at": "likewise",
    "out of step": "the head of a table",
    "all in step": "likewise",
    "Do you agree to the terms of service of the CA (…)?": "a question",
    "true or false": "ends “this version can't read”",
    "a pair of texts": "likewise",
}
"""Texts that nobody gets to see, with the reason."""

EXPLAINED = re.compile(r"(Explained|Panel\w*|ChangedByHand|Impossible|\w*Refused)Error|Hindrance")
"""Messages in parts: what happened, then what to do."""

TABLES = (
    *("_CAUSES", "_HOSTS_OWN", "_FAILURES", "_ENDED", "_REASONS", "_ANSWERS"),
    *("_HTACCESS", "_INTERFERENCE", "Trouble"),
)
"""Module-level names whose values are messages."""


def messages(module: ast.Module) -> Iterator[str]:
    """The texts in a module that can be part of an error or a warning."""
    for node in module.body:
        names = {getattr(target, "id", "") for target in getattr(node, "targets", [])}
        names |= {getattr(getattr(node, "target", None), "id", ""), getattr(node, "name", "")}
        if isinstance(node, ast.FunctionDef) or names & set(TABLES):
            yield from _texts(node)
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield from _texts(method)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef) and node.name in NO_MESSAGES_IN:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Assign | ast.AugAssign) and _target(node) in ("remedy", "todo"):
        return  # what to do stands after what is wrong
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in NO_MESSAGES:
            return
        if called == "Problem":  # its remedy stands below it
            yield from _texts(node.args[1])
            return
        if EXPLAINED.fullmatch(called):  # what to do stands after it
            yield from _texts(node.args[0])
            return
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        yield "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        if not isinstance(node, ast.JoinedStr) or not isinstance(child, ast.Constant):
            yield from _texts(child)


def _target(node: ast.Assign | ast.AugAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return getattr(target, "id", "")


def hostless(text: str) -> str:
    """A text with … for what a host calls its sites, as the code has it."""
    return re.sub(r"\b(https? website|site) …", "…", text)


def key(message: str) -> str:
    """What to look for: the first sentence of three words or more, what varies in it as `…`.

    `""` where there is none: such words are parts of another text.
    """
    text = re.sub(r"%[sdg]|\{[\w:]*\}|……", "…", message)
    for sentence in re.split(r"(?<=[.:])\s+", " ".join(text.split())):
        trimmed = re.sub(r"…+", "…", sentence).strip("…., :“”")
        if len(re.findall(r"(?<!\S)\S*[A-Za-z]{2}\S*", trimmed)) >= 3:
            return trimmed
    return ""


def keys() -> dict[str, str]:
    """What to look for, each with the module that has it."""
    found = {}
    for path in sorted(set(PACKAGE.rglob("*.py")) - {PACKAGE / "phrases.py"}):  # commands to copy
        for text in messages(ast.parse(path.read_text(encoding="utf-8"))):
            if wanted := key(text):
                found[wanted] = str(path.relative_to(PACKAGE))
    return found


def page() -> str:
    """The page's text on one line."""
    return hostless(" ".join((DOCS / "trouble.rst").read_text(encoding="utf-8").split()))


def test_every_error_and_warning_is_on_the_page() -> None:
    """By its first sentence, with … for what varies."""
    text = page()
    told = {known: module for known, module in keys().items() if known not in NOT_SHOWN}
    missing = [f"{where}: {known}" for known, where in told.items() if hostless(known) not in text]
    assert not missing, "\n".join(missing)


def test_what_is_exempt_is_there() -> None:
    """No exemption outlives its text."""
    assert set(NOT_SHOWN) <= set(keys())


def test_every_error_on_the_page_is_one_of_the_package() -> None:
    """A text that was changed in the code does not stay on the page beside the new one."""
    known = set(map(hostless, keys()))
    text = (DOCS / "trouble.rst").read_text(encoding="utf-8")
    quoted = re.findall(r"^ *- ``(.+)``$", text, re.MULTILINE)
    assert len(quoted) > 100
    stale = [quote for quote in quoted if not any(each in hostless(quote) for each in known)]
    assert not stale, "\n".join(stale)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ('raise Error(f"The file {p} is too old. Get {p} anew.")', "The file … is too old"),
        ('logger.warning("It took %d s to come.", p)', "It took … s to come"),
        ('return ", ".join(["nobody knows", f"what {p} does here"])', "what … does here"),
        ('notify("It is all as it should be.")', None),
        ('"""It is all as it should be."""', None),
    ],
)
def test_messages_are_found_in_code(statement: str, found: str | None) -> None:
    """Wherever they stand in a function, and nothing else is taken for one."""
    module = ast.parse(f"def f(p):\n    {statement}")
    collected = [wanted for text in messages(module) if (wanted := key(text))]
    assert collected[-1:] == ([found] if found else [])
