"""daily.py - the worker's morning: what has passed its time is deleted, the day of the audit chains
is closed, the staff gets a mail; with the head in that mail a chain that was made anew is found.
"""
import base64
import os
import re
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import register  # noqa: E402
from smtp import Server  # noqa: E402
from stage import Stage, check, done  # noqa: E402

DAY_US = 86_400 * 1_000_000
CANARY = "Altfall"


def write(stage, *statements):
    db = sqlite3.connect(f"{stage.state}/records.db", timeout=30)
    with db:
        for sql, *args in statements:
            db.execute(sql, args)
    db.close()


def add_case(stage, company, number, state, days_ago):
    """A case with something of every kind that hangs on one."""
    then = int(time.time() * 1_000_000) - days_ago * DAY_US
    word = f"{CANARY}{company}x{number}x"
    case = 1000 * company + number
    write(stage,
          ("INSERT INTO cases(case_id, company, number, how, entity_field, entity, level, "
           "confidence, act, state, outcome_text, title, doc, opened_us, event_us, updated_us) "
           "VALUES (?, ?, ?, 'detected', 'host.name', ?, 3, 80, 'today', ?, '', ?, '{}', ?, ?, ?)",
           case, company, number, word, state, word, then, then, then),
          ("INSERT INTO finding(finding, company, kind, rule, entity_field, entity, level, title, "
           "author, doc, state, count, first_us, last_us, case_id) VALUES (?, ?, 'alert', 'r', "
           "'host.name', ?, 3, ?, '', '{}', 'closed', 1, ?, ?, ?)", case, company, word, word,
           then, then, case),
          ("INSERT INTO finding_mark VALUES (?, ?, 0, 1)", company, case),
          ("INSERT INTO many VALUES (?, ?, ?, ?, 2, 2, 0, ?, ?, x'00')", case, company, case, case,
           then, then),
          ("INSERT INTO many_entity(company, many, entity, events, succeeded, first_us, last_us) "
           "VALUES (?, ?, ?, 1, 0, ?, ?)", company, case, word, then, then),
          ("INSERT INTO case_event VALUES (?, ?, 0, 1, 'r', ?, ?, 1, ?)", company, case, then, then,
           word),
          ("INSERT INTO case_step(company, case_id, at_us, user, what, text) VALUES (?, ?, ?, 0, "
           "'note', ?)", company, case, then, word),
          ("INSERT INTO case_request(company, case_id, text, state, reason, asked_us) "
           "VALUES (?, ?, ?, 'asked', '', ?)", company, case, word, then),
          ("INSERT INTO report(company, case_id, made_us, noticed_us, who, pc, place, symptoms, "
           "done, needed, via, text) VALUES (?, ?, ?, ?, ?, '', '', '', '', 'no', 'page', ?)",
           company, case, then, then, word, word),
          ("INSERT INTO case_look VALUES (?, ?, 'lease', 'none', 0, '{}', ?)", company, case, then),
          ("INSERT INTO outbox(company, case_id, recipient, subject, body, message_id, created_us, "
           "sent_us) VALUES (?, ?, 'a@example.jp', ?, ?, ?, ?, ?)", company, case, word, word, word,
           then, then),
          ("INSERT INTO job(company, kind, subject, state, attempts, not_before_us, lease_us, "
           "last_error, created_us, finished_us) VALUES (?, 'look', ?, 'failed', 1, 0, 0, '', 1, "
           "1)", company, case))


def texts(stage):
    """Every text of every table."""
    db = sqlite3.connect(f"file:{stage.state}/records.db?mode=ro", uri=True, timeout=30)
    try:
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' "
                                           "AND name NOT LIKE 'sqlite_%'")]
        return "\n".join(repr(row) for t in tables for row in db.execute(f"SELECT * FROM {t}"))
    finally:
        db.close()


def body(mail):
    return base64.b64decode(mail.split("\r\n\r\n", 1)[1]).decode("utf-8")


def job(stage):
    return stage.records("SELECT state, attempts, not_before_us FROM job WHERE kind = 'daily'")


def morning(stage, smtp, mails):
    """Have the job come due now; the mails since."""
    write(stage, ("UPDATE job SET not_before_us = 0 WHERE kind = 'daily'",))
    check("the morning's work is done, and waits for the next", stage.wait(
        lambda: job(stage)[0][0] == "queued" and job(stage)[0][2] > time.time() * 1_000_000, 30,
        "the job"), job(stage))
    stage.wait(lambda: len(smtp.mails) >= mails, 30, "mails")
    return smtp.mails


