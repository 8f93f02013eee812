"""stage.py - a whole Mimamori in a directory of its own, for scenarios.

Starts `mimamori serve` on loopback ports that are free, asks the stores what they hold, kills
and stops processes. Prints TAP: a scenario calls `check(name, condition, detail)` and ends with
`done()`.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import check, done, skip  # noqa: E402, F401 - scenarios take them from here

BUILD = os.path.join(os.path.abspath(sys.argv[1]), "src", "app")
SOURCE = os.path.abspath(sys.argv[2])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Stage:
    """One state directory with its programs. Use as a context: everything is gone afterwards."""

    def __init__(self, programs="eventd engine intake worker", env=None, config=None):
        self.state = tempfile.mkdtemp(prefix="mm-stage-")
        self.tcp, self.http, self.portal = free_port(), free_port(), free_port()
        self.log = open(os.path.join(self.state, "log"), "w+")
        self.env = {**os.environ,
                    "MIMAMORI_CONTENT": os.path.join(SOURCE, "content"),
                    "MIMAMORI_INTAKE_PRIVATE": "on",
                    "MIMAMORI_INTAKE_TCP": f"127.0.0.1:{self.tcp}",
                    "MIMAMORI_INTAKE_HTTP": f"127.0.0.1:{self.http}",
                    "MIMAMORI_PORTAL_LISTEN": f"127.0.0.1:{self.portal}",
                    "MIMAMORI_PORTAL_TLS": "off",
                    "MIMAMORI_SERVE_PAUSE_MAX": "0",
                    "MIMAMORI_SERVE_PROGRAMS": programs, **(env or {})}
        self.config = config  # path of a configuration file
        self.serve = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()
        shutil.rmtree(self.state, ignore_errors=True)

    def start(self):
        command = [os.path.join(BUILD, "mimamori-serve"), "--state", self.state]
        command += ["--config", self.config] if self.config else []
        self.serve = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log)
        self.wait(lambda: all(p["pid"] > 0 and (p["ready"] or p["name"] == "portal")
                              for p in self.programs()), 60, "programs ready")

    def stop(self):
        """End in order; the seconds it took."""
        if self.serve is None or self.serve.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.serve.send_signal(signal.SIGTERM)
        try:
            self.serve.wait(20)
        except subprocess.TimeoutExpired:
            self.serve.kill()
            self.serve.wait()
        return time.monotonic() - began

    def programs(self):
        try:
            with open(os.path.join(self.state, "run", "serve.json"), encoding="utf-8") as f:
                return json.load(f)["programs"]
        except (OSError, ValueError):
            return [{"name": "none", "pid": 0, "ready": False, "restarts": 0}]

    def pid(self, name):
        return next((p["pid"] for p in self.programs() if p["name"] == name), 0)

    def kill(self, name, sig=signal.SIGKILL):
        pid = self.pid(name)
        if pid > 0:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass

    def wait(self, condition, seconds, what):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if condition():
                    return True
            except (OSError, sqlite3.Error, http.client.HTTPException, ValueError, IndexError):
                pass
            time.sleep(0.05)
        print(f"# waited {seconds} s in vain: {what}")
        self.tell_log()
        return False

    def tell_log(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            for line in f.readlines()[-30:]:
                print("# log: " + line.rstrip())

    def events(self, sql, **params):
        """Rows of a query to the store of events, as lists of texts."""
        path = "/?" + urllib.parse.urlencode({"param_" + k: v for k, v in params.items()})
        c = UnixHttp(os.path.join(self.state, "run", "eventd-read.sock"))
        c.request("POST", path, body=(sql + " FORMAT TSV").encode())
        answer = c.getresponse()
        text = answer.read().decode("utf-8", "replace")
        c.close()
        if answer.status != 200:
            raise ValueError(text)
        return [line.split("\t") for line in text.splitlines()]

    def records(self, sql, *args):
        db = sqlite3.connect(f"file:{self.state}/records.db?mode=ro", uri=True, timeout=30)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def run(self, program, *args, timeout=300, says=None):
        """A program of ours on this state; `says` is its standard input."""
        return subprocess.run([os.path.join(BUILD, "mimamori-" + program), *args,
                               "--state", self.state], env=self.env, capture_output=True,
                              input=says, text=True, timeout=timeout, check=False)

    def play(self, *args, timeout=600):
        truth = os.path.join(self.state, "truth.json")
        out = self.run("play", "--tcp", f"127.0.0.1:{self.tcp}", "--truth", truth, *args,
                       timeout=timeout)
        if out.returncode != 0:
            print("# play: " + (out.stdout + out.stderr).strip().replace("\n", "\n# "))
            self.tell_log()
            return None
        with open(truth, encoding="utf-8") as f:
            return json.load(f)

    def report(self):
        out = self.run("report", "--programme", "pilot", "--json")
        return json.loads(out.stdout) if out.returncode == 0 else None

    def whole(self, lines):
        """Every number of queue 0 is stored once, and there are as many as were sent."""
        rows, numbers, last = self.events(
            "SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0")[0]
        return (int(rows), int(numbers), int(last)) == (lines, lines, lines)
