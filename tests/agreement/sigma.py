"""sigma.py - what pySigma with its SQLite backend says of public events: makes sigma.golden.

    sigma.py PYSIGMA BACKEND CORPORA > tests/agreement/sigma.golden
    sigma.py PYSIGMA BACKEND tests/sigma/cases.txt    answers to our own examples that differ

PYSIGMA and BACKEND are clones of SigmaHQ/pySigma and SigmaHQ/pySigma-backend-sqlite (no newer
than Debian's pyparsing, jinja2, yaml, requests allow), CORPORA is laid out by tests/corpora.sh:
sigma/ (rules, regression_data) and otrf/. Not run by the tests: app/rules_agree_test.c holds our
matches against sigma.golden, which has rule ids and numbers only, and sigma.differences gives the
reason for each that differs.

Every rule is converted to SQL by pySigma and run over tables of events. What is ours here, and
why: logsources are the Windows channels and numbers that Sigma's taxonomy appendix lists (the
backend knows none); NOT of an unknown value is true, as for a field that is not there (SQL would
say unknown); strings are compared without case, numbers as numbers, REGEXP is Python's re.search.
"""
import collections
import glob
import json
import os
import re
import sqlite3
import sys

FIRST, LINES = 10, 3000  # of each channel and number in a file; lines of a file
RULES = ["rules", "rules-emerging-threats", "rules-threat-hunting"]
SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = ["Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"]
CATEGORY = {  # taxonomy appendix, "Windows Folder"
    "process_creation": [(SYSMON, 1), ("Security", 4688)],
    "file_change": [(SYSMON, 2)], "network_connection": [(SYSMON, 3), ("Security", 5156)],
    "sysmon_status": [(SYSMON, 4), (SYSMON, 16)], "process_termination": [(SYSMON, 5)],
    "driver_load": [(SYSMON, 6)], "image_load": [(SYSMON, 7)],
    "create_remote_thread": [(SYSMON, 8)], "raw_access_thread": [(SYSMON, 9)],
    "process_access": [(SYSMON, 10)], "file_event": [(SYSMON, 11)],
    "registry_add": [(SYSMON, 12)], "registry_delete": [(SYSMON, 12)],
    "registry_set": [(SYSMON, 13)], "registry_rename": [(SYSMON, 14)],
    "registry_event": [(SYSMON, 12), (SYSMON, 13), (SYSMON, 14)],
    "create_stream_hash": [(SYSMON, 15)], "pipe_created": [(SYSMON, 17), (SYSMON, 18)],
    "wmi_event": [(SYSMON, 19), (SYSMON, 20), (SYSMON, 21)], "dns_query": [(SYSMON, 22)],
    "file_delete": [(SYSMON, 23), (SYSMON, 26)], "clipboard_change": [(SYSMON, 24)],
    "process_tampering": [(SYSMON, 25)], "file_block_executable": [(SYSMON, 27)],
    "file_executable_detected": [(SYSMON, 29)], "sysmon_error": [(SYSMON, 255)],
    "ps_module": [(c, 4103) for c in POWERSHELL], "ps_script": [(c, 4104) for c in POWERSHELL],
    "ps_classic_start": [("Windows PowerShell", 400)],
    "ps_classic_provider_start": [("Windows PowerShell", 600)],
    "ps_classic_script": [("Windows PowerShell", 800)],
}
SERVICE = {
    "security": ["Security"], "system": ["System"], "application": ["Application"],
    "sysmon": [SYSMON], "powershell": POWERSHELL, "powershell-classic": ["Windows PowerShell"],
    "taskscheduler": ["Microsoft-Windows-TaskScheduler/Operational"],
    "wmi": ["Microsoft-Windows-WMI-Activity/Operational"],
    "windefend": ["Microsoft-Windows-Windows Defender/Operational"],
    "bits-client": ["Microsoft-Windows-Bits-Client/Operational"],
    "codeintegrity-operational": ["Microsoft-Windows-CodeIntegrity/Operational"],
    "firewall-as": ["Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"],
    "dns-client": ["Microsoft-Windows-DNS Client Events/Operational"],
    "ntlm": ["Microsoft-Windows-NTLM/Operational"],
    "shell-core": ["Microsoft-Windows-Shell-Core/Operational"],
    "terminalservices-localsessionmanager":
        ["Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"],
    "smbclient-security": ["Microsoft-Windows-SmbClient/Security"],
    "smbclient-connectivity": ["Microsoft-Windows-SmbClient/Connectivity"],
}
# Generic names of the taxonomy for what Security 4688 and 5156 call otherwise.
GENERIC = {4688: {"Image": "NewProcessName", "ParentImage": "ParentProcessName"},
           5156: {"Image": "Application", "DestinationIp": "DestAddress",
                  "DestinationPort": "DestPort", "SourceIp": "SourceAddress"}}


