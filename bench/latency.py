"""latency.py - from a socket to searchable, to a case, to its mail in the outbox.

Run: latency.py BUILD-DIR SOURCE-DIR [--rate N] [--seconds N]. While 119 senders send --rate lines a
second, one more sends a C&C alert of another machine twice a second. Each is looked for in the
store, the cases and the outbox every 20 ms, so that is how exact the figures are.
"""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

LINE = ('{"timestamp":"%s","flow_id":%d,"event_type":"alert","src_ip":"192.168.1.%d",'
        '"src_port":50000,"dest_ip":"198.51.100.77","dest_port":443,"proto":"TCP","alert":'
        '{"action":"allowed","gid":1,"signature_id":2100001,"rev":1,"signature":'
        '"ET MALWARE Test CnC Beacon","category":"Malware Command and Control Activity Detected",'
        '"severity":1}}\n')
EVERY_S = 0.5
KINDS = ("searchable", "case", "mail")


class Marked:
    """Sends marked lines and remembers when each was sent and when it was first seen where."""

    def __init__(self, s, count):
        self.stage, self.sent, self.count = s, {}, count
        self.seen = {kind: {} for kind in KINDS}
        self.source = s.records("SELECT address FROM source WHERE name LIKE 'sensor-%' "
                                "ORDER BY source LIMIT 1")[0][0]

    def send(self):
        with socket.create_connection(("127.0.0.1", self.stage.tcp),
                                      source_address=(self.source, 0)) as c:
            for i in range(self.count):
                now = time.time()
                when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + "+0000"
                address = f"192.168.1.{i + 1}"
                self.sent[address] = time.monotonic()
                c.sendall((LINE % (when, 10 ** 12 + i, i + 1)).encode())
                time.sleep(EVERY_S)

    def look(self):
        """Once everywhere."""
        asks = {
            "searchable": lambda: self.stage.events(
                "SELECT DISTINCT replaceOne(toString(source_ip), '::ffff:', '') FROM events WHERE "
                "received > now() - 60 AND destination_ip = toIPv6('198.51.100.77') "
                "AND position(original, 'ET MALWARE Test') > 0"),
            "case": lambda: self.stage.records("SELECT entity FROM cases"),
            "mail": lambda: self.stage.records(
                "SELECT entity FROM outbox JOIN cases USING (case_id)"),
        }
        for kind, ask in asks.items():
            if len(self.seen[kind]) < len(self.sent):
                found = ask()
                now = time.monotonic()
                for (address,) in found:
                    if address in self.sent:
                        self.seen[kind].setdefault(address, now)

    def figures(self, kind):
        took = [at - self.sent[a] for a, at in self.seen[kind].items()]
        return whole.percentile(took, 50), whole.percentile(took, 99)


def main():
    whole.without_libchdb()
    rate, seconds = whole.option("--rate", 10000), whole.option("--seconds", 30)
    count = int(seconds / EVERY_S)
    # Mails are written and stay in the outbox: nobody listens there.
    with whole.stage(env={"MIMAMORI_MAIL_URL": "smtp://127.0.0.1:9"}) as s:
        whole.enrol(s)
        s.run("user", "add", "--company", "operator", "--login", "desk1", "--name", "desk",
              "--role", "desk", "--mail", "desk@example.com")
        flood = whole.Flood(s.tcp, "--times", max(1, rate * (seconds + 3) // 120000 + 1),
                            "--rate", rate)
        marked = Marked(s, count)
        flood.start()
        time.sleep(2)
        sender = threading.Thread(target=marked.send)
        sender.start()
        until = time.monotonic() + seconds + 30
        while time.monotonic() < until and (sender.is_alive() or min(
                len(found) for found in marked.seen.values()) < count):
            marked.look()
            time.sleep(0.02)
        sender.join()
        flood.stop()
        for kind in KINDS:
            print(f"  {kind}: {len(marked.seen[kind])} of {count}, p50 %.2f s, p99 %.2f s" %
                  marked.figures(kind))
        if any(len(found) < count for found in marked.seen.values()):
            s.tell_log()
            sys.exit("not every marked line was found")
        text = ", ".join(f"{kind} p50 %.2f s p99 %.2f s" % marked.figures(kind) for kind in KINDS)
        print(f"latency: at {rate} events/s {text}, {count} alerts, {whole.load()}")


main()
