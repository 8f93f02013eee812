"""worker.py - every new case is mailed to every member of staff, though the worker dies at random
moments; a mail comes twice only where the worker died over its answer, with one Message-ID.

MIMAMORI_KILLS: kills of the worker (default 20); the seed of the moments is printed.
"""
import os
import random
import re
import socketserver
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, log_cleared, register  # noqa: E402
from stage import Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "20"))
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
STAFF = ["ana@example.org", "ben@example.org"]
lock = threading.Lock()
taken = []  # recipient, Message-ID


class Smtp(socketserver.StreamRequestHandler):
    """A mail server, slow enough to be killed at."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def data(self, recipient):
        self.say("354 go on")
        body = b""
        while not body.endswith(b"\r\n.\r\n"):
            more = self.rfile.readline()
            if not more:
                return False
            body += more
        ident = re.search(rb"(?im)^Message-ID: *(\S+)", body).group(1).decode()
        with lock:
            taken.append((recipient, ident))
        time.sleep(0.04)
        self.say("250 taken")
        return True

    def handle(self):
        recipient = None
        try:
            self.say("220 test")
            while True:
                line = self.rfile.readline().decode("ascii", "replace").strip()
                word = line.upper()
                if not line or word.startswith("QUIT"):
                    self.say("221 bye")
                    return
                if word.startswith("RCPT"):
                    recipient = re.search("<(.*)>", line).group(1)
                if word.startswith("DATA"):
                    if not self.data(recipient):
                        return
                    continue
                self.say("250 ok")
        except OSError:
            return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def send_cases(stage, made, count):
    senders = [Tcp(stage, c) for c in made]
    for i in range(count):
        senders[i % len(made)].lines([log_cleared(f"PC-mail-{i}", i)])
        if i % 10 == 0:
            time.sleep(0.3)
    for t in senders:
        t.end()


with Server(("127.0.0.1", 0), Smtp) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"smtp://127.0.0.1:{server.server_address[1]}"
    with Stage(env={"MIMAMORI_MAIL_URL": url}) as stage:
        dice, cases = random.Random(SEED), max(40, 4 * KILLS)
        for mail in STAFF:
            register(stage, "user", "--company", "operator", "--login",
                     mail.split("@", maxsplit=1)[0], "--name", mail, "--mail", mail, "--role",
                     "analyst", "--make-password")
        made = companies(stage, 1 + cases // 30)  # a case each: 40 an hour and company
        sender = threading.Thread(target=send_cases, args=(stage, made, cases))
        sender.start()
        # Each death a few mails after the last, and at any moment of one.
        kills, pid = 0, 0
        while kills < KILLS and len(taken) < cases * len(STAFF):
            seen = len(taken)
            stage.wait(lambda: len(taken) > seen and stage.pid("worker") not in (0, pid), 30,
                       "a mail of a new worker")
            time.sleep(dice.uniform(0, 0.12))
            pid = stage.pid("worker")
            stage.kill("worker")
            kills += 1
        sender.join()
        want = cases * len(STAFF)
        check(f"worker killed {kills} times: every mail is sent in the end", stage.wait(
            lambda: stage.records("SELECT count(sent_us) FROM outbox") == [(want,)],
            60 + want // 10, "all sent"),
              stage.records("SELECT kind, state, count(*) FROM job GROUP BY 1, 2"))
        numbers = {r: len({i for who, i in taken if who == r}) for r in STAFF}
        check("every case has one mail to each, by Message-ID",
              numbers == {r: cases for r in STAFF}, numbers)
        print(f"# {len(taken)} mails taken for {want}")
        check("some died over a mail", len(taken) > want, len(taken))
        check("no more came twice than the worker died", len(taken) <= want + kills,
              len(taken))
        looks = stage.records("SELECT count(*), count(DISTINCT c.case_id) FROM cases c")[0]
        check("as many cases as PCs", looks == (cases, cases), looks)
done()
