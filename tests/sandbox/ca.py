"""The CA and the public DNS of the sandbox: Pebble and pebble-challtestsrv."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import Host
from tests.sandbox.processes import Processes

VALIDITY_SECONDS = 90 * 24 * 3600
"""How long its certificates last: as long as Let's Encrypt's do by default."""


@dataclass(frozen=True)
class Habits:
    """How the CA behaves (Pebble's README): the defaults are swift and kind.

    ``nonce_reject`` and ``authz_reuse`` are percentages, ``validation_seconds`` the longest random
    wait before a validation, ``alternate_roots`` how many chains there are beside the default one,
    ``chain_length`` how many intermediates a chain has.
    """

    nonce_reject: int = 0
    authz_reuse: int = 0
    validation_seconds: int = 0
    alternate_roots: int = 1
    chain_length: int = 1

    def environment(self) -> dict[str, str]:
        """The same as Pebble's environment variables."""
        sleep = {"PEBBLE_VA_SLEEPTIME": str(self.validation_seconds)}
        return {
            "PEBBLE_WFE_NONCEREJECT": str(self.nonce_reject),
            "PEBBLE_AUTHZREUSE": str(self.authz_reuse),
            "PEBBLE_ALTERNATE_ROOTS": str(self.alternate_roots),
            "PEBBLE_CHAIN_LENGTH": str(self.chain_length),
            **(sleep if self.validation_seconds else {"PEBBLE_VA_NOSLEEP": "1"}),
        }


class CA:
    """A real CA whose validations reach the sandbox's front end and DNS.

    ``url`` is its ACME directory; ``bundle`` the file of the certificate to trust when talking to
    it, which has nothing to do with the roots of the certificates that it issues.
    """

    def __init__(self, processes: Processes, http_port: int, habits: Habits) -> None:
        self._processes = processes
        self._directory = processes.directory / "ca"
        self._directory.mkdir()
        self._http_port = http_port
        self._habits = habits
        self._port, self._management_port = processes.port(), processes.port()
        self._log_start = 0
        self.dns = Dns(processes)
        self.url = f"https://localhost:{self._port}/dir"
        self.bundle = self._directory / "acme.pem"

    def start(self) -> None:
        """Start both servers; they answer after `wait_until_up`."""
        self.dns.start()
        key = self._directory / "acme-key.pem"
        write_self_signed(self.bundle, key, "localhost")
        config = {
            "listenAddress": f"127.0.0.1:{self._port}",
            "managementListenAddress": f"127.0.0.1:{self._management_port}",
            "certificate": str(self.bundle),
            "privateKey": str(key),
            "httpPort": self._http_port,
            "tlsPort": 1,  # for tls-alpn-01, which nobody here uses
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": VALIDITY_SECONDS,
        }
        path = self._directory / "pebble.json"
        path.write_text(json.dumps({"pebble": config}))
        self._process = self._processes.start(
            "pebble",
            ["pebble", "-config", path, "-dnsserver", f"127.0.0.1:{self.dns.port}"],
            env=self._habits.environment(),
        )

    def wait_until_up(self) -> None:
        """Wait until ACME is spoken and names are answered."""
        self.dns.wait_until_up()
        self._process.wait_until(lambda: "ACME directory available" in self._whole_log(), "start")

    def roots(self) -> str:
        """All roots of the chains that it offers, PEM, the default chain's first."""
        return "".join(self._root(number) for number in range(self._habits.alternate_roots + 1))

    def log(self) -> str:
        """What the CA logged since the last `forget`."""
        return self._whole_log()[self._log_start :]

    def orders(self) -> int:
        """How many orders were made since the last `forget`."""
        return self.log().count("Added order ")

    def validations(self) -> int:
        """How many challenges the CA was asked to validate since the last `forget`."""
        return self.log().count("Pulled a task from the Tasks queue")

    def forget(self) -> None:
        """Let `log` and the counts start anew, and the public DNS be empty."""
        self._log_start = len(self._whole_log())
        self.dns.clear()

    def _root(self, number: int) -> str:
        url = f"https://localhost:{self._management_port}/roots/{number}"
        response = requests.get(url, verify=str(self.bundle), timeout=60)
        response.raise_for_status()
        return response.text

    def _whole_log(self) -> str:
        log = self._process.log
        return log.read_text() if log.exists() else ""  # the server makes it once it runs


class Dns:
    """The public DNS: each name is at 127.0.0.1, plus the TXT and CNAME records of the panel."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self.port, self._management_port = processes.port(), processes.port()
        self._lock = threading.Lock()
        self._texts: dict[str, list[str]] = {}
        self._aliases: dict[str, str] = {}

    def start(self) -> None:
        """Start the name server; it answers after `wait_until_up`."""
        off = [part for name in ("http01", "https01", "tlsalpn01") for part in (f"-{name}", "")]
        self._process = self._processes.start(
            "dns",
            [
                *("pebble-challtestsrv", *off, "-defaultIPv6", ""),
                *("-dns01", f"127.0.0.1:{self.port}"),
                *("-management", f"127.0.0.1:{self._management_port}"),
            ],
        )

    def wait_until_up(self) -> None:
        """Wait until it can be told of records."""
        self._process.wait_until(self._is_up, "start")

    def mirror(self, host: Host) -> None:
        """Publish what the host's DNS overrides say now, and nothing else."""
        with self._lock:
            texts: dict[str, list[str]] = {}
            aliases: dict[str, str] = {}
            for record in host.snapshot().dns_overrides:
                if record.spf_record:
                    texts.setdefault(record.domain.lower(), []).append(record.spf_record)
                if record.cname:
                    aliases[record.domain.lower()] = record.cname.lower()
            self._publish(texts, aliases)

    def publish(self, texts: Mapping[str, list[str]], aliases: Mapping[str, str]) -> None:
        """Publish these TXT values and CNAME targets by name, and nothing else."""
        with self._lock:
            self._publish(dict(texts), dict(aliases))

    def texts(self, name: str) -> set[str]:
        """The TXT records at a name as anybody sees them (RFC 1035, section 4), asked over UDP."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = labels + b"\0" + struct.pack("!HH", 16, 1)  # TXT, Internet
        header = struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(header + question, ("127.0.0.1", self.port))
            answer = client.recv(4096)
        count = struct.unpack("!H", answer[6:8])[0]
        rest = answer[len(header + question) :]
        texts = set()
        for _ in range(count):
            end = rest.index(b"\0") + 1  # names are sent whole, or end in a pointer of two bytes
            kind, _class, _ttl, length = struct.unpack("!HHIH", rest[end : end + 10])
            data = rest[end + 10 : end + 10 + length]
            if kind == 16:
                texts.add(data[1 : 1 + data[0]].decode())
            rest = rest[end + 10 + length :]
        return texts

    def clear(self) -> None:
        """Publish no record but the addresses."""
        with self._lock:
            self._publish({}, {})

    def _publish(self, texts: dict[str, list[str]], aliases: dict[str, str]) -> None:
        """Bring the server from what it has to this: it can only add a value or drop a name."""
        for name in self._texts.keys() | texts.keys():
            before, after = self._texts.get(name, []), texts.get(name, [])
            if before != after[: len(before)]:
                self._tell("clear-txt", host=f"{name}.")
                before = []
            for value in after[len(before) :]:
                self._tell("set-txt", host=f"{name}.", value=value)
        for name in self._aliases.keys() - aliases.keys():
            self._tell("clear-cname", host=f"{name}.")
        for name, target in aliases.items():
            self._tell("set-cname", host=f"{name}.", target=f"{target}.")
        self._texts, self._aliases = texts, aliases

    def _tell(self, what: str, **record: str) -> None:
        url = f"http://127.0.0.1:{self._management_port}/{what}"
        requests.post(url, json=record, timeout=60).raise_for_status()

    def _is_up(self) -> bool:
        try:
            self._tell("clear-txt", host="up.invalid.")
        except requests.ConnectionError:
            return False
        return True
