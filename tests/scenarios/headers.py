"""headers.py - what one line of a source says holds for its other lines in every shard: the columns
that a header line names, in its order, and the character set.

Two senders write logs of Zeek with columns of their own and change them in the middle, a third one
CSV whose first line has nothing but the columns' names, in the end behind the header of a relay.
Several shards read them, a chunk each in turn; none but one sees the header line itself. Of a
fourth one, who writes EUC-JP, a single line leaves no choice; all others could be CP932 as well,
and read more like it. The engine dies on the way and begins anew behind those lines. A wrong order
of columns puts words where addresses belong, which counts as not parsed. What the register says of
a source holds from its first line on, also when that comes within its first second.
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Company, Tcp, companies, durable, judged, page, PAGE_BINDINGS  # noqa: E402
from stage import Stage, check, done  # noqa: E402

PART = 40000  # lines behind each header: several chunks
NAMES = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "conn_state",
         "x_added"]
ORDERS = [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 7, 8, 2, 3, 4, 5, 6], [0, 1, 3, 2, 5, 4, 8, 6, 7]]


def header(order):
    return ["#separator \\x09", "#path\tconn", "#fields\t" + "\t".join(NAMES[i] for i in order)]


LEASE = ["ID", "Date", "Time", "Description", "IP Address", "Host Name", "MAC Address"]
RELAYED = 2  # from this part on a relay puts a header of its own in front of each line of the CSV
LEASE_ORDERS = [[0, 1, 2, 3, 5, 6, 4], [0, 1, 2, 6, 4, 3, 5], [0, 1, 2, 4, 6, 5, 3]]


def lines(order, sender, part, n=PART):
    for i in range(n):
        cells = [f"{1795147200 + i % 3600}.000000", f"C{sender}x{part}x{i}",
                 f"10.{sender}.{i // 250 % 250}.{1 + i % 250}", str(1024 + i % 60000),
                 "203.0.113.10", "443", "tcp", "SF", "added"]
        yield "\t".join(cells[k] for k in order)


def relayed(line, part):
    return "<134>Nov 20 13:00:00 relay " + line if part >= RELAYED else line


def leases(order, part, n=PART):
    for i in range(n):
        cells = ["10", "11/20/26", f"10:{i // 60 % 60:02}:{i % 60:02}", f"Assign {part}",
                 f"10.9.{i // 250 % 250}.{1 + i % 250}", f"pc-{i}.example.co.jp", f"00155D{i:06X}"]
        yield relayed(",".join(cells[k] for k in order), part)


KANJI = ("setting: 設定", "entry: 記録")  # in EUC-JP; the second may be half-width kana in CP932


def kanji(tcp, which, count):
    line = f"<13>Nov 20 13:00:00 pc kanji: {KANJI[which]} "
    tcp.raw("".join(line + f"{i}\n" for i in range(count)).encode("euc-jp"))
    return count


def stored(stage):
    return int(stage.events("SELECT count() FROM events")[0][0])


with Stage("eventd engine intake", {"MIMAMORI_ENGINE_SHARDS": "3"}) as stage:
    senders = companies(stage, 2)
    senders.append(Company(stage, 3, format="windows-dhcp"))
    japanese = Company(stage, 4)
    stage.wait(lambda: page(stage, PAGE_BINDINGS) >= 4, 20, "intake knows its senders")
    tcp = Tcp(stage, japanese)
    total, headers = kanji(tcp, 0, 1) + kanji(tcp, 1, PART), 0
    tcp.end()
    open_ = [Tcp(stage, c) for c in senders]
    for part in range(3):
        for n, tcp in enumerate(open_):
            order = ORDERS[(part + n) % len(ORDERS)]
            text = header(order) + list(lines(order, n, part))
            if n == 2:
                order = LEASE_ORDERS[part]
                text = [relayed(",".join(LEASE[i] for i in order), part)]
                text += leases(order, part)
            tcp.lines(text)
            total += len(text)
            headers += 1 if n == 2 else 3
        if part == 1:
            stage.kill("engine")  # wherever it is
    for tcp in open_:
        tcp.end()
    stage.wait(lambda: durable(stage) == total, 60, "all lines durable")
    stage.wait(lambda: judged(stage) == total, 180, "all lines judged")
    check("every line is stored", stored(stage) == total, (stored(stage), total))
    pid = stage.pid("engine")
    stage.kill("engine")
    stage.wait(lambda: stage.pid("engine") not in (0, pid), 20, "new engine")
    for n, c in enumerate(senders):
        tcp = Tcp(stage, c)
        text = list(lines(ORDERS[(2 + n) % len(ORDERS)], n, 3) if n < 2
                    else leases(LEASE_ORDERS[2], 3))
        tcp.lines(text)
        tcp.end()
        total += len(text)
    tcp = Tcp(stage, japanese)
    total += kanji(tcp, 1, PART)
    tcp.end()
    stage.wait(lambda: judged(stage) == total, 180, "all lines judged")
    sets = stage.events("SELECT more['mimamori.charset'], count() FROM events "
                        "WHERE original LIKE '% kanji: %' GROUP BY ALL ORDER BY ALL")
    check("every line is read in the set that one has shown, also behind a restart",
          sets == [["euc-jp", str(2 * PART + 1)]], sets)
    total -= 2 * PART + 1
    rows = stage.events("SELECT format, bitAnd(flags, 1), count() FROM events "
                        "WHERE original NOT LIKE '% kanji: %' GROUP BY ALL ORDER BY ALL")
    of_leases = 3 * (PART + 1) + PART
    check("every line is read by its own header, also behind a restart",
          rows == [["windows-dhcp", "0", str(of_leases)], ["zeek", "0", str(total - of_leases)]],
          rows + stage.events("SELECT original FROM events WHERE bitAnd(flags, 1) = 1 "
                              "AND original NOT LIKE '% kanji: %' LIMIT 3"))
    check("addresses stand where they belong",
          stage.events("SELECT countIf(destination_port = 443), countIf(more['host.ip'] LIKE "
                       "'10.9.%' AND host_name LIKE 'pc-%') FROM events")
          == [[str(8 * PART), str(4 * PART)]])
    before = judged(stage)
    for n in range(5, 11):
        stage.kill("intake", signal.SIGSTOP)  # both look once a second: at another moment each time
        time.sleep(0.23)
        stage.kill("intake", signal.SIGCONT)
        new = Company(stage, n, keep_days=77)
        stage.wait(lambda k=n: page(stage, PAGE_BINDINGS) >= k, 20, "intake knows its sender")
        tcp = Tcp(stage, new)
        tcp.lines(["told"] * 10)
        tcp.end()
    stage.wait(lambda: judged(stage) == before + 60, 60, "lines of new sources judged")
    kept = stage.events("SELECT keep_days, count() FROM events WHERE original = 'told' "
                        "GROUP BY ALL")
    check("what is said of a new source holds from its first line on", kept == [["77", "60"]], kept)
    check("the engine ends within ten seconds", stage.stop() < 10)
done()
