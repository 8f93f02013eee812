"""headers.py - lines whose columns a header line names are read by every shard, in its order.

Two senders write logs of Zeek with columns of their own and change them in the middle. Several
shards read them, a chunk each in turn; none but one sees the header line itself. A wrong order of
columns puts words where addresses belong, which counts as not parsed.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable  # noqa: E402
from stage import Stage, check, done  # noqa: E402

PART = 40000  # lines behind each header: several chunks
NAMES = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "conn_state",
         "x_added"]
ORDERS = [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 7, 8, 2, 3, 4, 5, 6], [0, 1, 3, 2, 5, 4, 8, 6, 7]]


def header(order):
    return ["#separator \\x09", "#path\tconn", "#fields\t" + "\t".join(NAMES[i] for i in order)]


def lines(order, sender, part):
    for i in range(PART):
        cells = [f"{1795147200 + i % 3600}.000000", f"C{sender}x{part}x{i}",
                 f"10.{sender}.{i // 250 % 250}.{1 + i % 250}", str(1024 + i % 60000),
                 "203.0.113.10", "443", "tcp", "SF", "added"]
        yield "\t".join(cells[k] for k in order)


with Stage("eventd engine intake", {"MIMAMORI_ENGINE_SHARDS": "3"}) as stage:
    senders = companies(stage, 2)
    total = 0
    open_ = [Tcp(stage, c) for c in senders]
    for part in range(3):
        for n, tcp in enumerate(open_):
            order = ORDERS[(part + n) % len(ORDERS)]
            text = header(order) + list(lines(order, n, part))
            tcp.lines(text)
            total += len(text)
    for tcp in open_:
        tcp.end()
    stage.wait(lambda: durable(stage) == total, 60, "all lines durable")
    stage.wait(lambda: int(stage.events("SELECT count() FROM events")[0][0]) == total, 120,
               "all lines stored")
    rows = stage.events("SELECT format, bitAnd(flags, 1), count() FROM events GROUP BY ALL")
    check("every line is stored", sum(int(r[2]) for r in rows) == total, rows)
    check("every line is read by its own header", rows == [["zeek", "0", str(total)]],
          rows + stage.events("SELECT original FROM events WHERE bitAnd(flags, 1) = 1 LIMIT 3"))
    check("addresses stand where they belong",
          stage.events("SELECT count() FROM events WHERE destination_port = 443")[0][0]
          == str(total - 2 * 3 * 3))
    check("the engine ends within ten seconds", stage.stop() < 10)
done()
