# SPDX-License-Identifier: Apache-2.0
"""A whole site of real processes for the integration tests: broker, gateway, swarm.

A test owns one Site (and, if it wants devices, one Swarm) inside a `with`; leaving it ends every
child by its own pid and removes the files, unless the test failed and FRUGAL_KEEP is set. Ports
are free ones of 127.0.0.1. Nothing here looks into the product: what it knows is the command line,
the REST interface and the database file.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("FRUGAL_BIN", os.path.join(ROOT, "build", "bin"))
OUTPUT = os.environ.get("FRUGAL_OUTPUT", os.path.join(tempfile.gettempdir(), "frugal-integration"))
MODELS = os.path.join(ROOT, "device-sim", "models")
POLICY = os.path.join(ROOT, "config", "policies", "fashion.toml")
LABELS = "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle-boot"
RELEASE_1 = {"tiny": "fashion-tiny-1.tflite", "m4": "fashion-small-1.tflite",
             "esp32": "fashion-small-1.tflite"}
RELEASE_2 = {"tiny": "fashion-tiny-2.tflite", "m4": "fashion-small-2.tflite",
             "esp32": "fashion-small-2.tflite"}
TASK = 1


class FleetError(AssertionError):
    """A process of the site did not do what the test cannot go on without."""


def which(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def program(name):
    return os.path.join(BIN, name)


def needs(*tools, modules=()):
    """Skips a test case, with the reason, when a tool or a Python module is not there."""
    missing = [tool for tool in tools if which(tool) is None]
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            missing.append("python module " + module)
    missing += [name for name in ("frugald", "frugalctl", "frugal-swarm")
                if not os.access(program(name), os.X_OK)]
    return unittest.skipIf(missing, "not here: " + ", ".join(missing))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=30, every=0.05):
    """The first true value of condition(); FleetError after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise FleetError(f"not within {seconds} s: {what}")
        time.sleep(every)


