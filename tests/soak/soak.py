"""soak.py - hours of bad luck: 3,000 lines a second while every process is killed at random, the
supervisor too, the disk is full for a while, the store stands still, and the clock jumps. In the
end nothing is lost and nothing is stored twice; memory is flat; pages have answered all the time
but for the moments after a blow.

Run: soak.py BUILD-DIR SOURCE-DIR. MIMAMORI_SOAK: minutes (default 3). MIMAMORI_SEED repeats the
order of the blows. The state lies on a small file system of its own, as full as it is told to be.
"""
import http.client
import json
import os
import random
import re
import resource
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from senders import companies, counted, durable, judged, log_cleared, post  # noqa: E402
from stage import Stage, check, done, skip  # noqa: E402

MINUTES = float(os.environ.get("MIMAMORI_SOAK", "3"))
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
RATE, SENDERS, BATCH = 3000, 10, 150
ALERT_EVERY = 40  # batches of a sender; fewer than what a flood is told by
PAGES_A_SECOND, PAGE_TIMEOUT, PAGE_P95 = 4, 10, 1.5
PASSWORD = "Kumori-9-zora-no-hashi"
LIBRARY = os.path.join(os.path.abspath(sys.argv[1]), "tests", "libwall_clock.so")
# The store's caches fill and a life begins small: more than this is a leak.
GROWTH, GROWTH_MIB = 1.25, 64
MIB = 1 << 20


class Sender(threading.Thread):
    """A company's device: what is not acknowledged is sent again with its key, until it is."""

    def __init__(self, stage, company, over):
        super().__init__(daemon=True)
        self.stage, self.company, self.over = stage, company, over
        self.lines = self.alerts = self.repeated = 0

    def batch(self, number):
        """Lines with numbers without a gap: what is missing or twice shows in three figures."""
        now = time.strftime("%b %e %H:%M:%S")
        lines = [f"<38>{now} srv sshd[7]: Failed password for soak-{self.lines + i}-x from "
                 f"10.1.{i}.7 port {1024 + i} ssh2" for i in range(BATCH)]
        if number % ALERT_EVERY == 0:
            lines.append(log_cleared(f"PC-{self.company.id}-{number}", number))
        return lines

    def run(self):
        pause = BATCH * SENDERS / RATE
        began, number = time.monotonic(), 0
        while not self.over.is_set():
            time.sleep(max(0.0, began + number * pause - time.monotonic()))
            lines = self.batch(number)
            while True:
                answer = post(self.stage, self.company, lines, key=f"k{number}", timeout=10)
                if answer is not None and answer[0] == 200:
                    break
                self.repeated += 1
                time.sleep(0.2)
            self.lines += BATCH
            self.alerts += len(lines) - BATCH
            number += 1


