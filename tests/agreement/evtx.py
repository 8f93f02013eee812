"""evtx.py - every event log file of a public corpus, event by event, against libevtx's reading.

No event may be lost: as many as the records' own headers in the file say, as libevtx's evtxexport
finds, and all of them wholly read. Then the values: each that evtxexport shows of an event (names,
numbers, texts, in System and in what the event tells) must be one of ours. Written differently by
the two and the same: hexadecimal numbers, GUIDs with and without braces, times of 1601 (0), control
characters, namespaces. Needs $MIMAMORI_CORPORA with evtx/ (tests/corpora.sh lays it out), and
evtxexport (libevtx-utils) for all but the headers; else it is skipped.
"""
import collections
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

ROOT = os.path.join(os.environ.get("MIMAMORI_CORPORA", ""), "evtx")
PARSE = os.path.join(os.path.abspath(sys.argv[1]), "src", "app", "mimamori-parse")
HEAD, CHUNK, CHUNK_HEAD = 4096, 65536, 512  # [MS-EVEN6] and libevtx's description of the format
GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.I)
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z?")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")  # XML has no place for them
SHOWN = 10


def in_headers(path):
    """Records of the file, counted by their own headers."""
    with open(path, "rb") as f:
        data = f.read()
    n = 0
    for chunk in range(HEAD, len(data) - CHUNK_HEAD + 1, CHUNK):
        if data[chunk:chunk + 8] != b"ElfChnk\0":
            continue
        at, end = chunk + CHUNK_HEAD, chunk + struct.unpack_from("<I", data, chunk + 48)[0]
        while at + 24 <= min(end, len(data)):
            magic, size = struct.unpack_from("<II", data, at)
            if magic != 0x2A2A or size < 28:
                break
            n, at = n + 1, at + size
    return n


def plain(value):
    """A value of either reader in one way of writing."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = CONTROL.sub("", text).strip()
    if re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return str(int(text, 16))
    guid, moment = GUID.fullmatch(text), MOMENT.fullmatch(text)
    if guid:
        return guid.group(1).lower()
    if moment:
        if text.startswith("1601-01-01T00:00:00"):
            return "0"
        return f"{moment.group(1)}.{(moment.group(2) or '') + '000000':.6}"
    return text


def in_json(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.startswith("xmlns"):
                yield from in_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from in_json(inner)
    else:
        yield plain(value)


def in_xml(element):
    tag = element.tag.split("}")[-1]
    for name, value in element.attrib.items():
        if name != "Name" or tag == "Provider":
            yield plain(value)
    if len(element) == 0:
        yield plain(element.text)
    for inner in element:
        yield from in_xml(inner)


def bag(values):
    return collections.Counter(v for v in values if v)


def ours(path):
    out = subprocess.run([PARSE, "--json", "--original", path], capture_output=True, text=True,
                         check=False).stdout
    return [json.loads(line) for line in out.splitlines()]


def theirs(path):
    """Events as XML; evtxexport writes bytes that XML has no place for as they are."""
    out = subprocess.run(["evtxexport", "-f", "xml", path], capture_output=True, check=False).stdout
    text = CONTROL.sub("", out.decode("utf-8", "replace"))
    return re.findall(r"<Event[ >].*?</Event>", text, re.S)


def compare(path, total, wrong):
    events, name = ours(path), os.path.basename(path)
    total["files"] += 1
    total["events"] += len(events)
    if len(events) != in_headers(path):
        wrong["lost"].append(f"{name}: {len(events)} events, {in_headers(path)} headers")
    unread = sum(not e["mimamori.parsed"] for e in events)
    if unread:
        wrong["unread"].append(f"{name}: {unread} events are not wholly read")
    if shutil.which("evtxexport") is None:
        return
    peers = theirs(path)
    if len(peers) != len(events):
        wrong["lost"].append(f"{name}: {len(events)} events, {len(peers)} of evtxexport")
        return
    for number, (event, peer) in enumerate(zip(events, peers), 1):
        mine = bag(in_json(json.loads(event["event.original"])))
        want = bag(in_xml(ET.fromstring(peer)))
        total["values"] += sum(want.values())
        for value in want - mine:
            wrong["values"].append(f"{name} event {number}: not ours: {value[:200]!r}")


def main():
    if not os.path.isdir(ROOT):
        print("1..0 # SKIP no corpus")
        return 0
    total, wrong = collections.Counter(), {"lost": [], "unread": [], "values": []}
    for top, _, names in sorted(os.walk(ROOT)):
        for name in sorted(n for n in names if n.endswith(".evtx")):
            compare(os.path.join(top, name), total, wrong)
    print(f"# {total['files']} files, {total['events']} events, {total['values']} values compared")
    for n, (kind, promise) in enumerate((("lost", "no event is lost"),
                                         ("unread", "every event is wholly read"),
                                         ("values", "every value of libevtx's is ours")), 1):
        for line in wrong[kind][:SHOWN]:
            print("# " + line)
        print(f"{'not ok' if wrong[kind] else 'ok'} {n} - {promise}")
    print("1..3")
    return 0 if total["events"] > 0 and not any(wrong.values()) else 1


sys.exit(main())