def retention(stage):
    add_case(stage, 1, 1, "closed", 5 * 365 + 2)  # past its time
    add_case(stage, 1, 2, "closed", 5 * 365 - 2)
    add_case(stage, 1, 3, "taken", 9 * 365)       # open, however old
    add_case(stage, 2, 1, "closed", 400)          # this company has agreed on one year
    add_case(stage, 2, 2, "closed", 300)
    for number in range(3, 20):  # the newest stays: its number must not be given again
        add_case(stage, 2, number, "closed", 500)


def kept(stage):
    return sorted(re.findall(CANARY + r"\d+x\d+x", " ".join(
        r[0] for r in stage.records("SELECT entity FROM cases"))))


def main():
    smtp = Server(0, 0)
    smtp.start()
    env = {"MIMAMORI_MAIL_URL": f"smtp://127.0.0.1:{smtp.listener.getsockname()[1]}",
           "MIMAMORI_MAIL_PAUSE": "1"}
    with Stage(programs="worker", env=env) as stage:
        for code in ("c1", "c2"):
            register(stage, "company", "--code", code, "--name", code)
        stage.run("company", "set", "c2", "--keep-cases", "365")
        for login, role in (("helper", "analyst"), ("chief", "administrator")):
            register(stage, "user", "--company", "operator", "--login", login, "--name", login,
                     "--role", role, "--mail", f"{login}@example.jp")
        register(stage, "programme", "--code", "prog", "--name", "prog")
        register(stage, "user", "--company", "operator", "--login", "part", "--name", "part",
                 "--role", "desk", "--mail", "part@example.jp", "--programme", "1")
        out = stage.run("company", "set", "c2", "--keep-cases", "3")
        check("a term below a week is refused", out.returncode != 0, out.stdout + out.stderr)
        stage.wait(lambda: job(stage), 20, "the job")
        check("one morning's work waits from the start", [r[:2] for r in job(stage)] ==
              [("queued", 0)] and 0 < job(stage)[0][2] - time.time() * 1_000_000 <= DAY_US,
              job(stage))
        retention(stage)
        mails = morning(stage, smtp, 2)
        want = [CANARY + x for x in ("1x2x", "1x3x", "2x19x", "2x2x")]
        check("closed cases that passed their company's time are deleted, no others",
              kept(stage) == want, kept(stage))
        left = set(re.findall(CANARY + r"\d+x\d+x", texts(stage)))
        check("with all that hung on them", left == set(want), sorted(left))
        check("the company's audit log says so", stage.records(
            "SELECT sum(CAST(text AS INTEGER)) FROM audit WHERE company = 2 AND "
            "action = 'keep.cases'") == [(17,)])
        check("the staff of all companies gets a mail each",
              sorted(re.findall(r"^To: <(.*)>", "\n".join(mails), re.M)) ==
              ["chief@example.jp", "helper@example.jp"], mails)
        text = body(mails[0])
        head = re.search(r"^ +(\d+:[0-9a-f]{64})$", text, re.M)
        check("it says how many cases are open, the backup and the head of the audit log",
              head and ": 1\n" in text and "mimamori backup" in text, text)
        out = stage.run("audit", "verify", "--head", head.group(1))
        check("the head of the mail verifies", out.returncode == 0, out.stdout + out.stderr)
        again = morning(stage, smtp, 2)
        check("a morning that is done again tells nobody twice", len(again) == 2, len(again))
        tamper(stage, head.group(1))


def tamper(stage, head):
    """Somebody who can write the file takes the operator's chain away and begins another."""
    for trigger in ("audit_stands", "audit_head_stands", "audit_day_stands"):
        write(stage, (f"DROP TRIGGER {trigger}",))
    write(stage, ("DELETE FROM audit WHERE company = 0",),
          ("DELETE FROM audit_head WHERE company = 0",),
          ("DELETE FROM audit_day WHERE company = 0",))
    register(stage, "user", "--company", "operator", "--login", "new", "--name", "new", "--role",
             "desk")
    plain = stage.run("audit", "verify", "--company", "operator")
    known = stage.run("audit", "verify", "--company", "operator", "--head", head)
    check("a chain that was made anew is whole by itself, and is found by the mail's head",
          plain.returncode == 0 and known.returncode == 1, (plain.stdout, known.stdout))
    wrong = stage.run("audit", "verify", "--head", "x")
    check("a head that is none is said to be", wrong.returncode == 2, wrong.stderr)


main()
done()