class Reader(threading.Thread):
    """Somebody of a company who looks at pages."""

    def __init__(self, stage, company, over):
        super().__init__(daemon=True)
        self.stage, self.company, self.over = stage, company, over
        self.cookies, self.connection = {}, None
        self.took, self.failed = [], []  # (from, to), (from, to, page, what)

    def ask(self, method, path, form=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.stage.portal,
                                                         timeout=PAGE_TIMEOUT)
        head = {"Accept": "text/html", "Cookie": "; ".join(
            f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            head["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(form)
        self.connection.request(method, path, body, head)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, text

    def login(self):
        _, page = self.ask("GET", "/login")
        csrf = re.search(r'name="csrf" value="([^"]*)"', page)
        return self.ask("POST", "/login", {"csrf": csrf.group(1) if csrf else "",
                                           "login": "reader", "secret": PASSWORD})[0] == 303

    def look(self, path):
        status, text = self.ask("GET", path)
        if status == 303:  # a jump of the clock has ended the session
            self.cookies = {}
            self.login()
            status, text = self.ask("GET", path)
        if status != 200:
            raise ValueError(f"{status} {text[:80]}")

    def run(self):
        home = f"/companies/{self.company.id}"
        paths = [home, home + "/cases", home + "/sources", "/login", home + "/attack"]
        turn = 0
        while not self.over.is_set():
            path, at = paths[turn % len(paths)], time.monotonic()
            try:
                self.look(path)
                self.took.append((at, time.monotonic()))
            except (OSError, http.client.HTTPException, ValueError, AttributeError) as e:
                self.failed.append((at, time.monotonic(), path, repr(e)[:120]))
                self.connection = None
            turn += 1
            time.sleep(max(0.0, at + 1 / PAGES_A_SECOND - time.monotonic()))


class Memory(threading.Thread):
    """What each program has, children included."""

    def __init__(self, stage, over):
        super().__init__(daemon=True)
        self.stage, self.over, self.seen = stage, over, {}

    def run(self):
        began = time.monotonic()
        while not self.over.wait(2):
            try:
                with open(os.path.join(self.stage.state, "run", "serve.json"),
                          encoding="utf-8") as f:
                    now = json.load(f)
            except (OSError, ValueError):
                continue
            at, found = time.monotonic() - began, {"serve": self.of_serve()}
            found |= {p["name"]: p["rss_bytes"] for p in now["programs"]}
            for name, size in found.items():
                if size > 0:
                    self.seen.setdefault(name, []).append((at, size / MIB))

    def of_serve(self):
        try:
            with open(f"/proc/{self.stage.serve.pid}/statm", encoding="ascii") as f:
                return int(f.read().split()[1]) * resource.getpagesize()
        except (OSError, IndexError):
            return 0

    def said(self):
        """(name, MiB in the second and the last quarter, MiB an hour) of each."""
        for name, points in sorted(self.seen.items()):
            if len(points) < 8:
                continue
            quarter = len(points) // 4
            early = statistics.median(m for _, m in points[quarter:2 * quarter])
            late = statistics.median(m for _, m in points[-quarter:])
            slope = statistics.linear_regression(*zip(*points[quarter:])).slope * 3600
            yield name, early, late, slope


class Blows:
    """One after the other, in an order that a seed decides; each has a window."""

    def __init__(self, stage, room, clock, dice):
        self.stage, self.room, self.clock, self.dice = stage, room, clock, dice
        self.windows, self.count = [], {}
        self.kinds = {"kill " + n: lambda n=n: self.kill(n) for n in (
            "intake", "engine", "eventd", "worker", "portal")}
        self.kinds |= {"kill a shard": lambda: self.kill_shard(False),
                       "kill the shards' master": lambda: self.kill_shard(True),
                       "kill serve": self.kill_serve, "disk full": self.disk_full,
                       "eventd stands still": self.stand_still, "clock": self.clock_step}

    def kill(self, name):
        self.stage.kill(name)

    def kill_shard(self, master):
        def children(pid):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                return [int(p) for p in f.read().split()]
        try:
            pid = children(self.stage.pid("engine"))[0]
            os.kill(pid if master else self.dice.choice(children(pid)), signal.SIGKILL)
        except (OSError, IndexError):
            pass  # between two lives

    def kill_serve(self):
        self.stage.serve.kill()
        self.stage.serve.wait()
        os.unlink(os.path.join(self.stage.state, "run", "serve.json"))
        self.stage.start()

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.room], check=True)

    def disk_full(self):
        st = os.statvfs(self.room)
        size = st.f_blocks * st.f_frsize
        used = size - st.f_bfree * st.f_frsize
        self.resize(used + (1 << 16))
        time.sleep(self.dice.uniform(2, 6))
        self.resize(size)

    def stand_still(self):
        pid = self.stage.pid("eventd")
        if pid > 0:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self.dice.uniform(2, 8))
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def clock_step(self):
        ahead = self.dice.choice([-3600, 3600, 2 * 86400, 0])
        os.pwrite(self.clock.fileno(), struct.pack("q", ahead), 0)

    def heal(self):
        os.pwrite(self.clock.fileno(), struct.pack("q", 0), 0)

    def well(self):
        """Every program is there, and the pages answer."""
        if not all(p["pid"] > 0 and p["ready"] for p in self.stage.programs()):
            return False
        c = http.client.HTTPConnection("127.0.0.1", self.stage.portal, timeout=5)
        try:
            c.request("GET", "/healthz")
            return c.getresponse().status == 200
        finally:
            c.close()

    def strike(self, seconds):
        until, order = time.monotonic() + seconds, []
        while time.monotonic() < until:
            if not order:
                order = list(self.kinds)
                self.dice.shuffle(order)
            kind = order.pop()
            began = time.monotonic()
            self.kinds[kind]()
            self.stage.wait(self.well, 60, f"well after: {kind}")
            self.windows.append((began, time.monotonic() + 1))
            self.count[kind] = self.count.get(kind, 0) + 1
            time.sleep(self.dice.uniform(1, 6))

    def in_window(self, asked):
        """Was any of the time between asking and the answer in one?"""
        return any(a <= asked[1] and asked[0] <= b for a, b in self.windows)


def stored(stage, senders):
    """Of each company what it was acknowledged, without a gap and without a second."""
    rows = stage.events(
        "SELECT company, count(), uniqExact(n), min(n), max(n) FROM (SELECT company, "
        "toUInt64OrZero(extract(original, 'soak-([0-9]+)-x')) AS n FROM events "
        "WHERE position(original, 'for soak-') > 0) GROUP BY company")
    have = {int(r[0]): tuple(int(x) for x in r[1:]) for r in rows}
    return {s.company.id: (have.get(s.company.id), s.lines) for s in senders
            if have.get(s.company.id) != (s.lines, s.lines, 0, s.lines - 1)}