def texts(value):
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return None if value is None else str(value)


def flat(doc):
    """Channel, number, fields of a Windows event; None when it is none."""
    if "Event" in doc:
        system = doc["Event"].get("System", {})
        fields = doc["Event"].get("EventData") or doc["Event"].get("UserData") or {}
        if len(fields) == 1 and isinstance(next(iter(fields.values())), dict):
            fields = next(iter(fields.values()))  # UserData: one element with the fields in it
        fields = dict(fields)
        number = system.get("EventID")
        number = number.get("#text") if isinstance(number, dict) else number
        channel, provider = system.get("Channel"), system.get("Provider", {})
        fields["Provider_Name"] = (provider.get("#attributes") or provider).get("Name")
        fields["Computer"] = system.get("Computer")
    else:
        fields = {k: v for k, v in doc.items() if k[:1] != "@"}
        channel, number = doc.get("Channel") or doc.get("EventLog"), doc.get("EventID")
        fields["Provider_Name"], fields["Computer"] = doc.get("SourceName"), doc.get("Hostname")
        if "log_name" in doc:  # Winlogbeat 6
            fields, channel = dict(doc.get("event_data", {})), doc["log_name"]
            number = doc["event_id"]
            fields.update(Provider_Name=doc.get("source_name"), Computer=doc.get("computer_name"))
    if channel is None or number is None:
        return None
    number, channel = int(number), "Security" if channel == "security" else channel
    fields.update(EventID=number, Channel=channel)
    for name, source in GENERIC.get(number, {}).items():
        if channel == "Security" and source in fields:
            fields.setdefault(name, fields[source])
    fields = {k: texts(v) for k, v in fields.items()}
    return channel, number, {k: v for k, v in fields.items() if v not in (None, "null")}


def documents(corpora):
    """(file number, event number, document): files in order of path, numbers from 1."""
    at = 0
    for path in sorted(glob.glob(os.path.join(corpora, "otrf", "*.json"))):
        at += 1
        with open(path, encoding="utf-8") as f:
            for k, line in enumerate(f, 1):
                if k > LINES:
                    break
                if line.strip():
                    yield at, k, json.loads(line)
    for path in sorted(glob.glob(os.path.join(corpora, "sigma", "regression_data", "**", "*.json"),
                                 recursive=True)):
        at += 1
        with open(path, encoding="utf-8") as f:
            for k, text in enumerate(re.split(r"(?<=\n\})\n(?=\{)", f.read()), 1):
                yield at, k, json.loads(text)


def chosen(corpora):
    seen = collections.Counter()
    for at, k, doc in documents(corpora):
        event = flat(doc)
        if event is None:
            continue
        seen[at, event[:2]] += 1
        if seen[at, event[:2]] <= FIRST or "Event" in doc:
            yield at, k, event


class Store:
    """One SQLite table a channel and number."""

    def __init__(self, corpora):
        self.db, self.columns, self.count = sqlite3.connect(":memory:"), {}, 0
        rows = collections.defaultdict(list)
        for at, k, (channel, number, fields) in chosen(corpora):
            rows[channel, number].append((at, k, fields))
            self.count += 1
        functions(self.db)
        for n, (key, events) in enumerate(sorted(rows.items())):
            names = sorted({f for e in events for f in e[2]}, key=str.lower)
            low = {}
            for f in names:
                low.setdefault(f.lower(), f)
            names = list(low.values())
            self.columns[key] = (f"t{n}", set(low))
            self.db.execute(f"CREATE TABLE t{n} (at_, k_" + "".join(
                ", `%s` TEXT COLLATE NOCASE" % f.replace("`", "") for f in names) + ")")
            self.db.executemany(
                f"INSERT INTO t{n} VALUES (?, ?{', ?' * len(names)})",
                [[at, k] + [e.get(f) for f in names] for at, k, e in events])

    def ask(self, key, query, fields):
        table, have = self.columns[key]
        for f in sorted(fields):
            if f.lower() not in have:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN `{f}` TEXT COLLATE NOCASE")
                have.add(f.lower())
        return self.db.execute(query.replace("<TABLE_NAME>", table).replace(
            "SELECT *", "SELECT at_, k_", 1)).fetchall()


