"""senders.py - companies with a few sources, and what sends for them, for scenarios.

Every line that a sender makes carries its own text, so that the stores can be asked for it.
"""
import http.client
import json
import os
import socket
import struct
import time

# src/model/intake_page.h
PAGE_STATE, PAGE_NEXT, PAGE_BINDINGS = 32, 48, 88
OK, FULL, FAILING = 0, 1, 2


def page(stage, offset, form="<Q"):
    with open(os.path.join(stage.state, "run", "intake.page"), "rb") as f:
        f.seek(offset)
        return struct.unpack(form, f.read(struct.calcsize(form)))[0]


def page_state(stage):
    return page(stage, PAGE_STATE, "<I")


def durable(stage):
    """How many records intake has made durable in queue 0."""
    return page(stage, PAGE_NEXT) - 1


def register(stage, noun, *args):
    out = stage.run(noun, "add", *args, "--json")
    if out.returncode != 0:
        raise ValueError(f"{noun} add: {out.stdout}{out.stderr}")
    return json.loads(out.stdout)


class Company:
    """A company with one source by address and, where asked for, one by token."""

    def __init__(self, stage, number, token=False, **source):
        code = f"c{number}"
        more = [x for k, v in source.items() for x in ("--" + k.replace("_", "-"), str(v))]
        self.address = f"127.9.{number // 250}.{1 + number % 250}"
        self.id = register(stage, "company", "--code", code, "--name", f"Company {number}")["id"]
        self.source = register(stage, "source", "--company", code, "--name", "box", "--bind",
                               "address", "--address", self.address, *more)["id"]
        self.token = None
        if token:
            feed = register(stage, "source", "--company", code, "--name", "feed", "--bind", "token",
                            *more)["id"]
            self.feed = feed
            self.token = register(stage, "token", "--company", code, "--name", "t", "--source",
                                  str(feed), "--rights", "ingest")["token"]


def companies(stage, count, **more):
    """That many companies, known to intake."""
    made = [Company(stage, i + 1, **more) for i in range(count)]
    ways = sum(2 if c.token else 1 for c in made)
    stage.wait(lambda: page(stage, PAGE_BINDINGS) >= ways, 20, "intake knows its senders")
    return made


class Tcp:
    """A syslog connection from the company's address."""

    def __init__(self, stage, company, timeout=60):
        self.s = socket.socket()
        self.s.settimeout(timeout)
        self.s.bind((company.address if company else "127.8.8.8", 0))
        self.s.connect(("127.0.0.1", stage.tcp))

    def lines(self, lines):
        self.s.sendall("".join(line + "\n" for line in lines).encode())

    def raw(self, data):
        self.s.sendall(data)

    def end(self):
        """Everything sent has been read when this returns."""
        try:
            self.s.shutdown(socket.SHUT_WR)
            while self.s.recv(4096):
                pass
        finally:
            self.s.close()


def post(stage, company, lines, key=None, encoding=None, body=None, timeout=30):
    """POST /v1/ingest/feed: (status, answer), or None when there was none."""
    head = {"Authorization": "Bearer " + company.token}
    if key:
        head["Idempotency-Key"] = key
    if encoding:
        head["Content-Encoding"] = encoding
    data = body if body is not None else "".join(line + "\n" for line in lines).encode()
    c = http.client.HTTPConnection("127.0.0.1", stage.http, timeout=timeout)
    try:
        c.request("POST", "/v1/ingest/feed", body=data, headers=head)
        answer = c.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        c.close()


def failed_login(host, name, number):
    """An ordinary sshd line, read by a format of ours; alerts nothing by itself."""
    now = time.strftime("%b %e %H:%M:%S")
    return (f"<38>{now} {host} sshd[{1000 + number % 60000}]: Failed password for {name} from "
            f"10.1.{number // 250 % 250}.{number % 250} port {1024 + number % 60000} ssh2")


def log_cleared(host, number):
    """An alert of our own rules: the security log of `host` was cleared."""
    return json.dumps({
        "EventTime": time.strftime("%Y-%m-%d %H:%M:%S"), "Hostname": host, "EventID": 1102,
        "SourceName": "Microsoft-Windows-Eventlog", "RecordNumber": number, "Channel": "Security",
        "Category": "Log clear", "SubjectUserName": "sato", "SubjectDomainName": "A"},
        separators=(",", ":"))


def texts(stage, like):
    """{original line: how often it is stored} of lines that contain a text."""
    return {line: int(n) for line, n in stage.events(
        "SELECT original, count() FROM events WHERE position(original, {like:String}) > 0 "
        "GROUP BY original", like=like)}


def each_once(stage, lines, like):
    """Exactly these lines are stored, each once; else what is missing, doubled, foreign."""
    have, want = texts(stage, like), set(lines)
    missing = [x for x in want if x not in have]
    doubled = [x for x in have if have[x] != 1]
    foreign = [x for x in have if x not in want]
    return not (missing or doubled or foreign), (len(want), "missing", len(missing), missing[:3],
                                                 "doubled", len(doubled), doubled[:3], "foreign",
                                                 foreign[:3])


def counted(stage):
    """What findings have counted where each alert is about another entity: alerts; entities, those
    beyond the first of an hour together; the most of one; those that have a case."""
    return stage.records(
        "SELECT coalesce(sum(count), 0), coalesce(sum(iif(kind = 'alert', 1, count)), 0), "
        "coalesce(max(iif(kind = 'alert', count, 1)), 0), coalesce(sum(iif(case_id IS NULL, 0, "
        "iif(kind = 'alert', 1, count))), 0) FROM finding WHERE kind IN ('alert', 'many')")[0]


def judged(stage, queue=0):
    """How far the engine's position is: every number below it is stored and judged."""
    row = stage.records("SELECT seq FROM engine_position WHERE queue = ?", queue)
    return row[0][0] - 1 if row else 0
