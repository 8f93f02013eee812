"""times.py - events of all times, and files that are years old, are stored whole and stay.

What counts for keeping is when a line came, not when it says it happened.
"""
import calendar
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, failed_login, judged, register  # noqa: E402
from stage import Stage, UnixHttp, check, done  # noqa: E402


def line_of(second):
    """An event that says it happened at that second, in UTC."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return (f"<38>1 {at}Z srv sshd 77 - - Failed password for times-{second} from 10.1.1.1 "
            f"port 1024 ssh2")


def one_batch(stage, company):
    """Every month from 1970 to 2106, shuffled, one of each within a second."""
    seconds = [calendar.timegm((year, month, 1 + (year + month) % 28, month, year % 60, 1))
               for year in range(1970, 2107) for month in range(1, 13)]
    seconds = [s for s in seconds if s <= 0xFFFFFFFF]
    seconds = seconds[::2] + seconds[1::2][::-1]
    t = Tcp(stage, company)
    t.lines(map(line_of, seconds))
    t.end()
    stage.wait(lambda: judged(stage) == len(seconds), 20, "judged")
    rows = {(int(u), int(t)) for u, t in stage.events(
        "SELECT extract(original, 'times-([0-9]+)'), toUnixTimestamp64Milli(time) FROM events "
        "WHERE company = {c:UInt32}", c=company.id)}
    check(f"{len(seconds)} events from 1970 to 2106 are stored with the time they say",
          rows == {(s, s * 1000) for s in seconds}, (len(rows), sorted(rows)[:2]))
    parts = stage.events("SELECT uniqExact(toYYYYMM(received)), uniqExact(toYYYYMM(time)) "
                         "FROM events")
    check("in the month in which they came", parts == [["1", str(len(seconds))]] or
          parts[0][1] == str(len(seconds)) and int(parts[0][0]) <= 2, parts)
    return len(seconds)


def old_file(stage, code):
    """Three years old, with a year and without; the source keeps 30 days."""
    old = int(time.time()) - 3 * 365 * 86400
    path = os.path.join(stage.state, "old.log")
    lines = [line_of(old + i) for i in range(3000)]
    lines += [failed_login("srv", f"times-{i}-yearless", i) for i in range(100)]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    out = stage.run("ingest", "--company", code, "--source", "archive", "--json", path)
    check("mimamori ingest takes a file of three years ago", out.returncode == 0,
          out.stdout + out.stderr)
    again = stage.run("ingest", "--company", code, "--source", "archive", "--json", path)
    check("and not twice", again.returncode == 0 and
          json.loads(again.stdout) != json.loads(out.stdout), again.stdout + again.stderr)
    return len(lines)


def expire(stage):
    """Merge everything and drop what is too old, as the store does by itself some day."""
    c = UnixHttp(os.path.join(stage.state, "run", "eventd.sock"))
    for sql in ("OPTIMIZE TABLE events FINAL", "ALTER TABLE events MATERIALIZE TTL"):
        c.request("POST", "/", body=sql.encode())
        answer = c.getresponse()
        check(sql.lower(), answer.status == 200, answer.read())
    c.close()


with Stage() as stage:
    company, other = companies(stage, 2, keep_days=30)
    register(stage, "source", "--company", "c2", "--name", "archive", "--bind", "file",
             "--keep-days", "30")
    count = one_batch(stage, company)
    imported = old_file(stage, "c2")
    rows = ("SELECT count(), uniqExact(queue, seq), countIf(bitAnd(flags, 8) = 8), "
            "countIf(time < now() - INTERVAL 1000 DAY) FROM events WHERE company = {c:UInt32}")
    stage.wait(lambda: stage.events(rows, c=other.id)[0][0] == str(imported), 30, "imported")
    expire(stage)
    want = [[str(imported), str(imported), str(imported), "3000"]]
    got = stage.events(rows, c=other.id)
    check("behind a forced merge every line of the file is there once", got == want, (got, want))
    left = stage.events("SELECT count() FROM events WHERE company = {c:UInt32}", c=company.id)
    check("and every event of 1970 to 2106", left == [[str(count)]], (left, count))
done()
