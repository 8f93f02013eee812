"""rsyslog.py - what rsyslog's parser tests expect of odd syslog lines, held against what we read.

Each script named in SCRIPTS sends lines (tcpflood -M) and says what its template must print of
them. The same lines go through `mimamori parse`; rsyslog.differences gives our reason for each
value that differs. Needs $MIMAMORI_CORPORA with rsyslog/ (tests/corpora.sh lays it out); else it is
skipped.
"""
import datetime
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.environ.get("MIMAMORI_CORPORA", ""), "rsyslog", "tests")
PARSE = os.path.join(os.path.abspath(sys.argv[1]), "src", "app", "mimamori-parse")
SCRIPTS = ["parse1", "parse2", "parse3", "parse-3164-buggyday", "parse-nodate"]


def sent(text):
    lines = re.findall(r'tcpflood -m1 -M "\\"(.*)\\""$', text, re.M)
    return [x.replace('\\\\\\"', '"') for x in lines]


def expected(text):
    """One dict of template name to text for each line that the script wants to see."""
    names = re.findall(r"%([A-Za-z-]+)[^%]*%", re.search(r'string="(.*)\\n"', text).group(1))
    body = (re.search(r"^echo '(.*?)' \| cmp", text, re.S | re.M) or
            re.search(r'EXPECTED="(.*?)"\s*$', text, re.S | re.M))
    rows = [x.replace('\\"', '"').split(",", len(names) - 1) for x in body.group(1).split("\n")]
    return [dict(zip(names, (value.strip(' "') for value in r))) for r in rows]


def ours(event, line):
    """The same names of an event of ours; the moment by the zone that the line names, if any."""
    zone = re.search(r"\dT[\d:.]+([+-]\d\d:\d\d) ", line)
    moment = datetime.datetime.fromisoformat(event["@timestamp"][:19] + "+00:00").astimezone(
        datetime.datetime.strptime(zone.group(1), "%z").tzinfo if zone else datetime.timezone.utc)
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[moment.month - 1]
    facility = event.get("log.syslog.facility.code")
    name = event.get("process.name") or event.get("event.provider") or ""
    pid = event.get("process.pid")
    return {
        "PRI": None if facility is None else
        str(facility * 8 + event["log.syslog.severity.code"]),
        "syslogseverity": str(event.get("log.syslog.severity.code", "")),
        "timestamp": f"{month} {moment.day:2} {moment:%H:%M:%S}",
        "timereported": f"{moment:%Y-%m-%dT%H:%M:%S}",
        "hostname": event.get("host.name") or event.get("observer.name") or "",
        "programname": name,
        "pid": "" if pid is None else str(pid),
    }


def compare(script):
    with open(os.path.join(TESTS, f"parsertest-{script}.sh"), encoding="utf-8") as f:
        text = f.read()
    lines, want = sent(text), expected(text)
    assert len(lines) == len(want) > 0, (script, len(lines), len(want))
    out = subprocess.run([PARSE, "--json", "--zone", "Z", "-"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=False).stdout.splitlines()
    assert len(out) == len(lines), (script, len(out), len(lines))
    for number, (line, raw, row) in enumerate(zip(out, lines, want), 1):
        got = ours(json.loads(line), raw)
        pid = re.search(r"(?:\[|^)(\d+)(?:\]|$)", row.get("syslogtag", ""))
        row["pid"] = pid.group(1) if pid else ""
        if "timestamp" in row:
            row["timestamp"] = re.sub(r" 0(\d) ", r"  \1 ", row["timestamp"])
        for name, value in got.items():
            if name in row and row[name] != "$RS_HOSTNAME":  # that of the machine that tests
                yield number, name, row[name], value


def main():
    if not os.path.isdir(TESTS):
        print("1..0 # SKIP no corpus")
        return 0
    with open(os.path.join(HERE, "rsyslog.differences"), encoding="utf-8") as f:
        rows = [x.rstrip("\n").split("\t") for x in f if x.strip() and x[0] != "#"]
    reasons = {tuple(r[:3]) for r in rows if len(r) == 4}
    used, total, right, good = set(), 0, 0, True
    for n, script in enumerate(SCRIPTS, 1):
        unexplained = []
        for number, name, theirs, value in compare(script):
            total += 1
            right += theirs == value
            key = (script, str(number), name)
            if theirs == value:
                continue
            used.add(key)
            if key not in reasons:
                unexplained.append(f"# {script} line {number}: {name} is {theirs!r}, "
                                   f"ours {value!r}")
        good = good and not unexplained
        print("\n".join(unexplained), end="\n" if unexplained else "")
        print(f"{'not ok' if unexplained else 'ok'} {n} - {script}: each difference is explained")
    n = len(SCRIPTS)
    for key in sorted(reasons - used):
        print("# no longer differs: " + " ".join(key))
    print(f"# {right} of {total} values agree")
    print(f"{'ok' if reasons <= used else 'not ok'} {n + 1} - every explained difference is one")
    print(f"1..{n + 1}")
    return 0 if good and total > 0 and reasons <= used else 1


sys.exit(main())
