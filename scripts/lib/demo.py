#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole Frugal site on this machine: broker, gateway and simulated devices over mutual TLS.

Imports a model, pushes it to every device, then a second release, and shows what happens. With
--once it runs to a defined end and judges itself by the swarm's own ledger against the gateway's
database; the exit status is 0 only if everything promised holds.
"""

import argparse
import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODELS = os.path.join(ROOT, "device-sim", "models")
CLASSES = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
RELEASES = {
    1: {"tiny": "fashion-tiny-1.tflite", "m4": "fashion-small-1.tflite", "esp32": "fashion-small-1.tflite"},
    2: {"tiny": "fashion-tiny-2.tflite", "m4": "fashion-small-2.tflite", "esp32": "fashion-small-2.tflite"},
}
DEVICE_CLASSES = ("tiny", "m4", "esp32")
WANTED_DECISIONS = 10_000
WANTED_ESCALATIONS = 200
STEP_LIMIT_S = 180


class DemoError(Exception):
    """Something the demo cannot go on without; its text is for people."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def gzip_size(path):
    with open(path, "rb") as file:
        return len(gzip.compress(file.read(), 9))


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_program(arguments, limit_s):
    """Runs a command to its end; one that hangs ends the demo with a message, not with a traceback."""
    try:
        return subprocess.run(arguments, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        program = os.path.basename(arguments[0])
        raise DemoError(f"{program} did not end in {limit_s} s: {' '.join(map(str, arguments[1:]))}") from error


class Process:
    """One child: started, watched, ended by its pid. Its output goes to a log file."""

    def __init__(self, name, arguments, log_path):
        self.name = name
        self.log_path = log_path
        self.log = open(log_path, "ab")
        self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def check(self):
        if self.child.poll() is not None:
            raise DemoError(f"{self.name} ended with status {self.child.returncode}:\n{self.tail()}")

    def tail(self):
        with open(self.log_path, "rb") as log:
            return b"\n".join(log.read().splitlines()[-12:]).decode(errors="replace")

    def stop(self, limit_s=60):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            say(f"demo: {self.name} did not stop in {limit_s} s and was killed")
            self.child.kill()
            self.child.wait()
        self.log.close()
        return self.child.returncode


class Demo:
    def __init__(self, options):
        self.options = options
        self.bin = os.path.join(options.build, "bin")
        # A Unix socket's path must be short, so the site lives directly under the temporary folder.
        self.folder = tempfile.mkdtemp(prefix="frugal-demo-")
        self.site = os.path.join(self.folder, "site")
        self.state = os.path.join(self.folder, "swarm")
        self.status_file = os.path.join(self.folder, "status.json")
        self.rollout = None
        self.fleet = self.spread(options.devices)
        self.processes = []
        self.ended_badly = []
        self.started = time.monotonic()

    @staticmethod
    def spread(devices):
        """So many devices of each class, as even as it goes."""
        count, rest = divmod(devices, len(DEVICE_CLASSES))
        return {name: count + (1 if i < rest else 0) for i, name in enumerate(reversed(DEVICE_CLASSES))}

    # Small tools ------------------------------------------------------------------------------

    def path(self, program):
        return os.path.join(self.bin, program)

    def control(self, *arguments):
        command = [self.path("frugalctl"), "--site", self.site, "--json", *map(str, arguments)]
        done = run_program(command, 120)
        if done.returncode != 0:
            raise DemoError(f"frugalctl {' '.join(map(str, arguments[:3]))} failed:\n{done.stderr.strip()}")
        return json.loads(done.stdout)

    def start(self, name, *arguments):
        process = Process(name, arguments, os.path.join(self.folder, name + ".log"))
        self.processes.append(process)
        return process

    def wait(self, what, condition, limit_s=STEP_LIMIT_S):
        end = time.monotonic() + limit_s
        while True:
            for process in self.processes:
                process.check()
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise DemoError(f"timed out after {limit_s} s: {what}")
            self.show()
            time.sleep(0.5)

    def swarm_status(self):
        try:
            with open(self.status_file, encoding="utf-8") as status:
                return json.load(status)
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    # The steps --------------------------------------------------------------------------------

    def make_site(self):
        self.mqtt_port = free_port()
        self.http_port = free_port()
        made = self.control("setup", "--dir", self.site, "--name", "demo", "--mqtt-port", self.mqtt_port,
                            "--http-listen", f"127.0.0.1:{self.http_port}")
        self.start_url = made["start_url"]
        with open(made["config"], "a", encoding="utf-8") as config:
            config.write("\n[offload]\nhost_percent = 0  # the devices are simulated on this very machine\n")
        self.broker = self.start("broker", self.broker_program(), "-c", made["broker_config"])
        self.gateway = self.start("gateway", self.path("frugald"), "--config", made["config"])
        self.wait("the gateway to be ready", self.is_ready, 30)

    @staticmethod
    def broker_program():
        found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if found is None:
            raise DemoError("mosquitto is not installed: run scripts/bootstrap")
        return found

    def is_ready(self):
        try:
            return self.control("health")["ready"]
        except DemoError:
            return False

    def make_fleet(self):
        claims = os.path.join(self.folder, "claims.csv")
        for name, count in self.fleet.items():
            if count:
                self.control("device", "add", "--count", count, "--prefix", name, "--claims", claims)
        self.control("task", "define", 1, "fashion", "--labels", ",".join(CLASSES), "--privacy", "edge-only")
        self.control("task", "set-edge-model", 1, os.path.join(MODELS, "fashion-edge.tflite"))
        self.swarm = self.start(
            "swarm", self.path("frugal-swarm"), "run", "--site", "demo", "--broker", f"127.0.0.1:{self.mqtt_port}",
            "--ca", os.path.join(self.site, "broker", "ca.pem"),
            "--release-key", os.path.join(self.site, "release.pub"),
            "--policy-key", os.path.join(self.site, "policy.pub"),
            "--est", f"https://127.0.0.1:{self.http_port}", "--claims", claims,
            "--classes", ",".join(f"{name}:{count}" for name, count in self.fleet.items() if count),
            "--scenario", os.path.join(ROOT, "config", "demo", "scenario.toml"),
            "--seed", str(self.options.seed), "--state", self.state, "--status-file", self.status_file)
        self.wait("every device to be online", lambda: self.swarm_status().get("connected") == self.options.devices)

    def roll_out(self, number):
        variants = []
        for name, model in RELEASES[number].items():
            variants += ["--variant", f"{name}={os.path.join(MODELS, model)}"]
        imported = self.control("model", "import", "fashion", "--task", 1, *variants)
        release = f"fashion@{imported['release']}"
        self.control("policy", "set", 1, os.path.join(ROOT, "config", "policies", "fashion.toml"), "--release", release, "--at-once")
        self.rollout = self.control("rollout", "start", release)["rollout"]
        say(f"demo: rollout {self.rollout} of {release} started")
        self.wait(f"every device confirmed on {release}", lambda: self.confirmed() == self.options.devices)

    def confirmed(self):
        if self.rollout is None:
            return 0
        states = self.control("rollout", "show", self.rollout)["rollout"]["states"]
        return sum(state["count"] for state in states if state["name"] == "confirmed")

    def revoke_one(self):
        self.confirmed_at_end = self.confirmed()
        self.revoked = self.control("device", "list")["devices"][-1]["device"]
        self.control("device", "revoke", self.revoked)
        self.revoked_state = self.control("device", "show", self.revoked)["state"]

    def collect(self):
        def enough():
            overview = self.control("status")["overview"]
            return (overview["decisions"]["total"] >= WANTED_DECISIONS
                    and overview["escalations"]["answered"] >= WANTED_ESCALATIONS)
        self.wait("enough decisions and answered escalations", enough, 300)

    def show(self):
        status = self.swarm_status()
        if not status or self.options.json:
            return
        overview = self.control("status")["overview"]
        decisions, escalations, traffic = overview["decisions"], overview["escalations"], overview["bytes"]
        line = (f"{time.monotonic() - self.started:6.1f} s  online {overview['fleet']['online']}"
                f"  confirmed {self.confirmed()}"
                f"  decisions {decisions['total']:,} ({decisions['per_minute'] / 60:.0f}/s)"
                f"  escalations {escalations['answered']:,}"
                f"  on air {(traffic['up'] + traffic['down']) / 1e6:.2f} MB"
                f"  raw data kept back {traffic['raw_avoided'] / 1e6:.2f} MB")
        print(("\r\x1b[K" if sys.stdout.isatty() else "") + line, end="" if sys.stdout.isatty() else "\n", flush=True)

    # The end ----------------------------------------------------------------------------------

    def judge(self):
        """Stops the fleet, then compares what the devices know with what the gateway stored."""
        self.stop(self.swarm)
        overview = self.control("status")["overview"]
        self.energy = self.control("energy")["fleet"]
        self.stop_all()
        verify = [self.path("frugal-swarm"), "verify", "--ledger", os.path.join(self.state, "ledger"),
                  "--database", os.path.join(self.site, "frugal.db"), "--scan", self.folder, "--json"]
        done = run_program(verify, 300)
        if not done.stdout.strip():
            raise DemoError(f"frugal-swarm verify ended with status {done.returncode}:\n{done.stderr}")
        return self.summarize(json.loads(done.stdout.strip().splitlines()[-1]), overview)

    def model_bytes(self, size_of):
        """What both releases cost for the whole fleet if each device got `size_of` its file."""
        return sum(count * size_of(os.path.join(MODELS, models[name]))
                   for models in RELEASES.values() for name, count in self.fleet.items())

    def summarize(self, ledger, overview):
        summary = dict(ledger)
        summary["devices"] = self.options.devices
        summary["devices_confirmed"] = self.confirmed_at_end
        summary["device_revoked"] = self.revoked
        summary["raw_model_bytes"] = self.model_bytes(os.path.getsize)
        summary["gzip_model_bytes"] = self.model_bytes(gzip_size)
        summary["gateway"] = overview
        summary["energy"] = self.energy
        summary["seconds"] = round(time.monotonic() - self.started, 1)
        checks = {
            "every device confirmed": summary["devices_confirmed"] == self.options.devices,
            "decisions committed": summary["decisions_committed"] >= WANTED_DECISIONS,
            "escalations answered": summary["escalations_answered"] >= WANTED_ESCALATIONS,
            "a cut transfer resumed": summary["transfers_resumed"] >= 1,
            "a device revoked": self.revoked_state == "revoked",
            "nothing lost": summary["lost"] == 0 and summary["different"] == 0,
            "nothing twice": summary["duplicated"] == 0,
            "no raw data at rest": summary["raw_bytes_at_rest"] == 0,
            "every process ended well": not self.ended_badly,
        }
        summary["failed"] = [name for name, holds in checks.items() if not holds]
        summary["ok"] = not summary["failed"]
        return summary

    def run(self):
        self.make_site()
        say(f"\nOpen   {self.start_url}\n       (opens once, within 15 minutes; another link: frugalctl --site {self.site} token start)\n")
        self.make_fleet()
        self.roll_out(1)
        self.roll_out(2)
        if not self.options.once:
            say("demo: every device runs the second release; Ctrl-C ends the demo")
            while True:
                self.wait("Ctrl-C", lambda: False, float("inf"))
        self.collect()
        self.revoke_one()
        return self.judge()

    def stop(self, process):
        self.processes.remove(process)
        status = process.stop()
        if status != 0:
            self.ended_badly.append(process.name)
            say(f"demo: {process.name} ended with status {status}:\n{process.tail()}")

    def stop_all(self):
        for process in reversed(list(self.processes)):
            self.stop(process)

    def clean(self):
        self.stop_all()
        if self.options.keep:
            say(f"demo: files kept in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def print_summary(summary, as_json):
    if as_json:
        print(json.dumps(summary, sort_keys=True))
        return
    print()
    for key in ("devices", "devices_confirmed", "decisions_committed", "escalations_answered", "lost", "duplicated",
                "raw_bytes_at_rest", "transfers_resumed", "model_bytes_on_air", "raw_model_bytes", "gzip_model_bytes", "seconds"):
        print(f"{key:>22}  {summary[key]:,}")
    energy = summary["energy"]
    saved = f"{100 * energy['saved_ratio']:.0f}% saved" if energy["saved_ratio"] is not None else "nothing counted"
    print(f"{'energy (estimate)':>22}  {energy['used_j']:.2f} J spent, {energy['raw_j']:.2f} J for raw data instead: {saved}")
    print("\nEverything promised holds." if summary["ok"] else "\nFAILED: " + ", ".join(summary["failed"]))


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="run to a defined end and judge the result")
    parser.add_argument("--json", action="store_true", help="one JSON summary on standard output")
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the site's files")
    options = parser.parse_args()
    demo = Demo(options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        summary = demo.run()
        print_summary(summary, options.json)
        return 0 if summary["ok"] else 1
    except KeyboardInterrupt:
        say("\ndemo: stopping")
        return 130 if options.once else 0
    except DemoError as error:
        options.keep = True
        say(f"\ndemo: {error}")
        return 1
    finally:
        demo.clean()


if __name__ == "__main__":
    sys.exit(main())
