"""status.py - what the machine says of itself is what it did, and only who may is told.

A company sends lines; status, page and metrics have to count them. /metrics is for this machine
over TLS or for who has the token, never through a proxy; /healthz says failing while a program is
gone; a fault becomes a finding of the operator's own company and closes when it is over; the
messages of all programs hold neither passwords nor lines.
"""
import datetime
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, failed_login, judged, register  # noqa: E402
from stage import SOURCE, Stage, check, done  # noqa: E402

TOKEN = "token-of-the-monitoring-system"
PASSWORD = "Kumori-9-zora-no-hashi"
CANARY = "canary-line-that-nobody-logs"
LINES = 50
# Absent while there is nothing to say: no time to measure, no clock to ask.
MAY_LACK = {"mimamori_disk_left_seconds", "mimamori_clock_synchronised"}


def ask(stage, path, **headers):
    """(status, content type, text) over TLS from 127.0.0.1."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    c = http.client.HTTPSConnection("127.0.0.1", stage.portal, timeout=30, context=context)
    c.putrequest("GET", path)
    for name, value in headers.items():
        for v in value if isinstance(value, list) else [value]:
            c.putheader(name.replace("_", "-"), v)
    c.endheaders()
    answer = c.getresponse()
    text = answer.read().decode()
    c.close()
    return answer.status, answer.getheader("Content-Type", ""), text


def samples(text):
    """{'name{labels}': value} of an answer of /metrics."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def faults_of_openmetrics(text):
    """What OpenMetrics 1.0 forbids, as far as these metrics could break it."""
    faults, family, kinds, seen = [], None, {}, set()
    if not text.endswith("# EOF\n"):
        faults.append("no # EOF at the end")
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if word == "TYPE":
                if name in kinds:
                    faults.append(f"{name} begins twice")
                family, kinds[name] = name, rest
            elif name != family:
                faults.append(f"{line}: stands in {family}")
            elif word == "UNIT" and not name.endswith("_" + rest):
                faults.append(f"{line}: not the end of the name")
            continue
        match = re.fullmatch(r'([a-z_]+)(\{[^{}]*\})? [0-9.]+', line)
        suffix = {"gauge": "", "counter": "_total", "info": "_info"}.get(kinds.get(family))
        if not match:
            faults.append(f"{line}: no sample")
        elif suffix is not None and match.group(1) != family + suffix:
            faults.append(f"{line}: is not of {family}")
        elif not match.group(1).startswith(family):
            faults.append(f"{line}: is not of {family}")
        elif match.group(1, 2) in seen:
            faults.append(f"{line}: stands twice")
        else:
            seen.add(match.group(1, 2))
    return faults


