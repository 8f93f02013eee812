"""relay.py - a relay in another place: enrolled by a code, killed at random like its centre.

Each line that a file held or a connection brought arrives once; a wrong and a used code say so; a
copy is refused and shown; what is stopped from afar listens no more.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import each_once, failed_login, register  # noqa: E402
from stage import BUILD, Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "20"))
RELAY = os.path.join(BUILD, "mimamori-relay")
dice = random.Random(7)
sent = []


def lines(mark, count):
    made = [failed_login("srv", f"relay-{mark}-{i}", i) for i in range(count)]
    sent.extend(made)
    return "".join(line + "\n" for line in made)


def enrol(stage, state, code):
    return subprocess.run([RELAY, "enrol", "--state", state, f"https://127.0.0.1:{stage.portal}",
                           code], capture_output=True, text=True, timeout=60, check=False)


class Relay:
    """A relay's process, and the working one below it."""

    def __init__(self, stage, state):
        self.state, self.log = state, open(os.path.join(stage.state, "relay.log"), "a+")
        self.p = None
        self.start()

    def start(self):
        self.p = subprocess.Popen([RELAY, "run", "--state", self.state], stdout=self.log,
                                  stderr=self.log)

    def worker(self):
        with open(f"/proc/{self.p.pid}/task/{self.p.pid}/children", encoding="ascii") as f:
            return [int(x) for x in f.read().split()]

    def kill_worker(self):
        killed = self.worker()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        while set(self.worker()) & set(killed):
            time.sleep(0.01)

    def stop(self):
        self.p.terminate()
        return self.p.wait(20)

    def said(self, what):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return what in f.read()

    def tell(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            for line in f.readlines()[-20:]:
                print("# relay: " + line.rstrip())


def low_port():
    """A free port below those that the system gives to who connects: else a look whether somebody
    listens can meet itself."""
    while True:
        port = random.SystemRandom().randrange(20000, 30000)
        with socket.socket() as s:
            try:
                s.bind(("0.0.0.0", port))
                return port
            except OSError:
                continue


def connected(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def say(port, text):
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.sendall(text.encode())
        s.shutdown(socket.SHUT_WR)
        s.recv(1)


def stored(stage):
    return stage.wait(lambda: int(stage.events("SELECT count() FROM events")[0][0]) >= len(sent),
                      90, "all lines stored")


def sources(stage):
    return {int(s): int(n) for s, n in stage.events(
        "SELECT source, count() FROM events GROUP BY source ORDER BY source")}


http = low_port()
with Stage("eventd engine portal intake",
           env={"MIMAMORI_INTAKE_HTTP": f"0.0.0.0:{http}", "MIMAMORI_PORTAL_TLS": "on"}) as stage:
    stage.wait(lambda: stage.run("company", "list").returncode == 0, 20, "records")
    stage.wait(lambda: connected(http), 30, "listeners")
    logs, state = os.path.join(stage.state, "logs"), os.path.join(stage.state, "relay")
    os.mkdir(logs)
    udp, tcp = low_port(), low_port()
    register(stage, "company", "--code", "c1", "--name", "Company 1")
    made = register(stage, "relays", "--company", "c1", "--name", "office", "--listen",
                    f"udp/{udp} tcp/{tcp}", "--follow", os.path.join(logs, "app.log*"))
    number, code = made["id"], made["code"]
    rest, files, device = (register(
        stage, "source", "--company", "c1", "--name", name, "--bind", "relay", "--listener",
        str(number) + what)["id"] for name, what in (
            ("office", ""), ("squid", "/file/1"), ("router", f"/udp/{udp}")))

    out = enrol(stage, state, code[:-1] + str((int(code[-1]) + 1) % 10))
    check("a digit that was misheard is found before anybody is asked",
          out.returncode == 1 and "one digit" in out.stderr, out.stderr)
    out = enrol(stage, state, "0000-0000-0000-0000")
    check("a code that nobody has says so", out.returncode == 1 and
          ("does not know this code" in out.stderr), out.stderr)
    out = enrol(stage, state, code)
    check("the code makes this machine a relay", out.returncode == 0, out.stdout + out.stderr)
    out = enrol(stage, state + "2", code)
    check("a used code says so and how to get a new one", out.returncode == 1 and
          "used already" in out.stderr and "--new-code" in out.stderr, out.stderr)
    mode = os.stat(os.path.join(state, "identity")).st_mode & 0o777
    check("what it proves itself with is its own", mode == 0o600, oct(mode))

    relay = Relay(stage, state)
    ok = stage.wait(lambda: connected(tcp), 30, "the relay listens as its settings say")
    check("it listens as the centre's settings say", ok)
    if not ok:
        relay.tell()
    path = os.path.join(logs, "app.log")
    for n in range(KILLS):
        with open(path, "a", encoding="utf-8") as f:
            f.write(lines(f"f{n}", dice.randrange(20, 300)))
        time.sleep(dice.uniform(0, 0.8))
        if n % 2 == 0:
            relay.kill_worker()
        else:
            stage.kill("intake")
        time.sleep(dice.uniform(0, 0.4))
    check("every line of a file is stored once", stored(stage) and each_once(
        stage, sent, "relay-")[0], each_once(stage, sent, "relay-")[1])

    stage.wait(lambda: connected(tcp), 30, "it listens again")
    stage.kill("intake", signal.SIGSTOP)  # the line is down: nothing answers
    say(tcp, lines("t", 5000))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for line in lines("u", 200).splitlines():
            s.sendto(line.encode(), ("127.0.0.1", udp))
            time.sleep(0.0005)
    time.sleep(1)
    relay.kill_worker()
    stage.wait(lambda: connected(tcp), 30, "it listens again")
    say(tcp, lines("v", 100))
    stage.kill("intake", signal.SIGCONT)
    check("what came while the line was down is stored once", stored(stage) and each_once(
        stage, sent, "relay-")[0], each_once(stage, sent, "relay-")[1])
    got = sources(stage)
    check("files, datagrams and the rest are sources of their own",
          got.get(device) == 200 and got.get(rest) == 5100 and got.get(files) == len(sent) - 5300,
          (got, rest, files, device))

    out = stage.run("relays", "set", str(number), "--mode", "stopped")
    check("a relay that is stopped from afar listens no more", out.returncode == 0 and stage.wait(
        lambda: not connected(tcp), 40, "it has stopped"), out.stderr)
    out = stage.run("relays", "set", str(number), "--mode", "active")
    check("and listens again when it may", stage.wait(lambda: connected(tcp), 90, "it listens"))

    check("it ends in order when told to", relay.stop() == 0)
    shutil.copytree(state, state + ".copy")
    relay.start()
    stage.wait(lambda: connected(tcp), 30, "it listens again")
    say(tcp, lines("w", 50))
    stored(stage)
    relay.stop()
    copy = Relay(stage, state + ".copy")
    stage.wait(lambda: connected(tcp), 30, "the copy listens")
    say(tcp, failed_login("srv", "copied-1", 1) + "\n")
    check("a copy is refused and says what to do", stage.wait(
        lambda: copy.said("a copy of another one"), 40, "refused"))
    check("and is shown with the relay", stage.wait(lambda: "copied" in json.loads(stage.run(
        "relays", "show", str(number), "--json").stdout)["live"], 20, "shown"))
    copy.stop()
    relay.start()
    stage.wait(lambda: connected(tcp), 30, "it listens again")
    say(tcp, lines("x", 10))
    check("while what it was copied from goes on", stored(stage) and each_once(
        stage, sent, "relay-")[0], each_once(stage, sent, "relay-")[1])
    relay.stop()
    code = register(stage, "relays", "--company", "c1", "--name", "second")["code"]
    again = json.loads(stage.run("relays", "set", str(number), "--new-code", "--json").stdout)
    out = enrol(stage, state, again["code"])
    check("a new code makes it good", out.returncode == 0, out.stderr)
    relay.start()
    check("and nothing was lost or doubled", stored(stage) and each_once(
        stage, sent, "relay-")[0], each_once(stage, sent, "relay-")[1])
    out = enrol(stage, state + "2", code)
    second = Relay(stage, state + "2")
    check("a second relay of a company waits for somebody's word", out.returncode == 0 and
          stage.wait(lambda: second.said("waits for somebody's word"), 30, "held"), out.stderr)
    second.stop()
    relay.stop()
done()
