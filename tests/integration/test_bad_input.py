#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong outside the daemon (I2, I13, I16, I21; F1, F2).

Each case brings a text with cause and remedy to where the person looks: standard error and exit
status 1 or 2 at the start, a problem document from the interface, a line in the log. Nothing that
was accepted is lost by it, and a running daemon keeps running.
"""

import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import unittest

import fleet
import foreign_device
from foreign_device import ForeignDevice, run


def file_digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@fleet.needs("mosquitto")
class StartTest(unittest.TestCase):
    """What keeps the daemon from starting: it says so and ends, and has changed nothing."""

    @classmethod
    def setUpClass(cls):
        cls.site = fleet.Site()
        cls.addClassCleanup(cls.site.__exit__, None, None, None)
        with open(cls.site.config, encoding="utf-8") as file:
            cls.config_text = file.read()
        cls.site.start_all()
        cls.site.add_device("stays")
        cls.site.gateway.stop()

    def tearDown(self):
        """With the cause away the daemon starts and knows what it knew."""
        self.write_config(self.config_text)
        self.site.start_gateway()
        self.assertEqual("registered", self.site.device("stays")["state"])
        self.assertEqual(0, self.site.gateway.stop())

    def write_config(self, text):
        with open(self.site.config, "w", encoding="utf-8") as file:
            file.write(text)

    def assert_refuses(self, status, *words, environment=None):
        """It ends with this status; its last line says what (cause), then the remedy."""
        done = subprocess.run([fleet.program("frugald"), "--config", self.site.config],
                              capture_output=True, text=True, timeout=20, check=False,
                              env={**os.environ, **(environment or {})})
        said = done.stderr
        self.assertEqual(status, done.returncode, said)
        for word in words:
            self.assertIn(word, said)
        self.assertRegex(said.splitlines()[-1], r"^frugald: \S.+[.?)] \S.+")

    def test_wrong_config_key(self):
        self.write_config(self.config_text + "\n[transfer]\nbytes_per_secnod = 1\n")
        lines = self.config_text.count("\n") + 3
        self.assert_refuses(2, f"frugal.toml:{lines}:", "transfer.bytes_per_secnod",
                            "transfer.bytes_per_second")

    def test_wrong_config_value(self):
        self.write_config(self.config_text + "workers = \"many\"\n")
        self.assert_refuses(2, "frugal.toml:", "offload.workers")
        self.write_config(self.config_text + "workers = 65\n")
        self.assert_refuses(2, "frugal.toml:", "offload.workers", "64")

    def test_config_that_is_not_toml(self):
        self.write_config(self.config_text + "\n[offload\n")
        self.assert_refuses(2, "frugal.toml:")

    def test_missing_config(self):
        os.remove(self.site.config)
        self.assert_refuses(2, "frugal.toml")

    def test_wrong_environment_variable(self):
        self.assert_refuses(2, "FRUGAL_OFFLOAD__WORKRES",
                            environment={"FRUGAL_OFFLOAD__WORKRES": "2"})

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.site.http_port))
            taken.listen()
            self.assert_refuses(1, f"127.0.0.1:{self.site.http_port}",
                                "another process")

    def test_second_daemon_on_one_site(self):
        self.site.start_gateway()
        self.assert_refuses(1, "frugal.db")
        self.assertTrue(self.site.is_ready())
        self.site.gateway.stop()

    def test_corrupt_database(self):
        path = self.site.database_file
        with self.kept(path):
            with open(path, "r+b") as file:
                for page in range(1, os.path.getsize(path) // 4096):
                    file.seek(page * 4096)
                    file.write(b"\xa5" * 64)
            before = file_digest(path)
            self.assert_refuses(1, "frugal.db", "damaged")
            self.assertEqual(before, file_digest(path))

    def test_a_file_that_is_no_database(self):
        path = self.site.database_file
        with self.kept(path):
            with open(path, "wb") as file:
                file.write(b"Dear diary, " * 1000)
            before = file_digest(path)
            self.assert_refuses(1, "frugal.db")
            self.assertEqual(before, file_digest(path))

    def test_newer_database(self):
        path = self.site.database_file
        with self.kept(path):
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA user_version = 99")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = file_digest(path)
            self.assert_refuses(1, "version 99")
            self.assertEqual(before, file_digest(path))

    def test_missing_authority(self):
        authority = os.path.join(self.site.directory, "ca")
        os.rename(authority, authority + ".away")
        try:
            self.assert_refuses(1, "authority")
        finally:
            os.rename(authority + ".away", authority)

    @contextlib.contextmanager
    def kept(self, path):
        """Puts the file back, and away with its write-ahead log, whatever the test did to it."""
        shutil.copy(path, path + ".kept")
        try:
            yield
        finally:
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path + suffix)
            os.replace(path + ".kept", path)


@fleet.needs("mosquitto")
class InterfaceTest(unittest.TestCase):
    """Wrong requests: each a problem document that names cause and remedy."""

    @classmethod
    def setUpClass(cls):
        cls.site = fleet.Site.of_class(cls)
        cls.site.define_task()
        with open(os.path.join(fleet.MODELS, "fashion-small-1.tflite"), "rb") as file:
            cls.model = file.read()

    def tearDown(self):
        self.assertTrue(self.site.gateway.is_alive(), self.site.gateway.text()[-2000:])
        self.assertTrue(self.site.is_ready())

    def assert_problem(self, status, answer, remedy=True):
        self.assertEqual(status, answer.status, answer.body[:500])
        kind = {name.lower(): value for name, value in answer.headers.items()}["content-type"]
        self.assertIn("application/problem+json", kind)
        problem = answer.json()
        self.assertEqual(status, problem["status"])
        for key in ("type", "title", "code", "detail") + (("remedy",) if remedy else ()):
            self.assertTrue(problem.get(key), problem)
        return problem

    def import_model(self, content):
        return self.site.request("POST", "/api/v1/models?model=broken&task=1&device_class=m4",
                                 content, "application/octet-stream")

    def test_broken_tflite(self):
        broken = {"garbage": os.urandom(5000), "text": b"hello", "cut": self.model[:-2000],
                  "cut early": self.model[:100],
                  "table offsets": self.model[:40] + b"\xff" * 200 + self.model[240:]}
        for name, content in broken.items():
            with self.subTest(name):
                problem = self.assert_problem(self.import_model(content).status,
                                              self.import_model(content))
                self.assertIn(problem["status"], (400, 422))
        self.assertEqual(404, self.site.request("GET", "/api/v1/models/broken").status)
        with self.subTest("edge model"):
            answer = self.site.request("PUT", "/api/v1/tasks/1/edge-model", b"x" * 3000,
                                       "application/octet-stream")
            self.assertIn(self.assert_problem(answer.status, answer)["status"], (400, 422))

    def test_a_model_of_other_classes_than_its_task(self):
        self.site.control("task", "define", 77, "pair", "--labels", "yes,no")
        path = "/api/v1/models?model=pair&task=77&device_class=m4"
        answer = self.site.request("POST", path, self.model, "application/octet-stream")
        self.assert_problem(409, answer)
        self.assertIn("there are 2 labels", answer.body.decode())
        self.assertEqual(404, self.site.request("GET", "/api/v1/models/pair").status)

    def test_a_repeated_upload_makes_no_second_release(self):
        def upload(_):
            return self.site.request("POST", "/api/v1/models?model=twice&task=1&device_class=m4",
                                     self.model, "application/octet-stream")

        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = list(pool.map(upload, range(3))) + [upload(None)]
        self.assertEqual([200, 200, 200, 201], sorted(answer.status for answer in answers))
        self.assertEqual({1}, {answer.json()["release"] for answer in answers})
        releases = self.site.request("GET", "/api/v1/models/twice").json()["releases"]
        self.assertEqual(1, len(releases))

    def test_empty_and_oversized_upload(self):
        self.assert_problem(400, self.import_model(b""))
        with self.assertRaises((OSError, http.client.HTTPException, AssertionError)):
            # The refusal may come before all is sent: then the socket says so.
            self.assertNotEqual(413, self.import_model(bytes(9_000_000)).status)

    def test_multipart_that_is_none(self):
        for body in (b"", b"--x", b"--x\r\n\r\nabc", b"--x\r\nContent-Disposition: form-data\r\n"):
            answer = self.site.request("POST", "/api/v1/models?model=broken&task=1", body,
                                       "multipart/form-data; boundary=x")
            self.assert_problem(400, answer)

    def test_wrong_requests(self):
        cases = [
            (400, "POST", "/api/v1/devices", b"{"),
            (400, "POST", "/api/v1/devices", b"[]"),
            (400, "POST", "/api/v1/devices", b'{"device": "UPPER CASE"}'),
            (400, "POST", "/api/v1/devices", b'{"device": "ok", "colour": 1}'),
            (400, "POST", "/api/v1/devices", b'{"device": 7}'),
            (400, "POST", "/api/v1/devices", b'{"device": "x", "expires_in_s": -1}'),
            (404, "GET", "/api/v1/nothing", None),
            (404, "GET", "/api/v1/devices/unknown", None),
            (404, "POST", "/api/v1/devices/unknown:revoke", None),
            (404, "GET", "/api/v1/rollouts/4711", None),
            (400, "GET", "/assets/../../frugal.toml", None),
            (405, "DELETE", "/api/v1/overview", None),
            (400, "GET", "/api/v1/decisions?page_size=none", None),
        ]
        for status, method, target, body in cases:
            with self.subTest(target=target, body=body):
                answer = self.site.request(method, target, body, body and "application/json")
                self.assert_problem(status, answer, remedy=False)
        deep = b'{"device": ' + b"[" * 8000 + b"]" * 8000 + b"}"
        self.assertIn(self.site.request("POST", "/api/v1/devices", deep,
                                        "application/json").status, (400, 413))

    def test_policy_that_does_not_compile(self):
        release = self.site.import_release({"m4": "fashion-small-1.tflite"})
        with open(fleet.POLICY, encoding="utf-8") as file:
            policy = file.read()
        for broken in (policy.replace("audit", "adit", 1), policy + "[", "",
                       policy.replace("battery < 20%", "batttery < 20%")):
            answer = self.site.request("PUT", f"/api/v1/tasks/1/policy?release={release}", broken,
                                       "application/toml")
            self.assertIn(answer.status, (400, 422), answer.body)
            self.assert_problem(answer.status, answer)

    def test_tokens(self):
        viewer = self.site.control("token", "create", "--role", "viewer")["token"]
        self.assertEqual(200, self.https("GET", "/api/v1/overview", viewer).status)
        self.assert_problem(403, self.https("POST", "/api/v1/devices", viewer, b'{"device":"a"}'))
        self.assert_problem(401, self.https("GET", "/api/v1/overview", None))
        for wrong in ("frg_x_y", viewer[:-1] + ("a" if viewer[-1] != "a" else "b"), ""):
            self.assert_problem(401, self.https("GET", "/api/v1/overview", wrong))

    def https(self, method, target, token, body=None):
        context = ssl.create_default_context(
            cafile=os.path.join(self.site.directory, "broker", "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.site.http_port, timeout=20,
                                                 context=context)
        fields = {"Content-Type": "application/json"} if body else {}
        if token is not None:
            fields["Authorization"] = "Bearer " + token
        with contextlib.closing(connection):
            connection.request(method, target, body, fields)
            response = connection.getresponse()
            return fleet.Answer(response.status, dict(response.getheaders()), response.read())

    def test_command_line_repeats_cause_and_remedy(self):
        done = self.site.control_raw("device", "show", "unknown")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("unknown", done.stderr)
        self.assertIn("remedy", done.stderr)


@fleet.needs(*foreign_device.NEEDS, modules=foreign_device.MODULES)
class MessageTest(unittest.TestCase):
    """Wrong messages, a broker that is away, a database that is full."""

    @classmethod
    def setUpClass(cls):
        cls.pb = foreign_device.load_messages()

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def make_site(self):
        self.site = self.stack.enter_context(fleet.Site())
        return self.site

    def join(self, name):
        device = ForeignDevice(self.site, name)
        self.assertEqual(200, device.enrol(self.site.add_device(name)))
        device.connect()
        self.stack.callback(device.disconnect)
        device.publish("hello", device.hello(self.pb), qos=1)
        device.receive("ack", self.pb.Ack)
        return device

    def decide(self, device, sequence, seconds=10):
        device.publish("decisions", device.decisions(self.pb, sequence, [3]))
        device.receive("ack", self.pb.Ack, seconds,
                       keep=lambda ack: ack.next_sequence == sequence + 1)

    def wait_log(self, *words):
        def lines():
            return [line for line in self.site.gateway.text().splitlines()
                    if all(word in line for word in words)]
        return fleet.wait_for(f"a log line with {words}", lines, 20)[0]

    def test_malformed_messages(self):
        self.make_site().start_all()
        device = self.join("wild")
        kinds = ("hello", "decisions", "fetch", "report", "escalate", "health", "bye")
        for kind in kinds:
            for payload in (b"", b"\xff" * 40, b"\x0b" * 20, os.urandom(300), b"\x0a\xff\xff\x03"):
                device.publish(kind, payload)
        self.wait_log("malformed", "wild", "proto/README.md")
        incidents = fleet.wait_for("an incident is stored", lambda: self.site.rows(
            "SELECT detail FROM incident WHERE kind = 5"))
        self.assertLess(len(incidents), 8)
        self.decide(device, 0)

    def test_wrong_topics_and_sizes(self):
        self.make_site().start_all()
        device = self.join("lost")
        for kind in ("nonsense", "hello/more", "", "HELLO", "hello%2f", "a" * 300):
            device.publish(kind, b"\x08\x01")
        self.wait_log("wrong-topic")
        device.publish("decisions", bytes(7000))
        self.wait_log("malformed", "lost")
        device.publish("escalate", bytes(40_000))  # the broker drops it
        self.decide(device, 0)
        device.disconnect()
        # Announcing 256 MiB, or one byte too many, ends the connection before anything is taken.
        for length in (b"\xff\xff\xff\x7f", b"\x81\x80\x04"):
            answer = device.talk_raw(foreign_device.CONNECT + b"\x30" + length)
            self.assertEqual(b"\x20\x02\x00\x00closed", answer)
        self.assertEqual(b"\x20\x02\x00\x00", device.talk_raw(foreign_device.CONNECT))
        device.connect()
        self.decide(device, 1)

    def test_a_device_the_gateway_does_not_know(self):
        self.make_site().start_all()
        device = ForeignDevice(self.site, "stranger")
        authority = os.path.join(self.site.directory, "ca")
        request = os.path.join(self.site.folder, "request.der")
        with open(request, "wb") as file:
            file.write(device.make_request())
        run("openssl", "x509", "-req", "-inform", "DER", "-in", request, "-days", "30",
            "-CA", os.path.join(authority, "ca.crt"), "-CAkey", os.path.join(authority, "ca.key"),
            "-CAcreateserial", "-out", device.certificate)
        device.connect()
        self.stack.callback(device.disconnect)
        device.publish("hello", device.hello(self.pb), qos=1)
        device.publish("decisions", device.decisions(self.pb, 0, [1]))
        self.wait_log("unknown", "stranger")
        self.assertEqual([], device.drain())
        self.assertEqual([(0,)], self.site.rows("SELECT count(*) FROM decision"))

    def test_a_damaged_artifact_is_not_sent(self):
        site = self.make_site().start_all()
        site.define_task()
        device = self.join("fetches")
        site.roll_out(site.import_release({"m4": "fashion-small-1.tflite"}))
        desired = device.receive("desired", self.pb.Desired, keep=lambda it: it.tasks
                                 and it.tasks[0].HasField("artifact"))
        digest = desired.tasks[0].artifact.digest
        site.gateway.stop()
        with contextlib.closing(sqlite3.connect(site.database_file)) as database:
            content = bytearray(database.execute("SELECT bytes FROM blob WHERE digest = ?",
                                                 [digest]).fetchone()[0])
            content[len(content) // 2] ^= 1
            database.execute("UPDATE blob SET bytes = ? WHERE digest = ?",
                             [bytes(content), digest])
            database.commit()
        site.start_gateway()
        device.publish("hello", device.hello(self.pb), qos=1)
        device.receive("ack", self.pb.Ack)
        device.publish("fetch", self.pb.Fetch(artifact=digest, missing=0xff, credit=8))
        line = self.wait_log("artifact.unreadable")
        self.assertRegex(line, 'cause="[^"]+".* remedy="[^"]+"')
        self.assertEqual([], [topic for topic, _ in device.drain() if "chunk" in topic])
        self.decide(device, 0)

    def test_a_broker_that_is_away(self):
        site = self.make_site()
        site.launch_gateway()
        line = self.wait_log("broker.unreachable")
        self.assertRegex(line, 'message="[^"]+" .*remedy="[^"]+"')
        answer = fleet.wait_for("it answers", lambda: self.readiness(site))
        self.assertEqual(503, answer)
        site.start_broker()
        fleet.wait_for("it is ready", site.is_ready)
        device = self.join("patient")
        self.decide(device, 0)
        site.broker.kill()
        fleet.wait_for("it is not ready", lambda: self.readiness(site) == 503)
        told = site.control_raw("health")
        self.assertEqual(6, told.returncode, told.stderr)
        document = json.loads(told.stdout)
        self.assertEqual((False, True, ["broker"]), (document["ready"], document["reachable"], document["failing"]))
        self.assertIn("not ready", document["error"]["message"])
        self.assertEqual(1, len(site.decisions_of("patient")))
        device.disconnect()
        site.start_broker()
        fleet.wait_for("it is ready again", site.is_ready)
        device.connect()
        device.publish("hello", device.hello(self.pb, 1), qos=1)
        device.receive("ack", self.pb.Ack)
        self.decide(device, 1)

    @staticmethod
    def readiness(site):
        with contextlib.suppress(OSError):
            return site.request("GET", "/readyz").status
        return None

    def test_a_full_database(self):
        site = self.make_site().start_all()
        device = self.join("fills")
        self.decide(device, 0)
        site.gateway.stop()
        with contextlib.closing(sqlite3.connect(site.database_file)) as database:
            pages = database.execute("PRAGMA page_count").fetchone()[0]
            filler = (1024 - pages - 20) * 4090
            database.execute("INSERT INTO blob (digest, kind, bytes) VALUES (?, 1, zeroblob(?))",
                             [bytes(32), filler])
            database.commit()
        with open(site.config, "a", encoding="utf-8") as file:
            file.write("\n[store]\npages = 1024\n")
        site.start_gateway()
        device.publish("hello", device.hello(self.pb, 1), qos=1)
        acked = self.fill(device)
        line = self.wait_log("storage.commit-failed")
        self.assertIn("full", line)
        self.assertRegex(line, 'remedy="[^"]+"')
        self.assertTrue(site.gateway.is_alive())
        problem = fleet.wait_for("a problem document", lambda: self.refused_change(site))
        self.assertTrue(problem["remedy"], problem)
        self.assertLess(len(site.gateway.text()), 200_000, "the log is flooded")
        self.assertGreaterEqual(len(site.decisions_of("fills")), acked)

        # The remedy: more room.
        site.gateway.stop()
        with open(site.config, encoding="utf-8") as file:
            text = file.read()
        with open(site.config, "w", encoding="utf-8") as file:
            file.write(text.replace("pages = 1024", "pages = 100000"))
        site.start_gateway()
        device.disconnect()
        device.connect()
        device.publish("hello", device.hello(self.pb, acked), qos=1)
        ack = device.receive("ack", self.pb.Ack)
        self.assertGreaterEqual(ack.next_sequence, acked)
        self.decide(device, ack.next_sequence)
        sequences = [row[0] for row in site.decisions_of("fills")]
        self.assertEqual(list(range(ack.next_sequence + 1)), sequences)

    def fill(self, device):
        """Sends decisions until none is acknowledged any more; returns what was acknowledged."""
        acked = 1
        for _ in range(400):
            for first in range(acked, acked + 64, 16):
                device.publish("decisions", device.decisions(
                    self.pb, first, [first // 16 % 10] * 15 + [11]))
            try:
                ack = device.receive("ack", self.pb.Ack, 2, keep=lambda ack: ack.next_sequence
                                     == acked + 64)
            except fleet.FleetError:
                return acked
            acked = ack.next_sequence
        raise fleet.FleetError("the database never was full")

    @staticmethod
    def refused_change(site):
        answer = site.request("POST", "/api/v1/devices", json.dumps(
            {"device": "one-more", "label": "x" * 100}), "application/json")
        return answer.json() if answer.status in (503, 507) else None


@fleet.needs("mosquitto")
class EvilBrokerTest(unittest.TestCase):
    """Tampered signatures and replayed manifests, refused by every device (I7, I8, T6)."""

    def run_scenario(self, name, releases):
        with fleet.Site() as site:
            site.start_all()
            site.define_task()
            swarm = fleet.Swarm(site, "tiny:1,m4:1,esp32:1", rate=5, drain=20)
            swarm.start("--scenario",
                        os.path.join(fleet.ROOT, "device-sim", "scenarios", name + ".toml"))
            for number, files in enumerate(releases):
                rollout = site.roll_out(site.import_release(files))
                if number + 1 < len(releases) or len(releases) > 1:
                    swarm.wait_confirmed(rollout)
            fleet.wait_for("the scenario ends", lambda: not swarm.child.is_alive(), 60)
            self.assertEqual(0, swarm.child.process.returncode, swarm.child.text()[-2000:])
            site.gateway.stop()
            books = swarm.verify()
            self.assertTrue(books["clean"], books)
            self.assertGreaterEqual(books["attacks_refused"], 3)
            self.assertEqual(books["attacks"], books["attacks_refused"])
            return books

    def test_bad_signature(self):
        books = self.run_scenario("bad_signature", [fleet.RELEASE_1])
        self.assertEqual({"BAD_SIGNATURE"}, {name.upper() for name in books["refusals"]})

    def test_replayed_manifest(self):
        self.run_scenario("downgrade", [fleet.RELEASE_1, fleet.RELEASE_2])


if __name__ == "__main__":
    fleet.run_tests()