def tell(stage, senders, reader, memory, blows):
    total = sum(s.lines + s.alerts for s in senders)
    print(f"# {total} lines ({total / MINUTES / 60:.0f}/s), "
          f"{sum(s.repeated for s in senders)} requests repeated; blows: " +
          ", ".join(f"{k} {n}" for k, n in sorted(blows.count.items())))
    check("every kind of blow was struck", set(blows.count) == set(blows.kinds), blows.count)
    check("everything durable is judged in the end",
          stage.wait(lambda: judged(stage) == durable(stage), 600, "judged"),
          (judged(stage), durable(stage)))
    numbers = stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0")
    check(f"0 lost, 0 doubled: all {total} numbers are stored once",
          numbers == [[str(total)] * 3], (numbers, total))
    wrong = stored(stage, senders)
    check("each line of each company is there once", not wrong, wrong)
    want = sum(s.alerts for s in senders)
    alerts = stage.events("SELECT count(), uniqExact(queue, seq, rule_id) FROM alerts")[0]
    check("every alert is stored once", alerts == [str(want)] * 2, (alerts, want))
    stage.wait(lambda: counted(stage)[0] == want, 30, "alerts counted")
    check("and counted once", counted(stage)[0] == want, (counted(stage), want))
    answered(reader, blows)
    flat(memory)


def answered(reader, blows):
    def percentile(asked):
        times = sorted(b - a for a, b in asked)
        return times[len(times) * 95 // 100] if times else 0.0
    calm = [t for t in reader.took if not blows.in_window(t)]
    outside = [f for f in reader.failed if not blows.in_window(f)]
    asked, p95 = len(reader.took) + len(reader.failed), percentile(calm)
    share = sum(b - a for a, b in blows.windows) / (MINUTES * 60)
    print(f"# pages: {asked} asked, {len(reader.failed)} failed, {len(outside)} of them outside of "
          f"the windows ({share:.0%} of the time); p95 {p95:.3f} s of {len(calm)} outside, "
          f"{percentile(reader.took):.3f} s of all answers")
    check("outside of the windows no page failed", calm and not outside, outside[:5])
    check(f"their 95th percentile is at most {PAGE_P95} s", calm and p95 <= PAGE_P95, p95)


def flat(memory):
    for name, early, late, slope in memory.said():
        check(f"memory of {name} is flat: {early:.0f} MiB, then {late:.0f} ({slope:+.0f} MiB/h)",
              late <= early * GROWTH + GROWTH_MIB)


def main():
    if "MIMAMORI_OWN_MOUNTS" not in os.environ:
        if subprocess.run(["unshare", "-m", "true"], check=False,
                          capture_output=True).returncode != 0:
            skip("no mount namespace")
        os.execvpe("unshare", ["unshare", "-m", sys.executable, "-B", *sys.argv],
                   dict(os.environ, MIMAMORI_OWN_MOUNTS="1"))
    room = tempfile.mkdtemp(prefix="mm-soak-")
    size = int(600 + 80 * MINUTES)  # MiB: what comes takes about 25 a minute, merges as much again
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "soak", room],
                      check=False, capture_output=True).returncode != 0:
        os.rmdir(room)
        skip("no file system may be mounted")
    tempfile.tempdir = room
    print(f"# {MINUTES:g} minutes, seed {SEED} (MIMAMORI_SEED repeats it)")
    over, quiet = threading.Event(), threading.Event()
    with tempfile.NamedTemporaryFile(dir="/tmp") as clock:
        clock.write(struct.pack("q", 0))
        clock.flush()
        with Stage("eventd engine intake worker portal",
                   env={"LD_PRELOAD": LIBRARY, "MM_TEST_CLOCK": clock.name}) as stage:
            made = companies(stage, SENDERS, token=True)
            out = stage.run("user", "add", "--company", "c1", "--login", "reader", "--name",
                            "Reader", "--role", "charge", "--password-stdin", says=PASSWORD + "\n")
            check("somebody reads", out.returncode == 0, out.stderr)
            senders = [Sender(stage, c, over) for c in made]
            reader, memory = Reader(stage, made[0], quiet), Memory(stage, quiet)
            blows = Blows(stage, room, clock, random.Random(SEED))
            check("logged in", reader.login())
            for t in [*senders, reader, memory]:
                t.start()
            time.sleep(5)
            blows.strike(MINUTES * 60)
            blows.heal()
            over.set()
            for t in senders:
                t.join(300)
            quiet.set()
            reader.join(60)
            memory.join(60)
            tell(stage, senders, reader, memory, blows)
    subprocess.run(["umount", "-l", room], check=False)
    os.rmdir(room)
    done()


main()
