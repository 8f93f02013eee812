"""exceptions.py - what an exception hides is stored and counted, and told to nobody else.

Run: exceptions.py BUILD-DIR SOURCE-DIR. TAP. The record is written into the file itself: how the
pages write it is app/portal_exception_test.c's.
"""
import base64
import json
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from stage import Stage, check, done  # noqa: E402

RULE = "f6074e1d-d371-4124-b8ef-732f19be04c0"  # file sharing: content/rules/p2p.yml
DAY_US = 86_400 * 1_000_000
NOBODY = "192.168.250.250"  # no PC of the play


def alerts(s, company):
    """Alerts of the rule in the company: all, and those the exception hides."""
    row = s.events("SELECT count(), countIf(hidden_by = 'exception-1') FROM alerts "
                   f"WHERE rule_id = '{RULE}' AND company = {company}")[0]
    return int(row[0]), int(row[1])


def findings(s, company):
    return s.records("SELECT coalesce(sum(count), 0) FROM finding WHERE company = ? AND rule = ?",
                     company, RULE)[0][0]


def line_of(s, company, entity):
    """The line behind one of the rule's alerts."""
    text = s.events(f"SELECT base64Encode(event) FROM alerts WHERE rule_id = '{RULE}' AND "
                    f"company = {company} AND entity = '{entity}' AND event != '' LIMIT 1")[0][0]
    return json.loads(base64.b64decode(text))["event.original"]


def write(s, sql, *args):
    with sqlite3.connect(os.path.join(s.state, "records.db"), timeout=30) as db:
        db.execute(sql, args)
    db.close()


def add_exception(s, company, address):
    now = int(time.time() * 1_000_000)
    write(s, "INSERT INTO exception(exception, company, rule, title, product, category, service, "
             "reason, state, hides, hides_critical, until_us, made_us, made_by, revision) VALUES "
             "(1, ?, ?, 't', '', 'application_control', '', 'r', 'active', 0, 0, ?, ?, 0, 1)",
          company, RULE, now + DAY_US, now)
    write(s, "INSERT INTO exception_term(company, exception, at, field, how, value) VALUES "
             "(?, 1, 0, 'source.ip', 'equals', ?)", company, address)
    # Two records of one transaction for the pages; here the second must be noticed, too.
    write(s, "UPDATE exception SET revision = 2 WHERE exception = 1")


def send(s, code, lines):
    """Each time with a word of its own: a file that was brought before is not taken again."""
    path = os.path.join(s.state, "lines.log")
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f"{line} sent={time.monotonic_ns()}\n" for line in lines))
    return s.run("ingest", "--company", code, path).returncode == 0


def probe(s, company, code, line, hidden):
    """One line after the other until one is (not) hidden: the shards that run know it then."""
    for _ in range(20):
        before = alerts(s, company)
        if not send(s, code, [line]) or not s.wait(
                lambda: alerts(s, company)[0] == before[0] + 1, 20, "one more alert"):
            return False
        if (alerts(s, company)[1] == before[1] + 1) == hidden:
            return True
        time.sleep(1)
    return False


def main():
    with Stage() as s:
        played = s.play("--days", "1", "--companies", "3", "--incidents", "none")
        check("the play is judged", played is not None)
        company, address = s.events(
            f"SELECT company, entity FROM alerts WHERE rule_id = '{RULE}' AND event != '' "
            "GROUP BY 1, 2 ORDER BY count() DESC, 1, 2 LIMIT 1")[0]
        company = int(company)
        code = s.records("SELECT code FROM company WHERE company = ?", company)[0][0]
        line = line_of(s, company, address)
        check("nothing is hidden", alerts(s, company)[1] == 0)
        add_exception(s, company, address)
        check("the engine takes the exception up by itself",
              probe(s, company, code, line, True))
        before, told = alerts(s, company), findings(s, company)
        check("lines come in", send(s, code, [line] * 5 + [line.replace(address, NOBODY)] * 3))
        check("all are alerts of the store",
              s.wait(lambda: alerts(s, company)[0] == before[0] + 8, 20, "8 more alerts"))
        check("those of the exception are hidden by it, the others not",
              alerts(s, company)[1] == before[1] + 5, alerts(s, company))
        check("only the others are findings",
              s.wait(lambda: findings(s, company) == told + 3, 10, "3 more counted"),
              findings(s, company))
        write(s, "UPDATE exception SET state = 'ended', ended_us = made_us, revision = 3")
        check("its end is taken up, too", probe(s, company, code, line, False))
        before = alerts(s, company)
        check("lines come in again", send(s, code, [line] * 2))
        check("nothing is hidden any more",
              s.wait(lambda: alerts(s, company) == (before[0] + 2, before[1]), 20, "2 more alerts"),
              alerts(s, company))
    done()


main()
