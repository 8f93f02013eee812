"""evtx.py - event log files that nobody here wrote, record by record against the JSON that another
reader made of them: SigmaHQ's regression data has both side by side.

Needs $MIMAMORI_CORPORA with sigma/ (tests/corpora.sh lays it out); else it is skipped.
Run: evtx.py BUILD-DIR SOURCE-DIR
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from stage import check, done, skip  # noqa: E402

ROOT = os.path.join(os.environ.get("MIMAMORI_CORPORA", ""), "sigma", "regression_data")
PARSE = os.path.join(sys.argv[1], "src", "app", "mimamori-parse")
# Where the two readers differ, and why ours stays as it is.
KNOWN = {
    "ad691d92-15f2-4181-9aa4-723c74f9ddc3": "its time shows 100 ns; an event keeps microseconds",
}


def plain(value):
    """The other reader cuts blanks off the ends of texts; a command line keeps them here."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.strip() if isinstance(value, str) else value


def documents(path):
    """JSON documents one after the other, or a list of them."""
    with open(path, encoding="utf-8") as f:
        text, decoder, at = f.read().strip(), json.JSONDecoder(), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield from value if isinstance(value, list) else [value]
        while at < len(text) and text[at].isspace():
            at += 1


def records(path):
    out = subprocess.run([PARSE, "--json", "--original", path], capture_output=True, text=True,
                         check=False, env=dict(os.environ, MIMAMORI_CONTENT=os.path.join(
                             sys.argv[2], "content")))
    events = [json.loads(line) for line in out.stdout.splitlines()]
    return events, out.stderr


def main():
    pairs, same, differ, unread, damaged = 0, 0, [], 0, []
    for top, _, names in sorted(os.walk(ROOT)):
        for name in sorted(n for n in names if n.endswith(".evtx")):
            path = os.path.join(top, name)
            beside = path[:-len("evtx")] + "json"
            if not os.path.exists(beside):
                continue
            events, said = records(path)
            unread += sum(not e["mimamori.parsed"] for e in events)
            if "damaged" in said:
                damaged.append(name)
            ours = [plain(json.loads(e["event.original"])) for e in events]
            for want in documents(beside):
                pairs += 1
                if plain(want) in ours:
                    same += 1
                elif name[:-len(".evtx")] not in KNOWN:
                    differ.append(name)
    if pairs == 0:
        skip("no corpus")
    print(f"# {pairs} records with a document beside them, {same} the same, {len(KNOWN)} known")
    check("every record is what the other reader made of it, but for the known", not differ,
          differ[:20])
    check("the known are as many as are told", pairs - same - len(differ) == len(KNOWN),
          (pairs, same, len(differ)))
    check("no file is damaged", not damaged, damaged[:20])
    check("every record is parsed", unread == 0, unread)
    done()


main()
