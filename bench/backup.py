"""backup.py - how long a backup, the next one, a check, a restore of a store take, and to erase one
company of thirty.

Run: backup.py BUILD-DIR SOURCE-DIR [--events N] (default 1,000,000; a year of a small pilot: 20
million). Rows are made in the store itself; of a row some 90 bytes are random, so that it takes as
much on the disk as lines of devices do.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

BLOCK = 1000000
ROWS = ("INSERT INTO events (company, received, queue, seq, time, keep_days, source, format, "
        "event_category, source_ip, destination_port, original) SELECT 1 + number % 30, "
        "now64(6) - toIntervalMicrosecond({to} - number), 0, number + 1, now64(6), 400, "
        "number % 90, 'fortigate', 'network', toIPv6('::ffff:192.0.2.' || toString(number % 250)),"
        " number % 5000, 'date=2026-11-20 devname=\"fw\" type=\"traffic\" srcip=192.0.2.1 id=' || "
        "hex(MD5(toString(number))) || hex(MD5(toString(-number))) || ' policyid=3 sessionid=' || "
        "toString(cityHash64(number)) FROM numbers({from_}, {n})")


def timed(what, *args):
    began = time.monotonic()
    out = subprocess.run([os.path.join(whole.BUILD, "mimamori-" + what), *args], check=False,
                         capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(out.stderr)
    print(f"{time.monotonic() - began:6.1f} s  {what} {' '.join(args[:1])}: {out.stdout.strip()}")
    return time.monotonic() - began, out.stdout


def insert(stage, sql):
    c = whole.UnixHttp(os.path.join(stage.state, "run", "eventd.sock"))
    c.request("POST", "/", body=sql.encode())
    answer = c.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        sys.exit(text)
    c.close()


def main():
    whole.without_libchdb()
    events = whole.option("--events", BLOCK)
    room = tempfile.mkdtemp(prefix="mm-backup-bench-")
    try:
        with whole.Stage(programs="eventd engine intake") as s:
            for at in range(0, events, BLOCK):
                n = min(BLOCK, events - at)
                insert(s, ROWS.format(from_=at, n=n, to=events))
            backups, state = os.path.join(room, "b"), os.path.join(room, "s")
            first, text = timed("backup", backups, "--state", s.state)
            stored = int(re.search(r", (\d+) bytes", text).group(1))
            if f" {events} events" not in text:
                sys.exit("not every row is in the backup: " + text)
            time.sleep(1)
            second, _ = timed("backup", backups, "--state", s.state)
            verify, _ = timed("backup", "verify", backups)
            restore, _ = timed("restore", backups, "--state", state, "--without-keys")
            s.run("company", "add", "--code", "one", "--name", "One")
            s.stop()
            erase, text = timed("company", "erase", "one", "--name", "One", "--state", s.state)
            if not re.search(r"events +events +[1-9]", text):
                sys.exit("nothing was erased: " + text)
        print(f"backup: {events / 1e6:.1f} M events ({stored / 1e9:.2f} GB): backup {first:.1f} s, "
              f"the next one {second:.1f} s, verify {verify:.1f} s, restore {restore:.1f} s, "
              f"erase one company {erase:.1f} s, {whole.load()}")
    finally:
        shutil.rmtree(room, ignore_errors=True)


main()
