"""bulk.py - senders that speak to Elasticsearch send to intake as they are.

Requests as Winlogbeat, Filebeat, Fluent Bit and syslog-ng make them, written anew after their
public documentation, and rsyslog's omelasticsearch itself (where it is installed) while intake is
killed.
"""
import base64
import glob
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import companies, durable, register, texts  # noqa: E402
from stage import Stage, check, done, free_port  # noqa: E402
from tap import results  # noqa: E402

OMELASTICSEARCH = "/usr/lib/*/rsyslog/omelasticsearch.so"
LINES = 3000
RSYSLOG = """global(workDirectory="{dir}")
module(load="imptcp")
module(load="omelasticsearch")
input(type="imptcp" address="127.0.0.1" port="{port}")
template(name="doc" type="list") {{
  constant(value="{{\\"message\\":\\"") property(name="msg" format="json") constant(value="\\"}}")
}}
action(type="omelasticsearch" server="127.0.0.1" serverport="{to}" usehttps="off"
       uid="feed" pwd="{token}" bulkmode="on" template="doc" searchIndex="logs"
       action.resumeRetryCount="-1" action.resumeInterval="1"
       queue.type="LinkedList" queue.dequeueBatchSize="200")
"""


def basic(name, token):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


def api_key(name, token):
    return {"Authorization": "ApiKey " + base64.b64encode(f"{name}:{token}".encode()).decode()}


def ask(stage, method, path, head=None, body=None):
    """(status, headers, text) of one request."""
    c = http.client.HTTPConnection("127.0.0.1", stage.http, timeout=30)
    try:
        c.request(method, path, body=body, headers=head or {})
        answer = c.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        c.close()


def body_of(action, documents):
    return "".join(json.dumps(x, separators=(",", ":")) + "\n"
                   for d in documents for x in (action, d)).encode()


def before(stage, who, token):
    """What senders ask before they send, and who may."""
    status, head, text = ask(stage, "GET", "/")
    check("a stranger is told 401, and how to say who it is",
          status == 401 and head["WWW-Authenticate"].startswith("Basic") and
          text == "refused: ingest.token\n", (status, text))
    status = [ask(stage, "GET", "/", h)[0] for h in
              (basic("feed", "guess"), basic("other", token), {"Authorization": "Basic !"},
               {"Authorization": "Bearer " + token}, basic("feed", ""))]
    check("a wrong token, another source's name, what is no base64: refused",
          status == [401, 403, 401, 401, 401], status)
    for name, head in (("name", basic("feed", token)), ("number", api_key(who.feed, token))):
        status, answer, text = ask(stage, "GET", "/", head)
        check(f"who sends under its {name} is told a version of the protocol",
              status == 200 and answer["X-Elastic-Product"] == "Elasticsearch" and
              json.loads(text)["version"]["number"].startswith("8."), (status, text))
    head = basic("feed", token)
    got = [ask(stage, *x, head)[0] for x in
           (("HEAD", "/"), ("GET", "/_cat/health"), ("GET", "/_license?human=false"),
            ("GET", "/_xpack"), ("GET", "/_bulk"), ("POST", "/"),
            ("HEAD", "/_index_template/filebeat"), ("POST", "/a/b/_bulk"))]
    check("what is there answers, what is not there says so",
          got == [200, 200, 400, 400, 405, 405, 404, 404], got)


def send(stage, path, head, body):
    status, _, text = ask(stage, "POST", path, {"Content-Type": "application/x-ndjson", **head},
                          body)
    return status, json.loads(text)


