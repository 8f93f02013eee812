"""jobs.py - the worker is killed between the steps of a job: nothing is lost, nothing of the
records is written twice; what is given up is seen by the operator and can be begun anew.

No store of events runs: a thread of this test stands in its place and lets the worker hang, as does
another one in the place of a mail server.
"""
import json
import os
import re
import socket
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.dirname(__file__))
from stage import Stage, check, done  # noqa: E402


class Peer(threading.Thread):
    """Listens, and answers as `how` says when a connection comes; `met` counts them."""

    def __init__(self, listener):
        super().__init__(daemon=True)
        self.listener, self.how, self.met = listener, "hang", 0
        self.mails, self.keep = [], []

    def run(self):
        while True:
            client, _ = self.listener.accept()
            self.met += 1
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        try:
            self.answer(client)
        except OSError:
            pass


class Store(Peer):
    def answer(self, client):
        if self.how == "hang":
            self.keep.append(client)
        else:
            client.close()


class Smtp(Peer):
    def answer(self, client):
        f = client.makefile("rwb")

        def say(text):
            f.write(text.encode() + b"\r\n")
            f.flush()

        say("220 test")
        for line in f:
            verb = line[:4].upper()
            if verb == b"RCPT" and self.how == "refuse":
                say("550 no such person")
            elif verb == b"DATA":
                say("354 go on")
                text = b""
                for part in f:
                    if part == b".\r\n":
                        break
                    text += part
                self.mails.append(re.search(rb"(?im)^Message-ID: *(\S+)", text).group(1))
                if self.how == "hang":
                    self.keep.append(client)
                    return
                say("250 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


def open_case(stage):
    """As triage does: the case and its jobs in one transaction."""
    db = sqlite3.connect(f"{stage.state}/records.db", timeout=30)
    with db:
        db.execute("BEGIN IMMEDIATE")
        number = db.execute("SELECT coalesce(max(number), 0) + 1 FROM cases").fetchone()[0]
        case = db.execute(
            "INSERT INTO cases(company, number, how, entity_field, entity, level, confidence, act,"
            " state, outcome_text, title, doc, opened_us, event_us, updated_us) VALUES (0, ?,"
            " 'detected', 'host.name', 'PC-' || ?, 3, 80, 'today', 'new', '', 't', '{}', 1, 1, 1)",
            (number, number)).lastrowid
        for kind in ("look", "tell"):
            db.execute("INSERT INTO job(company, kind, subject, state, attempts, not_before_us,"
                       " lease_us, last_error, created_us) VALUES (0, ?, ?, 'queued', 0, 0, 0,"
                       " '', 1)", (kind, case))
    db.close()
    return case


def job(stage, kind, case):
    what = "(SELECT mail FROM outbox WHERE case_id = ?)" if kind == "mail" else "?"
    rows = stage.records("SELECT state, attempts, last_error, job FROM job WHERE kind = ? AND "
                         f"subject = {what}", kind, case)
    return rows[0] if rows else ("none", 0, "", 0)


def listed(stage, *args):
    out = stage.run("job", *args, "--json")
    return json.loads(out.stdout) if out.returncode == 0 else None


smtp = Smtp(socket.create_server(("127.0.0.1", 0)))
smtp.start()
env = {"MIMAMORI_MAIL_URL": f"smtp://127.0.0.1:{smtp.listener.getsockname()[1]}",
       "MIMAMORI_MAIL_PAUSE": "1"}
with Stage(programs="worker", env=env) as stage:
    added = stage.run("user", "add", "--company", "operator", "--login", "helper", "--name",
                      "Helper", "--role", "analyst", "--mail", "helper@example.jp")
    check("a helper is entered", added.returncode == 0, added.stderr)
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(os.path.join(stage.state, "run", "eventd-read.sock"))
    unix.listen()
    store = Store(unix)
    store.start()

    # Killed in a look: the store of events holds the worker.
    case = open_case(stage)
    check("the worker begins to look", stage.wait(lambda: store.met == 1, 20, "a question"))
    rows = listed(stage, "list", "--company", "operator")["items"]
    check("a job that runs is shown with its lease",
          [(r["kind"], r["state"], r["lease"] is not None) for r in rows if r["kind"] == "look"]
          == [("look", "running", True)], rows)
    second = stage.run("worker", timeout=20)
    check("a second worker is refused", second.returncode == 1 and "worker.lock" in second.stderr,
          second.stderr)
    store.how = "close"
    stage.kill("worker")
    check("the look is lost, taken again, and waits for the store", stage.wait(
        lambda: job(stage, "look", case)[:3] == ("queued", 2, "err.io"), 30, "a second attempt"),
        job(stage, "look", case))
    check("nothing of half a look was kept",
          stage.records("SELECT count(*) FROM case_look") == [(0,)])

    # Killed while the mail server has the mail and has not answered.
    check("the mail was written once, with the end of its job", stage.wait(
        lambda: job(stage, "tell", case)[:2] == ("done", 1), 20, "told") and
        stage.records("SELECT count(*) FROM outbox") == [(1,)], job(stage, "tell", case))
    check("the mail server has it", stage.wait(lambda: len(smtp.mails) == 1, 20, "a mail"))
    check("and the job runs", job(stage, "mail", case)[:2] == ("running", 1))
    smtp.how = "take"
    stage.kill("worker")
    check("the mail is sent again and the job is done", stage.wait(
        lambda: job(stage, "mail", case)[:2] == ("done", 2), 30, "sent"),
        job(stage, "mail", case))
    check("twice, with one Message-ID", len(smtp.mails) == 2 and len(set(smtp.mails)) == 1,
          smtp.mails)

    # Refused for good: the operator sees it.
    smtp.how = "refuse"
    case = open_case(stage)
    check("a refused mail is given up at once", stage.wait(
        lambda: job(stage, "mail", case)[:2] == ("failed", 1), 20, "given up"),
        job(stage, "mail", case))
    number = job(stage, "mail", case)[3]
    finding = ("SELECT count, state FROM finding WHERE company = 0 AND kind = 'job_failed' AND "
               "entity = 'mail'")
    # Its own case is told by a mail that is refused, too, and raises the same finding.
    check("the operator has one finding of it, with a case", stage.wait(
        lambda: stage.records(finding) == [(2, "open")], 20, "two refused") and stage.records(
            "SELECT count(*) FROM cases WHERE entity = 'mail'") == [(1,)],
        stage.records("SELECT kind, entity, count, state FROM finding"))
    shown = listed(stage, "show", str(number))
    check("it is shown with the server's words", shown["state"] == "failed" and
          "550" in shown["last_error"] and shown["finished"] is not None, shown)
    text = stage.run("job", "list", "--lang", "en").stdout
    check("and in words", "given up" in text and "550" in text, text)
    smtp.how = "take"
    failed = [r["job"] for r in listed(stage, "list")["items"] if r["state"] == "failed"]
    again = [stage.run("job", "retry", str(n)).returncode for n in failed]
    check("begun anew it is sent", again == [0, 0] and stage.wait(
        lambda: stage.records("SELECT count(*) FROM job WHERE kind = 'mail' AND state = 'done'")
        == [(3,)], 20, "sent"), (failed, again))
    check("and the finding is over", stage.records(finding) == [(2, "closed")],
          stage.records(finding))
    check("who asked for it stands in the audit log", stage.records(
        "SELECT count(*) FROM audit WHERE action = 'job.retry'") == [(2,)])
    check("what is done cannot be begun anew",
          stage.run("job", "retry", str(number)).returncode == 1)
    check("nor what is not there", stage.run("job", "retry", "999").returncode == 1)
    check("nor without a number", stage.run("job", "retry").returncode == 2)
    check("the ended are listed when asked for", {r["kind"] for r in listed(
        stage, "list", "--ended")["items"] if r["state"] == "done"} == {"tell", "mail"})

    # Stopped while the mail server hangs.
    smtp.how, seen = "hang", len(smtp.mails)
    case = open_case(stage)
    stage.wait(lambda: len(smtp.mails) == seen + 1, 20, "a mail")
    seconds = stage.stop()
    check("it ends in order though a mail server hangs, and the job is still there",
          seconds < 10 and job(stage, "mail", case)[:2] == ("running", 1), seconds)
done()