def misfits(schema, value, root, at="$"):
    """Where a document is not as docs/api says: the part of JSON Schema that is used there."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
             "integer": int}
    kind = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if type(value) not in [kinds[k] for k in kind]:
        return [f"{at}: {value!r} is no {kind}"]
    found = [f"{at}: {value!r}"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, dict):
        found += [f"{at}.{k} is not described" for k in value if k not in schema["properties"]]
        found += [f"{at}.{k} is missing" for k in schema.get("required", []) if k not in value]
        for k, v in value.items():
            if k in schema["properties"]:
                found += misfits(schema["properties"][k], v, root, f"{at}.{k}")
    if isinstance(value, list):
        for n, v in enumerate(value):
            found += misfits(schema["items"], v, root, f"{at}[{n}]")
    return found


def finding(stage, kind):
    return [state for state, in stage.records(
        "SELECT state FROM finding WHERE company = 0 AND kind = ?", kind)]


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as f:
        return f.read()


with Stage("eventd engine intake worker portal",
           env={"MIMAMORI_PORTAL_TLS": "on"}) as stage:
    stage.stop()
    stage.env["MIMAMORI_METRICS_TOKEN"] = stage.run("config", "seal", says=TOKEN).stdout.strip()
    stage.start()
    stage.wait(lambda: ask(stage, "/healthz")[0] == 200, 30, "healthy")
    check("healthz says ok and nothing else", ask(stage, "/healthz")[2] == "ok\n")
    out = stage.run("user", "add", "--company", "operator", "--login", "admin", "--name", "Admin",
                    "--role", "administrator", "--password-stdin", says=PASSWORD + "\n")
    check("a user is there", out.returncode == 0, out.stderr)
    company = companies(stage, 1)[0]
    t = Tcp(stage, company)
    t.lines([failed_login("srv", CANARY, n) for n in range(LINES)])
    t.end()
    stage.wait(lambda: durable(stage) == LINES and judged(stage) == LINES, 30, "judged")
    stage.wait(lambda: stage.records("SELECT sum(received) FROM source_health")[0][0] == LINES, 20,
               "counted")

    # ---- the command ----
    out = stage.run("status", "--json")
    status = json.loads(out.stdout)
    check("status counts what came", (status["logs"]["received"], status["logs"]["spooled"],
                                      status["logs"]["parsed"]) == (LINES, LINES, LINES),
          status["logs"])
    check("every program is there, with what it uses",
          [p["name"] for p in status["programs"] if p["ready"] and p["rss_bytes"] > 1 << 20] ==
          ["eventd", "engine", "intake", "worker", "portal"], status["programs"])
    check("the engine counts with its shards",
          next(p for p in status["programs"] if p["name"] == "engine")["processes"] >= 3,
          status["programs"])
    check("the queue is empty", [q["waiting"] for q in status["queues"]] == [0], status["queues"])
    check("inserts were measured",
          next(d for d in status["durations"] if d["name"] == "insert")["n"] >= 1)
    stage.wait(lambda: next(d for d in json.loads(stage.run("status", "--json").stdout)["durations"]
                            if d["name"] == "request")["n"] > 0, 10, "requests")
    check("requests were measured", next(d for d in json.loads(stage.run(
        "status", "--json").stdout)["durations"] if d["name"] == "request")["n"] > 0)
    check("the store has the events", status["store"]["events"] == {"v": LINES}, status["store"])
    schema = json.loads(read("docs/api/status.json"))
    check("the document is as docs/api/status.json says", not misfits(schema, status, schema),
          misfits(schema, status, schema))
    out = stage.run("status", "--lang", "en")
    check("status tells it in words, line by line",
          len(out.stdout.splitlines()) == len(status["lines"]) and "status." not in out.stdout,
          out.stdout)

    # ---- the page ----
    page_token = register(stage, "token", "--company", "operator", "--name", "t", "--user", "admin",
                          "--rights", "read")["token"]
    code, _, text = ask(stage, "/v1/status", Authorization="Bearer " + page_token)
    check("the page has the same document", code == 200 and
          not misfits(schema, json.loads(text), schema) and
          json.loads(text)["logs"] == status["logs"], (code, text[:300]))
    code, _, text = ask(stage, "/status", Authorization="Bearer " + page_token,
                        Accept="text/html")
    check("and is a page for people", code == 200 and "eventd" in text and "status.w" not in text,
          (code, text[:600]))
    check("nobody else sees it", ask(stage, "/v1/status")[0] == 401)

    # ---- metrics ----
    bearer = "Bearer " + TOKEN
    code, kind, text = ask(stage, "/metrics")
    check("this machine reads metrics",
          code == 200 and kind.startswith("text/plain; version=0.0.4"), (code, kind))
    for name, value in [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"),
                        ("Via", "1.1 proxy"), ("X-Real-IP", "192.0.2.1"),
                        ("X-Forwarded-For", ["192.0.2.1", "192.0.2.2"])]:
        check(f"but not through a proxy ({name} {value})",
              ask(stage, "/metrics", **{name: value})[0] == 401)
    check("a wrong token is refused, from here as well",
          ask(stage, "/metrics", Authorization=bearer + "x")[0] == 401)
    check("the token opens them from anywhere",
          ask(stage, "/metrics", Authorization=bearer, X_Forwarded_For="192.0.2.1")[0] == 200)
    found = samples(text)
    label = f'{{company="{company.id}",source="{company.source}"}}'
    check("metrics count what came",
          [found.get(f"mimamori_source_{w}_lines_total{label}") for w in
           ("received", "spooled", "parsed", "unparsed", "dropped")] == [LINES, LINES, LINES, 0, 0],
          [k for k in found if "source" in k])
    check("everything is up", found["mimamori_up"] == 1 and
          found['mimamori_program_up{program="engine"}'] == 1)
    check("no name of a company or line is in it", CANARY not in text and "Company" not in text)
    code, kind, text = ask(stage, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    check("OpenMetrics is given to who asks for it",
          kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
    check("and keeps to its rules", not faults_of_openmetrics(text), faults_of_openmetrics(text))
    families = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    listed = set(re.findall(r'^MM_METRIC\(\w+, \w+, "(\w+)"', read("src/status/metrics.def"), re.M))
    if not finding(stage, "x"):
        MAY_LACK.add("mimamori_backup_timestamp_seconds")
    check("every metric of the list is there", listed - families <= MAY_LACK,
          listed - families - MAY_LACK)
    have = {re.sub(r"\{.*", "", k) for k in samples(text)}
    used = {n for p in json.loads(read("docs/grafana/mimamori.json"))["panels"]
            for t in p["targets"] for n in re.findall(r"mimamori_[a-z_]+", t["expr"])}
    check("the dashboard asks for what is there", used - have <= MAY_LACK, used - have - MAY_LACK)
    if shutil.which("promtool"):
        tool = subprocess.run(["promtool", "check", "metrics"], input=ask(stage, "/metrics")[2],
                              capture_output=True, text=True, check=False)
        check("promtool finds nothing wrong", tool.returncode == 0 and not tool.stderr.strip(),
              tool.stdout + tool.stderr)
    else:
        print("# no promtool: the text format was not checked by Prometheus")

    # ---- a program that is gone ----
    stage.kill("eventd")
    check("healthz says failing while a program is gone",
          stage.wait(lambda: ask(stage, "/healthz") [::2] == (503, "failing\n"), 10, "failing"))
    check("and ok when it is back",
          stage.wait(lambda: ask(stage, "/healthz")[0] == 200, 30, "ok"))
    check("the restart is counted", stage.wait(lambda: samples(ask(stage, "/metrics")[2])[
        'mimamori_program_restarts_total{program="eventd"}'] == 1, 20, "restart"))

    # ---- a finding that comes and goes ----
    old = time.time() - 4 * 86400
    os.utime(os.path.join(stage.state, "VERSION"), (old, old))
    check("no backup for days becomes a finding",
          stage.wait(lambda: finding(stage, "backup_old") == ["open"], 40, "finding"))
    check("status ends with 1 then", stage.run("status").returncode == 1)
    target = os.path.join(stage.state, "..", os.path.basename(stage.state) + "-backup")
    out = stage.run("backup", target)
    shutil.rmtree(target, ignore_errors=True)
    check("a backup is made", out.returncode == 0, out.stderr)
    check("and closes it",
          stage.wait(lambda: finding(stage, "backup_old") == ["closed"], 40, "closed"))
    last = json.loads(stage.run("status", "--json").stdout)["backup"]["last"]
    made = datetime.datetime.fromisoformat(last.replace("Z", "+00:00")).timestamp()
    check("the last backup is known", abs(made - time.time()) < 120, last)

    # ---- what the programs say ----
    stage.log.flush()
    with open(stage.log.name, encoding="utf-8", errors="replace") as f:
        said = f.read()
    check("no password, token or line is in the messages",
          not any(x in said for x in (PASSWORD, TOKEN, page_token, CANARY)), said[-2000:])
    check("each message has a level, an area and a text",
          all(re.match(r"(error|warn|info) [a-z]+: ", line) for line in said.splitlines()),
          [x for x in said.splitlines() if not re.match(r"(error|warn|info) [a-z]+: ", x)])
    stage.stop()
    out = stage.run("status")
    check("status answers when nothing runs", out.returncode == 1 and
          len(out.stdout.splitlines()) > 5, out.stdout + out.stderr)
done()