def shippers(stage, token):
    """The requests of each, and what is stored of them."""
    log_on = {"@timestamp": "2026-11-20T01:02:27.063Z", "agent": {"type": "winlogbeat"},
              "event": {"code": "4625", "kind": "event",
                        "provider": "Microsoft-Windows-Security-Auditing"},
              "host": {"name": "PC07"}, "message": "An account failed to log on.",
              "winlog": {"channel": "Security", "computer_name": "PC07", "event_id": "4625",
                         "provider_name": "Microsoft-Windows-Security-Auditing",
                         "event_data": {"TargetUserName": "bulk-sato", "LogonType": "3",
                                        "IpAddress": "192.168.10.99"}}}
    line = {"@timestamp": "2026-11-20T01:02:27.063Z", "agent": {"type": "filebeat"},
            "log": {"file": {"path": "/var/log/auth.log"}},
            "message": "Nov 20 10:02:27 srv1 sshd[812]: Failed password for bulk-suzuki from "
                       "10.1.2.3 port 40022 ssh2"}
    documents = {"winlogbeat": log_on, "filebeat": line,
                 "fluent-bit": {"@timestamp": "2026-11-20T01:02:27.063Z",
                                "log": line["message"].replace("suzuki", "tanaka")},
                 "syslog-ng": {"PROGRAM": "cron", "MESSAGE": "bulk-plain", "HOST": "srv2"}}
    create, index = {"create": {"_index": "x"}}, {"index": {"_index": "x", "_type": ""}}
    for name, path, head, action, packed in (
            ("winlogbeat", "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status",
             api_key("feed", token), create, True),
            ("filebeat", "/_bulk", basic("feed", token), create, True),
            ("fluent-bit", "/_bulk", basic("feed", token), create, False),
            ("syslog-ng", "/logs/_bulk", basic("feed", token), index, False)):
        body = body_of(action, [documents[name]])
        status, said = send(stage, path, {**head, "Content-Encoding": "gzip"} if packed else head,
                            gzip.compress(body) if packed else body)
        check(f"{name}: taken, with a status for the item", status == 200 and not said["errors"] and
              [s["status"] for i in said["items"] for s in i.values()] == [201] and
              list(said["items"][0]) == list(action), (status, said))
    head = basic("feed", token)
    status, said = send(stage, "/_bulk", head, body_of(create, [log_on])[:-9])
    check("a torn body is refused as a whole", status == 400 and
          said["error"]["reason"] == "bulk.newline" and said["status"] == 400, (status, said))
    status, said = send(stage, "/_bulk", head, b'{"delete":{"_id":"1"}}\n' +
                        body_of(create, [{"message": "bulk-beside"}]))
    check("what is not done here is said of its item alone", status == 200 and said["errors"] and
          [s["status"] for i in said["items"] for s in i.values()] == [400, 201], (status, said))
    status, said = send(stage, "/_bulk", {**head, "Content-Encoding": "gzip"}, b"\x1f\x8b no")
    check("a damaged gzip is refused", status == 400 and said["status"] == 400, (status, said))
    check("exactly what was answered 201 is durable", durable(stage) == 5, durable(stage))
    stage.wait(lambda: len(texts(stage, "bulk-")) == 5, 30, "the documents are stored")
    rows = stage.events("SELECT user_name FROM events WHERE position(original, 'bulk-') > 0 AND "
                        "user_name != '' ORDER BY user_name")
    check("documents are read: Winlogbeat's event, the lines in Filebeat's and Fluent Bit's",
          [r[0] for r in rows] == ["bulk-sato", "bulk-suzuki", "bulk-tanaka"], rows)


def missing(stage):
    have = {int(re.search(r"omes-(\d+)", x).group(1)) for x in texts(stage, "omes-")}
    return [n for n in range(LINES) if n not in have]


def omelasticsearch(stage, token):
    """The real rsyslog sends, intake dies, rsyslog waits: everything it took arrives."""
    place, port = tempfile.mkdtemp(prefix="mm-rsyslog-"), free_port()
    conf = os.path.join(place, "conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(RSYSLOG.format(dir=place, port=port, to=stage.http, token=token))
    p = subprocess.Popen(["rsyslogd", "-n", "-f", conf, "-i", os.path.join(place, "pid")],
                         stdout=stage.log, stderr=stage.log)
    try:
        give(stage, port, range(LINES // 2))
        # Between two batches: the one that it is sending this rsyslog (8.2302) may throw away.
        stage.wait(lambda: missing(stage)[:1] == [LINES // 2], 30, "rsyslog sends")
        stage.kill("intake", signal.SIGKILL)
        give(stage, port, range(LINES // 2, LINES))
        stage.wait(lambda: not missing(stage), 90, "rsyslog has sent everything")
        lost = missing(stage)
        check("rsyslog (omelasticsearch): every line arrives, although intake was killed", not lost,
              (len(lost), lost[:3]))
    finally:
        p.terminate()
        p.wait(20)
        shutil.rmtree(place, ignore_errors=True)


def give(stage, port, numbers):
    """Lines to the rsyslog that listens at this port."""
    stage.wait(lambda: socket.create_connection(("127.0.0.1", port)).close() or True, 10,
               "rsyslog listens")
    with socket.create_connection(("127.0.0.1", port)) as s:
        stamp = time.strftime("%b %e %H:%M:%S")
        s.sendall("".join(f"<13>{stamp} srv app: omes-{n}\n" for n in numbers).encode())


with Stage("eventd engine intake") as stage:
    who = companies(stage, 1, token=True)[0]
    register(stage, "source", "--company", "c1", "--name", "other", "--bind", "token")
    before(stage, who, who.token)
    shippers(stage, who.token)
    if shutil.which("rsyslogd") and glob.glob(OMELASTICSEARCH):
        omelasticsearch(stage, who.token)
    else:
        results.append(True)
        print(f"ok {len(results)} - rsyslog (omelasticsearch) # SKIP it is not installed")
done()
