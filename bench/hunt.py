"""hunt.py - `mimamori hunt` over event logs: how fast, with how much memory, and what it found.

Event logs of $MIMAMORI_CORPORA (evtx/, and sigma/regression_data) are made into large files of
chunks that are at least half full, as those of a real PC are, up to SIZE MB (default 1000) in a
folder that is removed again. All of SigmaHQ's rules are tried, on one core and on all. Beside it
stands how fast the same files can merely be read, and what is found in the files as they are: its
checksum (rule, file, record) differs when anything found differs.

Run: hunt.py BUILD-DIR SOURCE-DIR [SIZE]; without corpora it is skipped.
"""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

BUILD, SOURCE = sys.argv[1], sys.argv[2]
SIZE = int(sys.argv[3]) * 1000000 if len(sys.argv) > 3 else 1000 * 1000000
CORPORA = os.environ.get("MIMAMORI_CORPORA", "")
HUNT = os.path.join(BUILD, "src", "app", "mimamori-hunt")
HEAD, CHUNK, FILE = 4096, 65536, 64 * 1000 * 1000
TARGET_S, TARGET_MB = 10.0, 300


def event_logs():
    for root in ("evtx", "sigma/regression_data"):
        for top, folders, names in os.walk(os.path.join(CORPORA, root)):
            folders.sort()
            yield from (os.path.join(top, n) for n in sorted(names) if n.endswith(".evtx"))


def full_chunks(paths):
    """(a file header, chunks that are at least half full)."""
    head, chunks = b"", []
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        if data[:8] != b"ElfFile\0":
            continue
        head = head or data[:HEAD]
        for at in range(HEAD, len(data) - CHUNK + 1, CHUNK):
            chunk = data[at:at + CHUNK]
            if chunk[:8] == b"ElfChnk\0" and struct.unpack_from("<I", chunk, 48)[0] >= CHUNK // 2:
                chunks.append(chunk)
    return head, chunks


def enlarge(folder, paths):
    """Files of those chunks, over and over; (bytes, bytes that records were written to)."""
    head, chunks = full_chunks(paths)
    total, written, number = 0, 0, 0
    while total < SIZE:
        with open(os.path.join(folder, f"{number:03}.evtx"), "wb") as f:
            f.write(head)
            for i in range(FILE // CHUNK):
                chunk = chunks[(number * (FILE // CHUNK) + i) % len(chunks)]
                f.write(chunk)
                written += struct.unpack_from("<I", chunk, 48)[0]
            total += f.tell()
        number += 1
    return total, written


def proportional(pid):
    """Memory of a process and its children, shared pages counted once, in MB."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as f:
                todo += [int(p) for p in f.read().split()]
        except OSError:
            pass
    return total / 1000


def hunt(folder, jobs, *options):
    """(seconds, CPU seconds, most MB of memory, standard output)."""
    most, stop = [0.0], threading.Event()
    began, cpu = time.monotonic(), os.times()
    with subprocess.Popen([HUNT, "--jobs", str(jobs), "--lang", "en", "--rules",
                           os.path.join(CORPORA, "sigma/rules"), "--rules",
                           os.path.join(CORPORA, "sigma/rules-emerging-threats"), "--rules",
                           os.path.join(CORPORA, "sigma/rules-threat-hunting"), *options, folder],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, MIMAMORI_CONTENT=os.path.join(SOURCE, "content"))
                          ) as process:
        def watch():
            while not stop.wait(0.2):
                most[0] = max(most[0], proportional(process.pid))
        watcher = threading.Thread(target=watch)
        watcher.start()
        out = process.stdout.read()
        process.wait()
        stop.set()
        watcher.join()
    spent = os.times()
    if process.returncode not in range(10, 15):
        sys.exit(f"hunt ended with {process.returncode}")
    return (time.monotonic() - began,
            spent.children_user + spent.children_system - cpu.children_user - cpu.children_system,
            most[0], out)


def merely_read(folder):
    buffer, began = bytearray(1 << 20), time.monotonic()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb", buffering=0) as f:
            while f.readinto(buffer):
                pass
    return time.monotonic() - began


def main():
    paths = list(event_logs())
    if not paths or not os.path.isdir(os.path.join(CORPORA, "sigma/rules")):
        print("skipped, no corpus")
        return
    out = hunt(os.path.join(CORPORA, "evtx"), 2, "--json", "--quiet", "--most", "0")[3]
    pairs = sorted((h["rule.id"], os.path.relpath(h["file"], CORPORA), h["record"])
                   for h in map(json.loads, out.splitlines()))
    digest = hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:16]
    print(f"evtx as it is: {len(pairs)} alerts, checksum {digest}")
    folder = tempfile.mkdtemp(prefix="mimamori-hunt-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    try:
        total, written = enlarge(folder, paths)
        merely_read(folder)
        reading = merely_read(folder)
        for jobs in (1, len(os.sched_getaffinity(0))):
            seconds, cpu, memory, out = hunt(folder, jobs, "--summary", "--json")
            doc = json.loads(out)
            print(f"{jobs} at once: {seconds:.2f} s, {total / seconds / 1e6:.0f} MB/s "
                  f"({written / seconds / 1e6:.0f} MB/s of records), "
                  f"{doc['events'] / seconds:.0f} events/s, {cpu:.2f} s of CPU, "
                  f"{memory:.0f} MB of memory; {doc['rule_set']['n']} rules, {doc['events']} "
                  f"events, {doc['alerts']} alerts, {doc['broken_n']} broken")
        if doc["broken_n"] or not doc["alerts"]:
            sys.exit("not all was read, or nothing was found")
    finally:
        shutil.rmtree(folder)
    print(f"hunt: {total / 1e6:.0f} MB in {seconds:.2f} s (target {TARGET_S:.0f} a GB), "
          f"{memory:.0f} MB of memory (target {TARGET_MB}), {reading / seconds:.2f} x merely "
          f"reading, {doc['events'] / seconds:.0f} events/s, {doc['rule_set']['n']} rules")


if __name__ == "__main__":
    main()