def cased(pattern, value, _escape):
    if value is None:
        return False
    out = re.sub(r"\\(.)|(\*)|(\?)|(.)", lambda m: re.escape(m[1] or m[4] or "") or
                 (".*" if m[2] else "."), pattern, flags=re.S)
    return re.fullmatch(out, value, re.S) is not None


def keys_of(rule, tables):
    """The tables that the logsource means; none for what is no Windows logsource here."""
    ls = rule.logsource
    if ls.product not in ("windows", None) or (ls.product is None and ls.category is None):
        return []
    if ls.category is not None:
        want = CATEGORY.get(ls.category, [])
    elif ls.service is not None:
        want = [k for k in tables if k[0] in SERVICE.get(ls.service, [])]
    else:
        want = list(tables)
    service = SERVICE.get(ls.service, []) if ls.service and ls.category else None
    return [k for k in want if k in tables and (service is None or k[0] in service)]


def functions(db):
    db.create_function("REGEXP", 2, lambda p, v: v is not None and re.search(p, v) is not None,
                       deterministic=True)
    db.create_function("GLOB", 3, cased, deterministic=True)


def cases(path, ask):
    """Rules and events of cases.txt; ask(rule, event) answers, or raises when it cannot."""
    rule, known, asked = None, False, 0
    with open(path, encoding="utf-8") as f:
        lines = [x.rstrip("\n") for x in f if x.strip() and x[0] != "#"]
    for line in lines:
        if line[0] not in "+-":
            rule, known = line[line.index("{"):], line[0] == "~"
            continue
        try:
            got = ask(rule, json.loads(line[2:]))
        except Exception as e:  # whatever pySigma or SQLite has against the rule
            got = f"{type(e).__name__}: {e}"
        asked += 1
        if got != (line[0] == "+") and not known:
            print(f"{rule}\n  {line}\n  pySigma: {got}")
    print(f"# {asked} events asked")


def main(pysigma, backend, corpora):
    sys.path[:1] = [pysigma, backend]  # not this folder: this file's name is the package's
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError

    class Backend(sqliteBackend):
        compare_op_expression = "CAST({field} AS REAL) {operator} {value}"

        def convert_condition_not(self, cond, state):
            inner = cond.args[0]
            text = self.convert_condition(inner, state)
            return f"NOT IFNULL(({text}), 0)"

        def escape_and_quote_field(self, name):
            names.add(name)
            return "`" + name.replace("`", "") + "`"

    def ask(rule, event):
        names.clear()
        db = sqlite3.connect(":memory:")
        functions(db)
        rule = SigmaCollection.from_yaml(
            "title: t\nlogsource: {product: windows}\ndetection: " + rule).rules[0]
        queries = Backend().convert_rule(rule)
        fields = sorted(names | set(event))
        columns = ", ".join(f"`{f}` TEXT COLLATE NOCASE" for f in fields)
        db.execute(f"CREATE TABLE t ({columns})")
        db.execute(f"INSERT INTO t VALUES (?{', ?' * (len(fields) - 1)})",
                   [event.get(f) for f in fields])
        return any(db.execute(q.replace("<TABLE_NAME>", "t")).fetchall() for q in queries)

    names = set()
    if corpora.endswith(".txt"):
        cases(corpora, ask)
        return
    store = Store(corpora)
    print(f"# events {store.count}\n# the first {FIRST} of each channel and number in the first "
          f"{LINES} lines of each file, and all of regression_data")
    asked = refused = 0
    lines = []
    for folder in RULES:
        for path in sorted(glob.glob(os.path.join(corpora, "sigma", folder, "**", "*.yml"),
                                     recursive=True)):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            names.clear()
            try:
                rule = SigmaCollection.from_yaml(text).rules[0]
                keys = keys_of(rule, store.columns)
                if not keys:
                    continue
                queries = Backend().convert_rule(rule)
                hits = {h for q in queries for k in keys for h in store.ask(k, q, names)}
            except (SigmaError, NotImplementedError, sqlite3.Error, re.error) as e:
                lines.append(f"{rule.id} not asked")
                print(f"{rule.id}: {type(e).__name__} {e}"[:200], file=sys.stderr)
                refused += 1
                continue
            asked += 1
            if hits:
                lines.append(f"{rule.id} " + " ".join(f"{a}:{k}" for a, k in sorted(hits)))
    print(f"# asked {asked}\n# rules; {refused} more that this backend cannot ask")
    print("\n".join(sorted(lines)))


main(*sys.argv[1:])
