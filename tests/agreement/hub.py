"""hub.py - what crowdsecurity/hub asserts of its sample lines, held against what we read.

Each folder of the hub's .tests/ named in FOLDERS has log lines and the fields that its parser must
find in them. The same lines go through `mimamori parse`; hub.fields says which of our fields a
field of theirs is, hub.differences gives our reason for each one that differs. Needs
$MIMAMORI_CORPORA with hub/ (tests/corpora.sh lays it out); else it is skipped.
"""
import collections
import datetime
import glob
import ipaddress
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HUB = os.path.join(os.environ.get("MIMAMORI_CORPORA", ""), "hub", ".tests")
PARSE = os.path.join(os.path.abspath(sys.argv[1]), "src", "app", "mimamori-parse")
# Not among them: products that we do not read, and windows-logs, which was copied out of a
# browser's view of the XML.
FOLDERS = """
apache2-logs auditd-logs bind9-logs bind9-syslog cef-logs charon-ipsec-logs dovecot-logs exim-logs
exim-syslog-logs fortinet-vpn-bf iis-xml-logs iptables-logs mikrotik-logs nginx_http-logs openvpn
opnsense-sshd palo-alto-threat pam-logs pf-logs pfsense-rfc5424-filterlog postfix-logs
proxmox-backup-auth-logs proxmox-iptables-logs proxmox-logs smb-logs sshd-invalid-bf sshd-logs
sshd-logs-fp sshd-success-logs suricata-logs-evelog synology-dsm-logs unifi-cef unifi-logs
""".split()
LEAST = 0.95
ASSERTED = re.compile(r'results\["s0([012])-[a-z]+"\]\["([^"]+)"\]\[(\d+)\]\.(Success|Evt\.\w+)'
                      r'((?:\["[^"]+"\])*)(\[4:\])? == (true|false|".*")$')


def table(name, columns):
    """Rows of a file of ours: tabs between columns, # begins a comment line."""
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        rows = [x.rstrip("\n").split("\t") for x in f if x.strip() and x[0] != "#"]
    assert all(len(r) == columns for r in rows), name
    return rows


def unquoted(text):
    try:
        return json.loads(text)
    except ValueError:  # a Go string that is no JSON string
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def asserted(path):
    """Events of a parser.assert: one dict of fields for each (parser, number)."""
    events = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as f:
        for line in f:
            m = ASSERTED.match(line.strip())
            if m is None:
                continue
            stage, parser, number, kind, keys, _, value = m.groups()
            event = events[parser, int(number)]
            event["number"] = int(number)
            if stage != "0" and value == "true":  # the first stage takes the syslog header only
                event["success"] = "true"
            name = ".".join([kind.replace("Evt.", "")] + re.findall(r'\["([^"]+)"\]', keys or ""))
            event[name] = unquoted(value) if value[0] == '"' else value
    return [e for e in events.values() if e.get("Success") == "true"]


def line_of(event, lines, after):
    """Which line an event was made of: the next one that holds its message."""
    message = event.get("Parsed.message")
    if not message:
        return event["number"] if event["number"] < len(lines) else None
    order = list(range(after, len(lines))) + list(range(after))
    return next((i for i in order if message in lines[i] or message.rstrip() in lines[i]), None)


def moment(text):
    """A time as the peer prints it; of some it asserts all but the year (a leap year stands in)."""
    text = ("2024" + text if text[0] == "-" else text).replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def same(theirs, ours, how, line):
    if ours is None:
        return theirs == ""
    if how == "@":
        a, b = moment(theirs), moment(ours)
        # The year is the peer's own guess, or is not asserted.
        if theirs[0] == "-" or not re.search(r"(?<!\d)20\d\d(?!\d)", line):
            a = a.replace(year=b.year)
        return abs((a - b).total_seconds()) < 1
    ours = str(ours)
    if how == "/":
        return theirs in ours
    try:
        return ipaddress.ip_address(theirs) == ipaddress.ip_address(ours)
    except ValueError:
        return theirs.lower() == ours.lower() if how == "~" else theirs == ours


def compare(folder, fields):
    """Pairs that agree, and the differences, as (line number, field, theirs, ours)."""
    log = next(iter(glob.glob(os.path.join(HUB, folder, "*.log"))))
    with open(log, encoding="utf-8", errors="replace", newline="\n") as f:
        lines = [x.rstrip("\r\n") for x in f]
    lines = [x for x in lines if x]
    out = subprocess.run([PARSE, "--json", "--zone", "Z", "-"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=False).stdout.splitlines()
    assert len(out) == len(lines), (folder, len(out), len(lines))
    agreed, differ, at = set(), {}, 0
    for event in asserted(os.path.join(HUB, folder, "parser.assert")):
        which = line_of(event, lines, at)
        if which is None:
            continue
        at = which + 1
        ours = json.loads(out[which])
        for name, theirs in event.items():
            field = fields.get(folder + "/" + name) or fields.get(name)
            if field is None:
                continue
            how = field[-1] if field[-1] in "~/@?" else ""
            values = [ours.get(k) for k in field.rstrip("~/@?").split("|")]
            key = (which + 1, name, theirs)
            theirs = fields.get("=" + theirs, theirs)
            if how == "?":
                good = values[0] is not None
            else:
                good = any(same(theirs, v, how, lines[which]) for v in values)
            if good:
                agreed.add(key)
            else:
                differ[key] = values
    return agreed, {k: v for k, v in differ.items() if k not in agreed}


def main():
    if not os.path.isdir(HUB):
        print("1..0 # SKIP no corpus")
        return 0
    fields = dict(table("hub.fields", 2))
    reasons = {tuple(r[:3]): r[3] for r in table("hub.differences", 4)}
    used, total, right, ok = set(), 0, 0, True
    for n, folder in enumerate(FOLDERS, 1):
        agreed, differ = compare(folder, fields)
        unexplained = []
        for (line, name, theirs), ours in sorted(differ.items()):
            keys = [(folder, str(line), name), (folder, "*", name), (folder, str(line), "*"),
                    (folder, "*", "*")]
            found = [k for k in keys if k in reasons]
            used.update(found)
            if not found:
                unexplained.append(f"# {folder} line {line}: {name} is {theirs!r}, ours {ours}")
        total += len(agreed) + len(differ)
        right += len(agreed)
        good = not unexplained and len(agreed) > 0
        ok = ok and good
        print("\n".join(unexplained), end="\n" if unexplained else "")
        print(f"{'ok' if good else 'not ok'} {n} - {folder}: {len(agreed)} of "
              f"{len(agreed) + len(differ)} asserted values agree, each other is explained")
    n = len(FOLDERS)
    for key in sorted(set(reasons) - used):
        print("# no longer differs: " + " ".join(key))
    gone = set(reasons) == used
    enough = total > 0 and right >= LEAST * total
    print(f"{'ok' if gone else 'not ok'} {n + 1} - every explained difference is still one")
    print(f"{'ok' if enough else 'not ok'} {n + 2} - {right} of {total} agree "
          f"({100 * right / max(total, 1):.1f} %, at least {100 * LEAST:.0f} %)")
    print(f"1..{n + 2}")
    return 0 if ok and gone and enough else 1


sys.exit(main())
