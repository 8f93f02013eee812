"""hostile.py - senders that break every rule, against the running whole: a good sender's lines all
arrive, nobody's bytes become somebody else's, and no program ends.

The seed of the garbage is printed; MIMAMORI_SEED repeats it.
"""
import base64
import gzip
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, each_once, failed_login, judged, post  # noqa: E402
from stage import Stage, check, done  # noqa: E402

SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the garbage: {SEED} (MIMAMORI_SEED repeats it)")
MAX_LINE = 64 * 1024
LORIS = 60  # more than intake's HTTP takes at once
TRUNCATED, BAD_UTF8 = 2, 4
over = threading.Event()


def try_all(*steps):
    for step in steps:
        try:
            step()
        except OSError:
            pass  # turned away: its good right


def garbage(stage, company, dice):
    """Bytes that are no log: from a company of its own and from nobody."""
    for who in (company, None):
        for size in (1, 3000, 200000):
            t = Tcp(stage, who)
            try_all(lambda: t.raw(dice.randbytes(size)), t.end)


def half_frames(stage, company):
    for data in (b"99999 only a little", b"18446744073709551616 x", b"00000012 <13>zeros\n",
                 b"-5 <13>minus\n", b"5", b"12 <13>no end", b"\n\n\r\n\0\0\n", b"3 \n\n\n3 \0\0\0"):
        t = Tcp(stage, company)
        try_all(lambda d=data: t.raw(d), t.end)


def giants(stage, company):
    """A line of 10 MB, and a frame that says it has almost as many and has."""
    t = Tcp(stage, company)
    line = b"<13>giant-line " + b"A" * 10_000_000 + b"\n<13>behind the line\n"
    try_all(lambda: t.raw(line), t.end)
    t = Tcp(stage, company)
    body = b"<13>giant-frame " + b"B" * 9_900_000  # a count has 7 digits at most
    try_all(lambda: t.raw(b"%d " % len(body) + body + b"26 <13>behind the giant frame"), t.end)


def no_text(stage, company):
    t = Tcp(stage, company)
    t.raw(b"<13>bad-utf8 \xff\xfe\xc3( \xed\xa0\x80 \xf8\x88\x80\x80\x80\n")
    t.raw(b'{"EventID":1102,"Hostname":"bad-utf8-\xc0\xaf","Channel":"Security"}\n')
    t.end()


def loris(stage, company):
    """Many connections that never finish their head."""
    open_ones = []
    for i in range(LORIS):
        s = socket.socket()
        s.bind((company.address, 0))
        s.connect(("127.0.0.1", stage.http))
        open_ones.append(s)
    while not over.is_set():
        for s in open_ones:
            try_all(lambda s=s: s.sendall(b"P"[:1]))
        time.sleep(0.3)
    for s in open_ones:
        s.close()


