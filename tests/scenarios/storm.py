"""storm.py - one company at 100 times its rate delays the lines of the others by less than 5 s,
from the socket until they are found; likewise one that sends as fast as it can.

MIMAMORI_STORM: seconds of each storm (default 8).
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, failed_login  # noqa: E402
from stage import Stage, check, done  # noqa: E402

SECONDS = int(os.environ.get("MIMAMORI_STORM", "8"))
OTHERS, RATE = 10, 100  # lines a second of each company
LIMIT = 5.0


class Probes:
    """A line of each of the others every half second, and when it was found."""

    def __init__(self, stage, others, mark):
        self.stage, self.others, self.mark = stage, others, mark
        self.sent, self.found = {}, {}
        self.over = threading.Event()
        self.sender = threading.Thread(target=self.send)
        self.finder = threading.Thread(target=self.find)

    def send(self):
        open_ones = [Tcp(self.stage, c) for c in self.others]
        number = 0
        while not self.over.is_set():
            began = time.monotonic()
            for at, t in enumerate(open_ones):
                lines = [failed_login("srv", f"other-{number}-{i}", i) for i in range(RATE // 2)]
                t.lines(lines)
                name = f"{self.mark}{at}x{number}"
                self.sent[name] = time.monotonic()
                t.lines([failed_login("srv", name, number)])
            number += 1
            time.sleep(max(0.0, 0.5 - (time.monotonic() - began)))
        for t in open_ones:
            t.end()

    def find(self):
        while not self.over.is_set() or len(self.found) < len(self.sent):
            rows = self.stage.events(
                "SELECT extract(original, {m:String} || '[0-9]+x[0-9]+') FROM events WHERE "
                "company IN (" + ",".join(str(c.id) for c in self.others) + ") AND "
                "position(original, {m:String}) > 0", m=self.mark)
            now = time.monotonic()
            for (name,) in rows:
                self.found.setdefault(name, now)
            if self.over.is_set() and now - max(self.sent.values()) > 60:
                break
            time.sleep(0.1)

    def __enter__(self):
        self.sender.start()
        self.finder.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.sender.join()
        self.finder.join()

    def delays(self):
        return sorted(self.found.get(n, at + 999) - at for n, at in self.sent.items())


def tell(what, delays):
    print(f"# {what}: {len(delays)} lines found after {delays[len(delays) // 2]:.2f} s (median), "
          f"{delays[int(len(delays) * 0.99)]:.2f} s (p99), {delays[-1]:.2f} s (longest)")


def storm(stage, company, rate):
    """Lines sent by one company in SECONDS; rate 0: as many as go."""
    t = Tcp(stage, company, timeout=SECONDS * 6)
    block = [failed_login("srv", f"storm-{i}", i) for i in range(1000)]
    began, count = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        t.lines(block)
        count += len(block)
        ahead = count / rate - (time.monotonic() - began) if rate else 0
        if ahead > 0:
            time.sleep(ahead)
    t.s.close()
    return count


with Stage() as stage:
    others = companies(stage, OTHERS + 1)
    one = others.pop()
    with Probes(stage, others, "quiet") as quiet:
        time.sleep(5)
    tell("no storm", quiet.delays())
    base = quiet.delays()[-1]
    for what, rate, mark in ((f"{RATE * 100} lines/s", RATE * 100, "hundred"),
                             ("all it can", 0, "flood")):
        with Probes(stage, others, mark) as probes:
            count = storm(stage, one, rate)
        delays = probes.delays()
        print(f"# one company sent {count} lines in {SECONDS} s")
        tell(what, delays)
        check(f"{what}: the storm came", count > RATE * 100 * SECONDS * 0.7, count)
        check(f"{what}: every line of the others is found", delays[-1] < 900, delays[-3:])
        check(f"{what}: none is delayed by {LIMIT} s or more", delays[-1] - base < LIMIT,
              (delays[-1], base))
done()
