"""framing.py - requests that two servers could cut differently, against portal and HTTP intake.

Run: framing.py BUILD-DIR SOURCE-DIR. TAP. Each shape is followed by a whole request on the same
connection: were the shape cut as its sender means it, that request would be answered. It must not
be: there is one answer, a refusal, and the connection ends.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from stage import Stage, check, done  # noqa: E402
from wire import talk  # noqa: E402

BEHIND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNK = b"5\r\nabcde\r\n0\r\n\r\n"


def head(*lines, first=b"POST /login HTTP/1.1", host=b"Host: x"):
    return b"\r\n".join([first, *([host] if host else []), *lines]) + b"\r\n\r\n"


def chunked(body):
    return head(b"Transfer-Encoding: chunked") + body


SHAPES = {
    # lengths
    "CL and TE": head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + CHUNK,
    "TE and CL": head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + CHUNK,
    "two lengths": head(b"Content-Length: 5", b"Content-Length: 6") + b"abcde",
    "two lengths that agree": head(b"Content-Length: 5", b"Content-Length: 5") + b"abcde",
    "a list of lengths": head(b"Content-Length: 5, 5") + b"abcde",
    "a signed length": head(b"Content-Length: +5") + b"abcde",
    "a negative length": head(b"Content-Length: -5") + b"abcde",
    "a length in hexadecimal": head(b"Content-Length: 0x5") + b"abcde",
    "a length with a fraction": head(b"Content-Length: 5.0") + b"abcde",
    "a length with a blank in it": head(b"Content-Length: 5 5") + b"abcde",
    "no length at all": head(b"Content-Length:") + b"",
    "a length of twenty digits": head(b"Content-Length: 99999999999999999999") + b"abcde",
    "a length behind a blank": head(b"Content-Length : 5") + b"abcde",
    "a length in wide digits": head("Content-Length: ５".encode()) + b"abcde",
    # encodings
    "an unknown encoding": head(b"Transfer-Encoding: xchunked") + CHUNK,
    "chunked, then another": head(b"Transfer-Encoding: chunked, identity") + CHUNK,
    "another, then chunked": head(b"Transfer-Encoding: gzip, chunked") + CHUNK,
    "chunked twice": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + CHUNK,
    "chunked with a parameter": head(b"Transfer-Encoding: chunked;q=1") + CHUNK,
    "chunked in quotes": head(b'Transfer-Encoding: "chunked"') + CHUNK,
    "an encoding behind a blank": head(b"Transfer-Encoding : chunked") + CHUNK,
    "an encoding on a folded line": head(b"Transfer-Encoding:\r\n chunked") + CHUNK,
    "an encoding behind a vertical tab": head(b"Transfer-Encoding: \x0bchunked") + CHUNK,
    "an encoding behind a NUL": head(b"Transfer-Encoding: chunked\x00") + CHUNK,
    "chunked in HTTP/1.0": head(b"Transfer-Encoding: chunked",
                                first=b"POST /login HTTP/1.0") + CHUNK,
    "an encoding of a GET": head(b"Transfer-Encoding: chunked", first=b"GET /login HTTP/1.1")
    + CHUNK,
    "a body of a GET": head(b"Content-Length: 5", first=b"GET /login HTTP/1.1") + b"abcde",
    # chunks
    "a chunk with an extension": chunked(b"5;a=b\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size behind a blank": chunked(b" 5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size before a blank": chunked(b"5 \r\nabcde\r\n0\r\n\r\n"),
    "a signed chunk size": chunked(b"+5\r\nabcde\r\n0\r\n\r\n"),
    "a negative chunk size": chunked(b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size with 0x": chunked(b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size of 17 digits": chunked(b"00000000000000005\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size that wraps": chunked(b"FFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size that ends in LF": chunked(b"5\nabcde\r\n0\r\n\r\n"),
    "a chunk that ends in LF": chunked(b"5\r\nabcde\n0\r\n\r\n"),
    "a chunk that is longer than it says": chunked(b"3\r\nabcde\r\n0\r\n\r\n"),
    "a trailer": chunked(b"5\r\nabcde\r\n0\r\nX: y\r\n\r\n"),
    "a trailer with a length": chunked(b"5\r\nabcde\r\n0\r\nContent-Length: 9\r\n\r\n"),
    # lines
    "lines that end in LF": b"GET /login HTTP/1.1\nHost: x\n\n",
    "one line that ends in LF": b"GET /login HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "a head that ends in LF": b"GET /login HTTP/1.1\r\nHost: x\r\n\n",
    "lines that end in CR": b"GET /login HTTP/1.1\rHost: x\r\r",
    "a CR within a line": head(b"A: b\rContent-Length: 5", first=b"GET /login HTTP/1.1"),
    "a NUL in a value": head(b"A: b\x00c", first=b"GET /login HTTP/1.1"),
    "a NUL in a name": head(b"A\x00: b", first=b"GET /login HTTP/1.1"),
    "a folded line": head(b"A: b", b" c", first=b"GET /login HTTP/1.1"),
    "a line without colon": head(b"nothing", first=b"GET /login HTTP/1.1"),
    "a line without name": head(b": b", first=b"GET /login HTTP/1.1"),
    "a blank in a name": head(b"A b: c", first=b"GET /login HTTP/1.1"),
    "a line of 9 KB": head(b"A: " + b"b" * 9000, first=b"GET /login HTTP/1.1"),
    "a head of 17 KB": head(*[b"A: " + b"b" * 1000] * 17, first=b"GET /login HTTP/1.1"),
    "101 fields": head(*[b"A: b"] * 101, first=b"GET /login HTTP/1.1"),
    "a line before the first": b"\r\n" + head(first=b"GET /login HTTP/1.1"),
    # the first line
    "HTTP/0.9": b"GET /login\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.9": head(first=b"GET /login HTTP/1.9"),
    "HTTP/1.10": head(first=b"GET /login HTTP/1.10"),
    "http/1.1 in small letters": head(first=b"GET /login http/1.1"),
    "no version": head(first=b"GET /login "),
    "two blanks": head(first=b"GET  /login HTTP/1.1"),
    "a tab for a blank": head(first=b"GET\t/login HTTP/1.1"),
    "a blank in the address": head(first=b"GET /log in HTTP/1.1"),
    "a whole URL": head(first=b"GET http://x/login HTTP/1.1"),
    "an authority": head(first=b"GET x:80 HTTP/1.1"),
    "CONNECT": head(first=b"CONNECT x:80 HTTP/1.1"),
    "a fragment": head(first=b"GET /login#x HTTP/1.1"),
    "bytes above 127 in the address": head(first=b"GET /\xff\xfe HTTP/1.1"),
    "a control in the address": head(first=b"GET /\x01 HTTP/1.1"),
    "an address of 9 KB": head(first=b"GET /" + b"a" * 9000 + b" HTTP/1.1"),
    "a method of 40 letters": head(first=b"A" * 40 + b" /login HTTP/1.1"),
    "a method with a colon": head(first=b"GE:T /login HTTP/1.1"),
    # hosts, and what would go past the guard
    "no host": head(first=b"GET /login HTTP/1.1", host=None),
    "two hosts": head(b"Host: y", first=b"GET /login HTTP/1.1"),
    "two hosts in one": head(first=b"GET /login HTTP/1.1", host=b"Host: x, y"),
    "a host with a blank": head(first=b"GET /login HTTP/1.1", host=b"Host: x y"),
    "an upgrade to h2c": head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
                              b"HTTP2-Settings: AAMAAABk", first=b"GET /login HTTP/1.1"),
    "an upgrade to a websocket": head(b"Connection: Upgrade", b"Upgrade: websocket",
                                      first=b"GET /login HTTP/1.1"),
}


def shapes(name, port, refusals):
    """Against one server; `refusals` are the statuses with which it may answer."""
    faults = []
    for shape, data in SHAPES.items():
        got = talk(port, data + BEHIND + BEHIND)
        said = [g if isinstance(g, bytes) else g.status for g in got]
        if len(got) > 1 or any(s not in refusals for s in said):
            faults.append(f"{shape}: {said}")
        # The same, torn at every place where a server may stop reading.
        for cut in (1, len(data) // 2, len(data) - 1):
            got = talk(port, data[:cut])
            if [g for g in got if not isinstance(g, bytes) and g.status not in refusals]:
                faults.append(f"{shape}, torn at {cut}")
    check(f"{name}: {len(SHAPES)} shapes are refused, and nothing behind them is answered",
          not faults, faults)


def controls(port):
    """What is right is taken: else the refusals would prove nothing."""
    twice = talk(port, BEHIND + BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    check("two whole requests on one connection have two answers", [a.status for a in twice] in
          ([200, 200], [503, 503]), twice)
    body = head(b"Transfer-Encoding: chunked", b"Content-Type: application/x-www-form-urlencoded")
    got = talk(port, body + b"6\r\ncsrf=x\r\n0\r\n\r\n" + BEHIND.replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    check("a chunked body and what follows it are read", [a.status for a in got][:1] == [403] and
          len(got) == 2, [getattr(a, "status", a) for a in got])
    got = talk(port, head(b"Content-Length: 6", b"Content-Type: application/x-www-form-urlencoded")
               + b"csrf=x" + BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    check("a counted body and what follows it are read", [a.status for a in got][:1] == [403] and
          len(got) == 2, [getattr(a, "status", a) for a in got])


with Stage("intake portal") as stage:
    stage.wait(lambda: talk(stage.portal, BEHIND), 20, "the portal listens")
    controls(stage.portal)
    shapes("portal", stage.portal, (400, 431, 505))
    # Who is not known there is told so at the head, and the connection ends with that.
    shapes("intake", stage.http, (400, 404, 431, 505))
    restarts = [(p["name"], p["restarts"]) for p in stage.programs() if p["restarts"]]
    check("no program ended", not restarts, restarts)
done()
