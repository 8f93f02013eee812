"""mail.py - a case is told to the staff by one mail, whatever the mail server does.

The server is a thread of this scenario on loopback. It is away at first, then hangs up after the
first DATA without an answer, then behaves: the mail must arrive again with the same Message-ID,
and never a third time.
"""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from smtp import Server, header  # noqa: E402
from stage import Stage, check, done, free_port  # noqa: E402

JOB = "SELECT state, attempts, last_error FROM job WHERE kind = 'mail'"
port = free_port()
env = {"MIMAMORI_MAIL_URL": f"smtp://127.0.0.1:{port}",
       "MIMAMORI_MAIL_FROM": "mimamori@example.jp", "MIMAMORI_MAIL_PAUSE": "1"}
with Stage(env=env) as stage:
    added = stage.run("user", "add", "--company", "operator", "--login", "helper",
                      "--name", "Helper", "--role", "analyst", "--mail", "helper@example.jp")
    check("a helper with a mail address is entered", added.returncode == 0, added.stderr)
    truth = stage.play("--seed", "3", "--days", "3", "--incidents", "c2@seed")
    check("a case is opened", truth is not None and stage.wait(
        lambda: stage.records("SELECT count(*) FROM outbox")[0][0] == 1, 20, "a mail written"))
    stage.wait(lambda: stage.records(JOB)[0][1] >= 1, 20, "a first try")
    check("while no server answers the mail waits",
          stage.wait(lambda: stage.records(JOB)[0][0] == "queued" and stage.records(JOB)[0][2],
                     90, "the try to end"), stage.records(JOB))
    server = Server(port, tricks=1)
    server.start()
    check("the mail is sent once the server is there", stage.wait(
        lambda: stage.records(JOB)[0][0] == "done" and
        stage.records("SELECT count(*) FROM outbox WHERE sent_us IS NULL") == [(0,)], 240,
        "the mail sent"), stage.records(JOB))
    check("the lost answer had it sent twice, not more", len(server.mails) == 2, len(server.mails))
    ids = {header(m, "Message-ID") for m in server.mails}
    check("with one and the same Message-ID", len(ids) == 1 and ids != {""}, ids)
    body = base64.b64decode(server.mails[0].split("\r\n\r\n", 1)[1]).decode("utf-8")
    number = stage.records("SELECT case_id, company FROM cases")[0]
    check("it says which case, and where to look",
          f"/companies/{number[1]}/cases/{number[0]}" in body, body)
done()
