"""full.py - the disk is full: nothing is acknowledged that is not durable, somebody is told, and
everything goes on by itself when there is room again.

The state lies on a small file system of its own, in a mount namespace of this test.
"""
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import (FULL, OK, Tcp, companies, each_once, failed_login, judged,  # noqa: E402
                     page_state, post)
from stage import Stage, check, done, skip  # noqa: E402

SIZE_MIB = 400
if "MIMAMORI_OWN_MOUNTS" not in os.environ:
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        skip("no mount namespace")
    os.execvpe("unshare", ["unshare", "-m", sys.executable, "-B", *sys.argv],
               dict(os.environ, MIMAMORI_OWN_MOUNTS="1"))
room = tempfile.mkdtemp(prefix="mm-full-")
if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "full", room],
                  check=False, capture_output=True).returncode != 0:
    os.rmdir(room)
    skip("no file system may be mounted")
tempfile.tempdir = room
acknowledged, refused, made = [], [], {}


def ballast():
    """Takes whatever is left, again and again: programs give some back now and then."""
    with open(os.path.join(room, "ballast"), "ab", buffering=0) as f:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    f.write(bytes(size))
            except OSError:
                continue


def request(stage, company, number):
    """One request; it is repeated with its key until it is acknowledged."""
    lines = made.setdefault(number, [
        failed_login("srv", f"full-{number}-{i}-" + "x" * 400, i) for i in range(500)])
    answer = post(stage, company, lines, key=f"request-{number}")
    if answer is not None and answer[0] == 200:
        acknowledged.extend(lines)
        return True
    refused.append((number, answer))
    return False


def until_refused(stage, company):
    """How many were acknowledged although the disk was full: they fit into what was there."""
    for n in range(100, 600):
        ballast()
        if not request(stage, company, n):
            return n - 100
    return None


def stream(stage, company, lines):
    """A TCP sender that just waits while nobody reads."""
    t = Tcp(stage, company, timeout=120)
    t.lines(lines)
    t.end()


def fill(stage, company):
    for n in range(10):
        request(stage, company, n)
    check("before, everything is acknowledged", not refused, refused)
    fitted = until_refused(stage, company)
    check("a full disk stops acknowledgements", fitted is not None, fitted)
    status = refused[-1][1]
    check("the sender is told to come again", status is not None and status[0] == 503 and
          status[1].get("error") == "ingest.full", status)
    check("intake says that the disk is full", page_state(stage) == FULL, page_state(stage))
    for n in range(700, 705):
        ballast()
        request(stage, company, n)
    check("it goes on refusing", len(refused) == 6, refused)


with Stage() as stage:
    company = companies(stage, 1, token=True)[0]
    fill(stage, company)
    time.sleep(6)  # the engine looks every five seconds
    streamed = [failed_login("srv", f"full-tcp-{i}-" + "y" * 400, i) for i in range(40000)]
    t = threading.Thread(target=stream, args=(stage, company, streamed))
    t.start()
    time.sleep(2)
    restarts = {p["name"]: p["restarts"] for p in stage.programs()}
    os.unlink(os.path.join(room, "ballast"))
    began = time.monotonic()
    again = sorted({n for n, _ in refused})
    for n in again:
        while not request(stage, company, n) and time.monotonic() < began + 30:
            time.sleep(0.2)
    took = time.monotonic() - began
    check("with room again it goes on by itself, soon", took < 10, took)
    t.join()
    acknowledged.extend(streamed)
    check("intake says that all is well", stage.wait(lambda: page_state(stage) == OK, 5, "state"))
    # After the disk is free the engine catches up, too.
    stage.wait(lambda: judged(stage) >= len(acknowledged), 60, "judged")
    check("everything acknowledged is stored, each once", *each_once(stage, acknowledged, "full-"))
    told = "SELECT company, count, level, state FROM finding WHERE kind = 'disk_full'"
    check("the operator was told, and that it is over",
          stage.wait(lambda: stage.records(told) == [(0, 1, 3, "closed")], 15, "told"),
          stage.records(told))
    check("eventd lived through it", restarts["eventd"] == 0, restarts)
    check("nobody died of it", not any(restarts.values()), restarts)
subprocess.run(["umount", "-l", room], check=False)
os.rmdir(room)
done()
