#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The broker configuration of deploy/mosquitto against the real Mosquitto.

Starts a broker of its own on loopback with the rendered templates and checks what Frugal relies on:
who may speak where, which limits hold, and that the revocation recipe of deploy/README.md works.
Needs mosquitto, mosquitto_pub, mosquitto_sub and openssl; skips without them. Ports are free ones.
"""

import getpass
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
TOOLS = ["mosquitto", "mosquitto_pub", "mosquitto_sub", "openssl"]
SITE = "site-1"


def which(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Authority:
    """A throw-away CA made with the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "index.txt").write_text("")
        (folder / "crlnumber").write_text("01\n")
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index.txt\n"
            f"crlnumber={folder}/crlnumber\ndefault_md=sha256\ndefault_crl_days=3000\n")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-days", "3650",
            "-subj", "/CN=test-ca")

    def issue(self, name, common_name, extension):
        base = self.folder / name
        (self.folder / "extension").write_text(extension)
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{base}.key", "-out", f"{base}.csr", "-subj", f"/CN={common_name}")
        run("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", self.folder / "ca.pem",
            "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", "3000",
            "-out", f"{base}.pem", "-extfile", self.folder / "extension")

    def write_crl(self):
        """A CRL is valid from 1970 to 9999: a wrong clock must never lock the fleet out."""
        target = self.folder / "revoked.crl"
        run("openssl", "ca", "-config", self.folder / "ca.cnf", "-gencrl",
            "-keyfile", self.folder / "ca.key", "-cert", self.folder / "ca.pem",
            "-crl_lastupdate", "19700101000000Z", "-crl_nextupdate", "99991231235959Z",
            "-out", f"{target}.new")
        os.rename(f"{target}.new", target)

    def revoke(self, name):
        run("openssl", "ca", "-config", self.folder / "ca.cnf", "-revoke",
            self.folder / f"{name}.pem", "-keyfile", self.folder / "ca.key",
            "-cert", self.folder / "ca.pem")
        self.write_crl()


