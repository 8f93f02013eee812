"""lately.py - what goes wrong again and again is told once, and closes when it is well again.

A program that is killed three times, a store that stands still while lines and searches wait for
it, and datagrams that nobody reads in time: each becomes one finding of the operator's own
company. An hour later, here by notes that are made older, each closes by itself.
"""
import os
import signal
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, failed_login, judged, register  # noqa: E402
from stage import Stage, check, done, free_port  # noqa: E402

KINDS = ["inserts_slow", "lines_lost", "program_ends", "searches_slow"]
SEARCHES = 3



def finding(stage, kind):
    """[(state, how often it began)] of the operator's findings of a kind."""
    return stage.records("SELECT state, count FROM finding WHERE company = 0 AND kind = ?", kind)


def notes(stage):
    return os.path.join(stage.state, "run", "lately.notes")


def made_older(stage, seconds):
    """As if the notes had been made so long before: the file is replaced, as the worker does it."""
    with open(notes(stage), "rb") as f:
        data = bytearray(f.read())
    size = len(data) // max(1, data.count(b"1LMM"))
    for at in range(0, len(data), size):
        was = struct.unpack_from("<q", data, at)[0]
        struct.pack_into("<q", data, at, was - seconds * 1000000)
    with open(notes(stage) + ".older", "wb") as f:
        f.write(data)
    os.rename(notes(stage) + ".older", notes(stage))


def search(stage, token, company):
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", stage.portal, timeout=60)
    c.request("GET", f"/v1/companies/{company}/events?q=Failed",
              headers={"Authorization": "Bearer " + token})
    c.getresponse().read()
    c.close()


def stand_still(stage, tcp, seconds, first):
    """Lines come while the store stands still for so long."""
    pid = stage.pid("eventd")
    before = durable(stage)
    os.kill(pid, signal.SIGSTOP)
    tcp.lines([failed_login("srv", f"user{first + n}", n) for n in range(5)])
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    stage.wait(lambda: durable(stage) == before + 5 and judged(stage) == before + 5, 30, "stored")


udp = free_port()
with Stage("eventd engine intake worker portal",
           env={"MIMAMORI_INTAKE_UDP": f"127.0.0.1:{udp}"}) as stage:
    out = stage.run("user", "add", "--company", "operator", "--login", "admin", "--name", "Admin",
                    "--role", "administrator", "--password-stdin", says="Kumori-9-zora-no-hashi\n")
    check("a user is there", out.returncode == 0, out.stderr)
    token = register(stage, "token", "--company", "operator", "--name", "t", "--user", "admin",
                     "--rights", "read")["token"]
    company = companies(stage, 1)[0]
    check("counters are noted", stage.wait(lambda: os.path.exists(notes(stage)), 40, "notes"))

    # ---- the store stands still ----
    tcp = Tcp(stage, company)
    people = [threading.Thread(target=search, args=(stage, token, company.id))
              for _ in range(SEARCHES)]
    pid = stage.pid("eventd")
    os.kill(pid, signal.SIGSTOP)
    for p in people:
        p.start()
    tcp.lines([failed_login("srv", "first", 1)])
    time.sleep(11)
    os.kill(pid, signal.SIGCONT)
    for p in people:
        p.join()
    stage.wait(lambda: judged(stage) == 1, 30, "stored")
    check("slow searches become a finding",
          stage.wait(lambda: finding(stage, "searches_slow") == [("open", 1)], 40, "searches"),
          finding(stage, "searches_slow"))
    check("one slow insert is none", finding(stage, "inserts_slow") == [])
    stand_still(stage, tcp, 8, 10)  # a batch closes a second after its first line
    stand_still(stage, tcp, 8, 20)
    tcp.end()
    check("slow inserts become one",
          stage.wait(lambda: finding(stage, "inserts_slow") == [("open", 1)], 40, "inserts"),
          finding(stage, "inserts_slow"))

    # ---- a program that ends again and again ----
    for n in range(3):
        check("twice is no finding yet", finding(stage, "program_ends") == [])
        was = stage.pid("eventd")
        stage.kill("eventd")
        stage.wait(lambda: stage.pid("eventd") not in (0, was) and all(
            p["ready"] for p in stage.programs()), 30, "eventd is back")
    check("a program that ended three times becomes a finding",
          stage.wait(lambda: finding(stage, "program_ends") == [("open", 1)], 40, "ends"),
          finding(stage, "program_ends"))
    title = stage.records("SELECT doc FROM cases WHERE company = 0 AND title = 'program_ends'")
    check("its case says in words what happened and what to do",
          len(title) == 1 and "journalctl" in title[0][0] and "finding." not in title[0][0], title)

    # ---- datagrams that nobody reads ----
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((company.address, 0))
    pid = stage.pid("intake")
    os.kill(pid, signal.SIGSTOP)
    filler = failed_login("srv", "x" * 900, 7).encode()
    for n in range(20000):
        s.sendto(filler, ("127.0.0.1", udp))
    os.kill(pid, signal.SIGCONT)
    time.sleep(1)
    s.sendto(filler, ("127.0.0.1", udp))
    check("lost lines become a finding",
          stage.wait(lambda: finding(stage, "lines_lost") == [("open", 1)], 60, "loss"),
          (finding(stage, "lines_lost"),
           stage.records("SELECT company, source, received, dropped FROM source_health")))

    # ---- an hour later ----
    stage.wait(lambda: stage.records("SELECT count(*) FROM finding WHERE company = 0 AND "
                                     "state = 'open'")[0][0] >= len(KINDS), 5, "all open")
    made_older(stage, 3600)
    check("all of them close by themselves", stage.wait(
        lambda: all(finding(stage, k) == [("closed", 1)] for k in KINDS), 90, "closed"),
          [(k, finding(stage, k)) for k in KINDS])
done()
