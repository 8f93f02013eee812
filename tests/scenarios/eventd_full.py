"""A full disk: eventd answers an error (243), keeps what it has, and recovers when there is room.

Usage: eventd_full.py EVENTD. Exit 77: not possible here (no root, no mount namespaces).
"""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

NOT_ENOUGH_SPACE = "243"
ROWS = 20000


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("events", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def ask(path, sql, data=None):
    """Status, ClickHouse's code and text of the answer."""
    conn = Unix(path)
    if data is None:
        conn.request("POST", "/", sql)
    else:
        conn.request("POST", "/?" + urllib.parse.urlencode({"query": sql}), data)
    answer = conn.getresponse()
    text = answer.read().decode(errors="replace").strip()
    conn.close()
    return answer.status, answer.headers.get("X-ClickHouse-Exception-Code"), text


def insert(path, first):
    # Digests do not compress: about 300 bytes a row reach the disk.
    data = "".join(f"1\t1\t{seq}\t{os.urandom(128).hex()}\n" for seq in range(first, first + ROWS))
    return ask(path, "INSERT INTO events (company, queue, seq, original) FORMAT TSV", data)


def count(path):
    return ask(path, "SELECT count(), uniqExact(seq) FROM events WHERE queue = 1")[2]


def fill(path):
    """Insert until it is refused; the number of rows that were taken, and the refusal."""
    taken = 0
    for _ in range(100):
        status, code, text = insert(path, taken)
        if status != 200:
            return taken, code, text
        taken += ROWS
    return taken, None, "never full"


def play(eventd, directory):
    state = directory + "/disk/state"
    os.mkdir(directory + "/disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", directory + "/disk"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        return 77
    process = subprocess.Popen([eventd, "--state", state])
    path = state + "/run/eventd.sock"
    try:
        for _ in range(200):
            if os.path.exists(path):
                break
            time.sleep(0.1)
        taken, code, text = fill(path)
        print(f"full after {taken} rows: code {code}")
        if code not in (NOT_ENOUGH_SPACE, "75") or process.poll() is not None:
            print("not the answer that was hoped for:", text)
            return 1
        if count(path) != f"{taken}\t{taken}":
            print("what was taken is not all there:", count(path))
            return 1
        subprocess.run(["mount", "-o", "remount,size=256m", directory + "/disk"], check=True)
        status, code, text = insert(path, taken)
        taken += ROWS
        if status != 200 or count(path) != f"{taken}\t{taken}":
            print("does not recover:", code, text, count(path))
            return 1
        print("recovered when there was room")
        return 0
    finally:
        process.terminate()
        process.wait(20)
        subprocess.run(["umount", directory + "/disk"], check=False)


def main(eventd):
    if os.geteuid() != 0 or not os.path.exists(eventd):
        return 77
    if "--inside" not in sys.argv:
        # Mounts of a namespace of our own vanish with it. Not every container allows one.
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            return 77
        return subprocess.run(["unshare", "-m", sys.executable, "-B", __file__, eventd,
                               "--inside"]).returncode
    with tempfile.TemporaryDirectory(prefix="mm-full-") as directory:
        return play(eventd, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
