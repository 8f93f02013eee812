"""slow.py - many slow connections against the portal (over TLS) and intake: others are served.

Run: slow.py BUILD-DIR SOURCE-DIR. TAP. Attackers at a few addresses hold all the connections they
can get: handshakes, heads, bodies and lines that never end, idle ones. Somebody at an address of
its own asks all the while, each time on a new connection, and is served within a bound that comes
from the same questions before the attack. In the end the status says who ran into which limit.
"""
import json
import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from senders import Tcp, companies, durable, post  # noqa: E402
from stage import Stage, check, done  # noqa: E402
from wire import ask, connect  # noqa: E402

ASKED = 40                     # questions before and during an attack
FACTOR, SLACK_S = 10, 0.5      # how much slower the slowest may be, and what a busy machine adds
HELLO = bytes.fromhex("160301020001000001fc0303")  # the beginning of a handshake
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16384), most))


class Attack(threading.Thread):
    """Connections that are opened, say their part, and then a byte now and then."""

    def __init__(self, addresses, each, port, tls, first, drip):
        super().__init__(daemon=True)
        self.addresses, self.each, self.port, self.tls = addresses, each, port, tls
        self.first, self.drip = first, drip
        self.open, self.ready, self.over = [], threading.Event(), threading.Event()
        self.start()

    def one(self, address):
        try:
            s = connect(self.port, self.tls, address, timeout=5)
            if self.first:
                s.sendall(self.first)
            self.open.append(s)
        except OSError:
            pass  # turned away

    def run(self):
        for _ in range(self.each):
            for address in self.addresses:
                self.one(address)
        self.ready.set()
        while not self.over.wait(0.5):
            for s in list(self.open) if self.drip else []:
                try:
                    s.sendall(self.drip)
                except OSError:
                    self.open.remove(s)  # ended: it comes again
                    self.one(self.addresses[0])

    def end(self):
        self.over.set()
        self.join()
        for s in self.open:
            s.close()


def timed(question):
    """The longest of some questions, and what was not answered."""
    worst, failed = 0.0, []
    for i in range(ASKED):
        began = time.monotonic()
        try:
            said = question()
        except OSError as e:
            said = e
        worst = max(worst, time.monotonic() - began)
        if said is not True:
            failed.append((i, said))
    return worst, failed


def under(name, question, attacks):
    before, failed = timed(question)
    check(f"{name}: answered before", not failed, failed)
    began = [Attack(*a) for a in attacks]
    for a in began:
        a.ready.wait(60)
    during, failed = timed(question)
    held = sum(len(a.open) for a in began)
    for a in began:
        a.end()
    check(f"{name}: all are answered beside {sum(a.each * len(a.addresses) for a in began)} slow "
          "connections", not failed, failed[:5])
    check(f"{name}: within a bound of what it was before", during < before * FACTOR + SLACK_S,
          (before, during))
    print(f"# {name}: longest of {ASKED} before {before * 1000:.0f} ms, beside {held} open ones "
          f"{during * 1000:.0f} ms")


def lines(mark):
    return [f"<13>Nov 20 13:00:00 pc slow: {mark} {i}" for i in range(20)]


def portal(stage):
    def login():
        got = ask(stage.portal, "GET", "/login", [("Accept", "text/html")], tls=True,
                  address="127.0.0.9")
        return got is not None and got.status == 200
    post_ = (b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded"
             b"\r\nContent-Length: 16000\r\n\r\ncsrf=")
    port = stage.portal
    under("portal, handshakes", login, [
        (["127.6.0.1", "127.6.0.2", "127.6.0.3", "127.6.0.4", "127.6.0.5"], 64, port, False, HELLO,
         b"")])
    under("portal, heads", login, [
        (["127.6.1.1", "127.6.1.2", "127.6.1.3"], 64, port, True,
         b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"b")])
    under("portal, bodies", login, [
        (["127.6.2.1", "127.6.2.2", "127.6.2.3", "127.6.2.4", "127.6.2.5"], 64, port, True, post_,
         b"x")])
    under("portal, connections that ask once and stay", login, [
        (["127.6.3.1", "127.6.3.2", "127.6.3.3", "127.6.3.4", "127.6.3.5"], 64, port, True,
         b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"")])


def intake(stage, good, bad):
    count = iter(range(10 ** 6))

    def http():
        got = post(stage, good, lines(f"http-{next(count)}"))
        return got is not None and got[0] == 200 or got

    def tcp():
        before = durable(stage)
        t = Tcp(stage, good, timeout=20)
        t.lines(lines(f"tcp-{next(count)}"))
        t.end()
        until = time.monotonic() + 20
        while durable(stage) < before + 20 and time.monotonic() < until:
            time.sleep(0.005)
        return durable(stage) >= before + 20
    slow = (f"POST /v1/ingest/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bad.token}\r\n"
            "Content-Length: 100000\r\n\r\n<13>slow").encode()
    under("intake, HTTP bodies", http, [(["127.6.4.1", "127.6.4.2"], 40, stage.http, False, slow,
                                         b"x" * 200)])
    under("intake, half lines of strangers", tcp, [
        ([f"127.6.5.{i}" for i in range(1, 19)], 240, stage.tcp, False, b"<13>no end", b"")])
    t = Tcp(stage, bad)
    t.raw(b"<13>half a line of somebody registered")
    check("who is registered has places beside them", tcp() is True)
    t.s.close()


def told(stage):
    status = json.loads(stage.run("status", "--json").stdout)
    hits = {(x["program"], x["limit"]): x for x in status["limits"]}
    check("the portal's connections that had to go are counted", hits.get(
        ("portal", "pushed"), {"n": 0})["n"] > 50, hits.keys())
    check("so are those of one address, with the address", hits.get(
        ("intake", "strangers"), {"n": 0})["n"] > 100, hits.keys())
    by = [b["address"] for x in hits.values() for b in x["by"]]
    check("by address", any(b.startswith("127.6.") for b in by), by)
    metrics = stage.run("status", "--metrics").stdout
    check("and in the metrics", 'mimamori_limit_hits_total{program="portal",limit="pushed"}' in
          metrics, metrics[:300])


with Stage("intake portal", {"MIMAMORI_PORTAL_TLS": "on", "MIMAMORI_PORTAL_RATE": "0"}) as stage:
    stage.wait(lambda: ask(stage.portal, "GET", "/login", tls=True), 20, "the portal listens")
    good, bad = companies(stage, 2, token=True)
    portal(stage)
    intake(stage, good, bad)
    told(stage)
    restarts = [(p["name"], p["restarts"]) for p in stage.programs() if p["restarts"]]
    check("no program ended", not restarts, restarts)
done()