def bad_requests(stage, company):
    lines = [failed_login("srv", f"bad-{i}", i) for i in range(100)]
    whole = gzip.compress("\n".join(lines).encode())
    bomb = gzip.compress(bytes(300 << 20), 1)
    wants = {
        "garbage said to be gzip": (dict(body=b"\x1f\x8b\x08garbage" * 50, encoding="gzip"), 400),
        "half a gzip": (dict(body=whole[:len(whole) // 2], encoding="gzip"), 400),
        "a gzip that unpacks to 300 MB": (dict(body=bomb, encoding="gzip"), 413),
        "an encoding that nobody knows": (dict(body=whole, encoding="br"), 415),
        "a body of 20 MB": (dict(body=b"x" * (20 << 20)), 413),
    }
    for what, (request, status) in wants.items():
        answer = post(stage, company, [], **request)
        # Who sends on after the refusal may find the connection closed before it is read.
        refused = answer[0] == status if answer else len(request["body"]) > (8 << 20)
        check(f"{what} is refused", refused, (answer, status))


def good_sender(stage, company, lines):
    """50 connections one after the other, amid all of it."""
    for at in range(0, len(lines), 200):
        t = Tcp(stage, company)
        t.lines(lines[at:at + 200])
        t.end()


with Stage() as stage:
    good, bad = companies(stage, 2, token=True)
    dice = random.Random(SEED)
    lines = [failed_login("srv", f"good-{i}", i) for i in range(10000)]
    threads = [threading.Thread(target=f, args=a) for f, a in (
        (good_sender, (stage, good, lines)), (garbage, (stage, bad, dice)),
        (half_frames, (stage, bad)), (giants, (stage, bad)), (no_text, (stage, bad)))]
    slow = threading.Thread(target=loris, args=(stage, bad))
    slow.start()
    for t in threads:
        t.start()
    worst, http = 0.0, [failed_login("srv", f"good-http-{i}", i) for i in range(2000)]
    for at in range(0, len(http), 100):
        asked = time.monotonic()
        answer = post(stage, good, http[at:at + 100])
        worst = max(worst, time.monotonic() - asked)
        if answer is None or answer[0] != 200:
            check("the good sender's requests are taken amid slow ones", False, (at, answer))
    check("the good sender's requests are taken within two seconds amid slow ones", worst < 2,
          worst)
    bad_requests(stage, bad)
    for t in threads:
        t.join()
    over.set()
    slow.join()
    stage.wait(lambda: 0 < durable(stage) == judged(stage), 30, "all judged")
    check("every good line is stored once", *each_once(stage, lines + http, "good-"))
    mine = stage.events("SELECT count(), uniqExact(source) FROM events WHERE company = {c:UInt32}",
                        c=good.id)
    check("and nothing else is the good company's", mine == [[str(len(lines) + len(http)), "2"]],
          mine)
    giant = stage.events("SELECT substring(original, 5, 11), length(original), bitAnd(flags, 2) "
                         "FROM events WHERE position(original, 'giant-') = 5 ORDER BY 1")
    check("giants are cut at the limit and say so", giant ==
          [["giant-frame", str(MAX_LINE), "2"], ["giant-line ", str(MAX_LINE), "2"]], giant)
    behind = stage.events("SELECT count() FROM events WHERE position(original, 'behind the ') = 5")
    check("what stands behind a giant is read", behind == [["2"]], behind)
    utf = stage.events("SELECT bitAnd(flags, 4), hex(original), more['mimamori.charset'], "
                       "more['mimamori.raw'] FROM events WHERE company = {c:UInt32} AND "
                       "position(original, 'bad-utf8') > 0 ORDER BY length(original)", c=bad.id)
    check("bytes that are no text are kept as they came, and marked", len(utf) == 2 and
          utf[0][0] == "4" and "FFFEC328" in utf[0][1] and utf[0][2:] == ["", ""], utf)
    # Bytes that are no UTF-8, but katakana in CP932: read as such, and kept beside.
    raw = base64.urlsafe_b64decode(utf[-1][3] + "=" * (-len(utf[-1][3]) % 4)) if utf else b""
    check("bytes of another character set are read, and kept as they came", len(utf) == 2 and
          utf[1][0] == "0" and "EFBE80EFBDAF" in utf[1][1] and utf[1][2] == "cp932" and
          b"bad-utf8-\xc0\xaf" in raw, utf)
    nobody = stage.events("SELECT count() > 0 FROM events WHERE company = 0")
    check("unknown senders are in quarantine", nobody == [["1"]], nobody)
    numbers = stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events")[0]
    check("every number is stored once", len(set(numbers)) == 1 and
          int(numbers[0]) == durable(stage), (numbers, durable(stage)))
    restarts = [(p["name"], p["restarts"]) for p in stage.programs() if p["restarts"]]
    check("no program ended", restarts == [], restarts)
    died = stage.records("SELECT count(*) FROM set_aside")
    check("no shard died", died == [(0,)], died)
done()
