"""share.py - while the engine is away one company's storm leaves room on the disk for the others.

The spool may hold SPOOL_MIB here. One company sends more than that over TCP, HTTP and UDP, and
strangers do, too: each gets its part and no more, waits, is told to come again, or loses datagrams,
which are counted. Another company's lines come in all the while. When the engine is there again,
everything that was taken is stored, and the status is good.
"""
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, failed_login, judged, post  # noqa: E402
from stage import Stage, check, done, free_port  # noqa: E402

SPOOL_MIB, MIB = 24, 1 << 20
STORM = [failed_login("srv", f"storm-{i}-" + "x" * 900, i) for i in range(40000)]  # 40 MB
UDP = free_port()


def spool(stage):
    """MiB that lines take; what a segment has beyond them is not much."""
    place = os.path.join(stage.state, "spool", "q0")
    return sum(os.stat(os.path.join(place, f)).st_blocks * 512 for f in os.listdir(place)) / MIB


def storm(stage, company, lines):
    """Sends until nobody reads any more."""
    t = Tcp(stage, company, timeout=300)

    def run():
        try:
            t.lines(lines)
        except OSError:
            pass  # the end of the test
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return t, thread


def datagrams(company, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((company.address if company else "127.8.8.8", 0))
        for i in range(count):
            s.sendto(f"<13>Nov 20 13:00:00 pc udp: {i}".encode(), ("127.0.0.1", UDP))
            time.sleep(0.001)


def sender(stage, company, source):
    """What intake counts of one source, from the metrics."""
    said = stage.run("status", "--metrics").stdout
    mark = f'{{company="{company}",source="{source}"}} '
    return {line.split("{")[0]: int(line.split("} ")[1].split()[0]) for line in said.splitlines()
            if mark in line}


def settled(stage):
    """The spool's size when it does not grow any more."""
    last, still = -1.0, 0
    until = time.monotonic() + 60
    while still < 12 and time.monotonic() < until:
        time.sleep(0.25)
        now = durable(stage)
        still = still + 1 if now == last else 0
        last = now
    return spool(stage)


def others(stage, good, when):
    """The other company's lines come in, whatever way."""
    answer = post(stage, good, [failed_login("good", f"good-http-{when}-{i}", i)
                                for i in range(100)])
    check(f"{when}: the other company's requests are taken", answer is not None and
          answer[0] == 200, answer)
    before = durable(stage)
    t = Tcp(stage, good)
    t.lines([failed_login("good", f"good-tcp-{when}-{i}", i) for i in range(100)])
    t.end()
    stage.wait(lambda: durable(stage) >= before + 100, 20, "lines of the other company")
    check(f"{when}: its lines over TCP are durable", durable(stage) == before + 100,
          (before, durable(stage)))
    datagrams(good, 50)
    stage.wait(lambda: durable(stage) >= before + 150, 20, "datagrams of the other company")
    check(f"{when}: and its datagrams", durable(stage) == before + 150, (before, durable(stage)))


with Stage("intake worker", {"MIMAMORI_INTAKE_SPOOL_MAX": str(SPOOL_MIB),
                      "MIMAMORI_INTAKE_UDP": f"127.0.0.1:{UDP}",
                      "MIMAMORI_INTAKE_RATE_STRANGER": "0",
                      "MIMAMORI_INTAKE_RATE_STRANGERS": "0"}) as stage:
    bad, good = companies(stage, 2, token=True)
    others(stage, good, "before")
    flood, sending = storm(stage, bad, STORM)
    size = settled(stage)
    check("one company's storm takes half of the room, and its sender waits",
          SPOOL_MIB * 0.4 < size < SPOOL_MIB * 0.65 and sending.is_alive(), size)
    others(stage, good, "beside one storm")
    answer = post(stage, bad, STORM[:10])
    check("who storms is told over HTTP to come again", answer == (429, {"error": "ingest.share"}),
          answer)
    before = durable(stage)
    datagrams(bad, 40)
    time.sleep(1)
    counted = sender(stage, bad.id, bad.source)
    check("its datagrams are dropped, and counted", durable(stage) == before and
          counted["mimamori_source_held_back_total"] >= 40, counted)
    nobody, strangers = storm(stage, None, STORM)
    size = settled(stage)
    check("strangers take half of what is left", strangers.is_alive() and
          SPOOL_MIB * 0.6 < size < SPOOL_MIB * 0.85, size)
    others(stage, good, "beside two storms")
    status = json.loads(stage.run("status", "--json").stdout)
    line = [x for x in status["lines"] if x["what"] == "share"]
    check("the status says so", line and line[0]["state"] == "bad" and line[0]["n"] >= 2, line)
    hit = [x for x in status["limits"] if x["limit"] == "spool_share"]
    check("and by whom", hit and hit[0]["n"] >= 42 and bad.address in
          [b["address"] for b in hit[0]["by"]], hit)
    told = "SELECT company, state FROM finding WHERE kind = 'spool_share'"
    check("the operator is told", stage.wait(lambda: stage.records(told) == [(0, "open")], 40,
                                             "finding"), stage.records(told))
    flood.s.close()
    nobody.s.close()
    stage.stop()
    stage.env["MIMAMORI_SERVE_PROGRAMS"] = "eventd engine intake worker"
    stage.start()
    total = durable(stage)
    check("behind the engine's return everything that was taken is stored", stage.wait(
        lambda: judged(stage) == total, 120, "judged") and int(stage.events(
            "SELECT count() FROM events")[0][0]) == total, (judged(stage), total))
    answer = post(stage, bad, STORM[:10])
    check("and who stormed is taken again", answer is not None and answer[0] == 200, answer)
done()