@unittest.skipUnless(all(which(tool) for tool in TOOLS), "needs " + " ".join(TOOLS))
class BrokerTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frugal-broker-"))
        self.processes = []
        self.authority = Authority(self.folder)
        self.authority.issue("server", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        for name, common_name in [("dev-1", "dev-1"), ("dev-2", "dev-2"), ("plus", "+")]:
            self.authority.issue(name, common_name, "extendedKeyUsage=clientAuth")
        self.authority.write_crl()
        self.port = free_port()
        self.socket = self.folder / "mqtt.sock"
        self.render()
        self.log = open(self.folder / "broker.log", "w+b")
        self.broker = self.start(which("mosquitto"), "-c", self.folder / "frugal.conf")
        self.assertTrue(wait_until(self.answers), "the broker did not start")
        # Lines for the gateway arrive in this file, one "topic payload" each.
        self.received = self.listen(["--unix", self.socket, "-i", "frugald:site-1"],
                                    f"frugal/v1/{SITE}/+/up/#", "gateway.out")

    def tearDown(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def render(self):
        values = {"@SITE@": SITE, "@DIR@": str(self.folder), "@ADDRESS@": "127.0.0.1",
                  "@PORT@": str(self.port), "@SOCKET@": str(self.socket),
                  "@USER@": getpass.getuser()}
        for template in TEMPLATES.glob("*.in"):
            text = template.read_text()
            for key, value in values.items():
                text = text.replace(key, value)
            (self.folder / template.name[:-3]).write_text(text)

    def start(self, *command, stdout=None):
        output = stdout or self.log
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=self.log)
        self.processes.append(process)
        return process

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            return self.socket.exists()
        except OSError:
            return False

    def as_device(self, name):
        return ["-h", "localhost", "-p", self.port, "--cafile", self.folder / "ca.pem",
                "--cert", self.folder / f"{name}.pem", "--key", self.folder / f"{name}.key",
                "-i", "any"]

    def as_gateway(self, client="gateway-publish"):
        return ["--unix", self.socket, "-i", client]

    def publish(self, who, topic, payload, *options):
        command = ["mosquitto_pub", *who, "-q", "1", "-t", topic, "-m", payload, *options]
        return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                              stdout=self.log, stderr=self.log, timeout=20).returncode

    def listen(self, who, topic, file_name):
        """Starts a subscriber and returns a function that reads what it got so far."""
        path = self.folder / file_name
        with open(path, "wb") as output:
            self.start("mosquitto_sub", *who, "-t", topic, "-v", stdout=output)
        probe = topic.replace("+", "dev-1").replace("#", "probe")
        sender = self.as_device("dev-1") if "/up/" in topic else self.as_gateway()
        arrived = lambda: self.publish(sender, probe, "probe") == 0 and b"probe" in path.read_bytes()
        self.assertTrue(wait_until(arrived), f"no subscription to {topic}")
        return lambda: path.read_text()

    def settle(self):
        """Passes a marker through the broker: everything published before it has been handled."""
        marker = f"marker-{time.monotonic_ns()}"
        arrived = lambda: (self.publish(self.as_device("dev-1"),
                                        f"frugal/v1/{SITE}/dev-1/up/probe", marker) == 0
                           and marker in self.received())
        self.assertTrue(wait_until(arrived), "the gateway hears nothing any more")

    def reload(self):
        """Sends SIGHUP and waits for the warning that every reading of the ACL prints."""
        warning = b"does not contain"
        before = (self.folder / "broker.log").read_bytes().count(warning)
        self.broker.send_signal(signal.SIGHUP)
        log = lambda: (self.folder / "broker.log").read_bytes().count(warning)
        self.assertTrue(wait_until(lambda: log() > before), "the broker did not reload")

    def test_device_reaches_the_gateway_and_only_under_its_own_name(self):
        topic = f"frugal/v1/{SITE}/dev-2/up/hello"
        self.publish(self.as_device("dev-1"), topic, "foreign")
        self.publish(self.as_device("dev-1"), f"frugal/v1/{SITE}/all/chunk/a", "foreign")
        self.publish(self.as_device("plus"), topic, "foreign")
        self.publish(self.as_device("dev-2"), topic, "own")
        self.settle()
        self.assertIn("own", self.received())
        self.assertNotIn("foreign", self.received())

    def test_no_certificate_no_connection(self):
        who = ["-h", "localhost", "-p", self.port, "--cafile", self.folder / "ca.pem", "-i", "a"]
        self.assertNotEqual(0, self.publish(who, f"frugal/v1/{SITE}/dev-1/up/hello", "x"))

    def test_unix_socket_has_no_use_for_user_names(self):
        who = self.as_gateway() + ["-u", "dev-1"]
        self.publish(who, f"frugal/v1/{SITE}/dev-1/up/hello", "pretended")
        self.publish(self.as_gateway(), f"frugal/v1/{SITE}/dev-1/up/hello", "pretended")
        self.settle()
        self.assertNotIn("pretended", self.received())

    def test_device_reads_its_own_commands_only(self):
        got = self.listen(self.as_device("dev-2"), f"frugal/v1/{SITE}/dev-2/down/#", "dev-2.out")
        everything = self.listen(self.as_device("dev-1"), f"frugal/v1/{SITE}/dev-1/down/#", "d.out")
        self.publish(self.as_gateway(), f"frugal/v1/{SITE}/dev-2/down/desired", "for-two")
        self.assertTrue(wait_until(lambda: "for-two" in got()))
        self.settle()
        self.assertNotIn("for-two", everything())

    def test_retained_and_oversized_are_refused(self):
        topic = f"frugal/v1/{SITE}/dev-1/up/hello"
        self.assertNotEqual(0, self.publish(self.as_device("dev-1"), topic, "kept", "-r"))
        large = self.folder / "large"
        large.write_bytes(b"L" * 40000)
        command = ["mosquitto_pub", *self.as_device("dev-1"), "-t", topic, "-f", large]
        subprocess.run(list(map(str, command)), stdout=self.log, stderr=self.log, timeout=20)
        self.settle()
        self.assertNotIn("kept", self.received())
        self.assertNotIn("LLLL", self.received())

    def test_announced_giant_packet_closes_the_connection_without_memory(self):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "dev-1.pem", self.folder / "dev-1.key")
        raw = socket.create_connection(("localhost", self.port))
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.settimeout(10)
            tls.send(bytes([0x10, 13]) + b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
            self.assertEqual(b"\x20\x02\x00\x00", tls.recv(4))
            tls.send(bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F]))
            self.assertEqual(b"", tls.recv(1))
        status = Path(f"/proc/{self.broker.pid}/status").read_text()
        virtual_kb = int(status.split("VmSize:")[1].split()[0])
        self.assertLess(virtual_kb, 128 * 1024)

    def test_revocation_closes_the_connection_and_keeps_it_closed(self):
        got = self.listen(self.as_device("dev-2"), f"frugal/v1/{SITE}/dev-2/down/#", "dev-2.out")
        self.authority.revoke("dev-2")
        self.reload()
        # The kick: the gateway takes the device's client id on its own socket and holds it.
        holder = self.start("mosquitto_sub", *self.as_gateway("dev-2"), "-t", "none")
        topic = f"frugal/v1/{SITE}/dev-2"
        refused = lambda: self.publish(self.as_device("dev-2"), f"{topic}/up/hello", "late") != 0
        self.assertTrue(refused())
        self.publish(self.as_gateway(), f"{topic}/down/desired", "after")
        self.settle()
        self.assertNotIn("after", got())
        self.assertNotIn("late", self.received())
        self.assertIsNone(holder.poll(), "the device came back and took its id again")

    def test_other_sessions_live_through_a_reload(self):
        got = self.listen(self.as_device("dev-1"), f"frugal/v1/{SITE}/dev-1/down/#", "dev-1.out")
        self.authority.revoke("dev-2")
        self.reload()
        self.publish(self.as_gateway(), f"frugal/v1/{SITE}/dev-1/down/desired", "still-here")
        self.assertTrue(wait_until(lambda: "still-here" in got()))
        self.settle()


if __name__ == "__main__":
    unittest.main()