class Child:
    """One process of ours, with its log. Ended by its pid, never by its name."""

    def __init__(self, name, command, log_path, environment=None):
        self.name = name
        self.log_path = log_path
        self.log_start = os.path.getsize(log_path) if os.path.exists(log_path) else 0
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environment or {})})

    def is_alive(self):
        return self.process.poll() is None

    def text(self):
        """What this run has logged so far."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise FleetError(f"{self.name} did not stop within {seconds} s:\n{self.text()[-2000:]}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("frugald", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Site:
    def __init__(self, name="demo", disk_mib=0):
        """disk_mib: the site lies on a disk of its own of that size (needs root)."""
        self.name = name
        # A Unix socket's path must be short, so the site lives directly under the temporary folder.
        self.folder = tempfile.mkdtemp(prefix="frugal-it-")
        self.directory = os.path.join(self.folder, "site")
        self.database_file = os.path.join(self.directory, "frugal.db")
        self.mqtt_port = free_port()
        self.http_port = free_port()
        self.broker = None
        self.gateway = None
        self.children = []
        self.has_disk = disk_mib > 0
        if self.has_disk:
            os.mkdir(self.directory)
            subprocess.run([which("mount"), "-t", "tmpfs", "-o", f"size={disk_mib}m,mode=0700",
                            "frugal-it", self.directory], check=True)
        made = self.control("setup", "--dir", self.directory, "--name", name, "--mqtt-port",
                            self.mqtt_port, "--http-listen", f"127.0.0.1:{self.http_port}")
        self.config = made["config"]
        self.broker_config = made["broker_config"]
        self.setup_url = made["start_url"]
        with open(self.config, "a", encoding="utf-8") as config:
            config.write("\n[offload]\nhost_percent = 0  # the devices keep this very machine busy\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for child in reversed(self.children):
            if child.is_alive():
                child.kill()
        if self.has_disk:
            subprocess.run([which("umount"), "--lazy", self.directory], check=False)
        if kind is not None and os.environ.get("FRUGAL_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
            return
        shutil.rmtree(self.folder, ignore_errors=True)

    # Processes --------------------------------------------------------------------------------

    def start(self, name, *command, environment=None):
        child = Child(name, command, os.path.join(self.folder, name + ".log"), environment)
        self.children.append(child)
        return child

    def start_broker(self):
        self.broker = self.start("broker", which("mosquitto"), "-c", self.broker_config)

        def answers():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.mqtt_port), 0.5).close()
                return True
            if not self.broker.is_alive():
                raise FleetError("the broker ended:\n" + self.broker.text()[-2000:])
            return False
        wait_for("the broker answers", answers)

    def launch_gateway(self, environment=None):
        """Starts the gateway without waiting for it."""
        self.gateway = self.start("gateway", program("frugald"), "--config", self.config,
                                  environment=environment)
        return self.gateway

    def start_gateway(self, environment=None):
        gateway = self.launch_gateway(environment)
        wait_for("the gateway is ready", lambda: self.is_ready() or not gateway.is_alive())
        if not gateway.is_alive():
            raise FleetError("the gateway ended:\n" + gateway.text()[-2000:])

    def start_all(self):
        self.start_broker()
        self.start_gateway()
        return self

    @classmethod
    def of_class(cls, case):
        """A running site for all tests of a class: for setUpClass()."""
        site = cls().start_all()
        case.addClassCleanup(site.__exit__, None, None, None)
        return site

    def is_ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/readyz").status == 200
        return False

    # Talking to it ----------------------------------------------------------------------------

    def control_raw(self, *arguments, timeout=60):
        command = [program("frugalctl"), "--site", self.directory, "--json", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    def control(self, *arguments):
        done = self.control_raw(*arguments)
        if done.returncode != 0:
            words = " ".join(map(str, arguments[:3]))
            raise FleetError(f"frugalctl {words} failed:\n{done.stderr.strip()}")
        return json.loads(done.stdout)

    def request(self, method, target, body=None, content_type=None, timeout=30, fields=None):
        connection = UnixConnection(os.path.join(self.directory, "run", "api.sock"), timeout)
        try:
            sent = {"Content-Type": content_type} if content_type else {}
            connection.request(method, target, body, sent | (fields or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def make_token(self, role="admin"):
        return self.control("token", "create", "--role", role)["token"]

    def start_url(self):
        """A fresh link that opens the page once."""
        return self.control("token", "start")["start_url"]

    def overview(self):
        return self.request("GET", "/api/v1/overview").json()

    def device(self, name):
        return self.request("GET", "/api/v1/devices/" + name).json()

    def rows(self, query, *arguments):
        with contextlib.closing(sqlite3.connect(f"file:{self.database_file}?mode=ro", uri=True,
                                                timeout=10)) as database:
            return database.execute(query, arguments).fetchall()

    def decisions_of(self, device):
        return self.rows("SELECT sequence, class, confidence, tier, policy_reason "
                         "FROM decision_of_device WHERE device = ? ORDER BY sequence", device)

    def edit_config(self, old, new):
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            text += "\n"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new) if old in text else text + new + "\n")

    # What a site holds ------------------------------------------------------------------------

    def add_device(self, name):
        return self.control("device", "add", name)["claim_code"]

    def define_task(self, privacy="edge-only"):
        self.control("task", "define", TASK, "fashion", "--labels", LABELS, "--privacy", privacy)
        self.control("task", "set-edge-model", TASK, os.path.join(MODELS, "fashion-edge.tflite"))

    def import_release(self, files):
        """files: path (or name of a project model) by device class. Returns fashion@N."""
        variants = []
        for name, file in files.items():
            variants += ["--variant", f"{name}={os.path.join(MODELS, file)}"]
        made = self.control("model", "import", "fashion", "--task", TASK, *variants)
        return f"fashion@{made['release']}"

    def write_policy(self, gain=None, privacy="edge-only"):
        """The demo's policy at the highest cap (about 32 escalations a minute of each device) and
        without learning, in a file; with one gain in every bin of every table (0: nothing is worth
        asking, 255: everything is) or the authored tables."""
        with open(POLICY, encoding="utf-8") as file:
            text = file.read()
        for name, value in (("privacy", f'"{privacy}"'), ("learn", '"off"'),
                            ("caps", "{ node_per_hour = 2040, group_share = 1.0 }")):
            text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        if gain is not None:
            text = re.sub(r"^gain = \[[^\]]*\]", f"gain = {[gain] * 32}", text, flags=re.MULTILINE)
        path = os.path.join(self.folder, "policy.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def roll_out(self, release, policy=POLICY):
        self.control("policy", "set", TASK, policy, "--release", release, "--at-once")
        return self.control("rollout", "start", release)["rollout"]

    def rollout_states(self, rollout):
        """Devices by state."""
        states = self.request("GET", f"/api/v1/rollouts/{rollout}").json()["rollout"]["states"]
        return {entry["name"]: entry["count"] for entry in states}


class Swarm:
    """A fleet of simulated devices of a site, over as many runs as the test wants."""

    def __init__(self, site, classes, rate=20, seed=1, drain=60, labels=None):
        """labels: of all devices of a class, by class."""
        self.site = site
        self.classes = classes
        self.rate = rate
        self.seed = seed
        self.drain = drain
        self.state = os.path.join(site.folder, "swarm")
        self.claims = os.path.join(site.folder, "claims.csv")
        self.child = None
        self.names = []
        for part in classes.split(","):
            kind, count = part.split(":")
            label = ["--label", labels[kind]] if kind in (labels or {}) else []
            site.control("device", "add", "--count", count, "--prefix", kind, *label,
                         "--claims", self.claims)
            self.names += [f"{kind}-{number:04}" for number in range(1, int(count) + 1)]

    def start(self, *options):
        site = self.site
        self.child = site.start(
            "swarm", program("frugal-swarm"), "run", "--site", site.name,
            "--broker", f"127.0.0.1:{site.mqtt_port}",
            "--ca", os.path.join(site.directory, "broker", "ca.pem"),
            "--est", f"https://127.0.0.1:{site.http_port}", "--claims", self.claims,
            "--release-key", os.path.join(site.directory, "release.pub"),
            "--policy-key", os.path.join(site.directory, "policy.pub"), "--state", self.state,
            "--classes", self.classes, "--rate", self.rate, "--seed", self.seed,
            "--drain", self.drain, "--status-file", os.path.join(site.folder, "status.jsonl"),
            *options)

    def wait_confirmed(self, rollout, seconds=90):
        def confirmed():
            if not self.child.is_alive():
                raise FleetError("the swarm ended:\n" + self.child.text()[-2000:])
            return self.site.rollout_states(rollout).get("confirmed", 0) == len(self.names)
        wait_for(f"all confirmed in rollout {rollout}", confirmed, seconds, 0.3)

    def verify(self):
        """The swarm's own books against the database; the gateway must be stopped or idle."""
        done = subprocess.run(
            [program("frugal-swarm"), "verify", "--ledger", os.path.join(self.state, "ledger"),
             "--database", self.site.database_file, "--scan", self.site.folder, "--json"],
            capture_output=True, text=True, timeout=120, check=False)
        if not done.stdout.strip():
            raise FleetError("frugal-swarm verify said nothing:\n" + done.stderr)
        return json.loads(done.stdout.strip().splitlines()[-1])


def run_tests():
    """unittest.main() with exit status 77, which ctest calls skipped, if nothing could run."""
    program_run = unittest.main(exit=False)
    result = program_run.result
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
