"""config.py - the configuration is taken whole or not at all, also while everything runs.

`mimamori config` says where a value comes from and what is wrong; SIGHUP to serve starts anew the
programs whose keys have changed, and those only; a file with a fault changes nothing; a state
directory with another key is refused before anything in it is touched.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from stage import BUILD, Stage, check, done  # noqa: E402


def config(*args, env=None):
    return subprocess.run([os.path.join(BUILD, "mimamori-config"), *args], capture_output=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, text=True,
                          check=False)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def said(stage):
    stage.log.flush()
    with open(stage.log.name, encoding="utf-8", errors="replace") as f:
        return f.read()


def everything(folder):
    """Every file below, with its bytes."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path) and name != "log":  # no sockets, nor our own notes
                with open(path, "rb") as f:
                    found[path] = f.read()
    return found


CANARY = "hunter2-in-plain"
place = tempfile.mkdtemp(prefix="mm-config-")
path = os.path.join(place, "mimamori.conf")
write(path, "# the desk\nportal.desk_tel = 000-0000-0100\nmail.pause = 9\n")

# ---- check and show ----
out = config("show", "--config", path, "--json", env={"MIMAMORI_MAIL_PAUSE": "7"})
keys = {k["key"]: k for k in json.loads(out.stdout)["keys"]}
check("a value of the file names its line",
      (keys["portal.desk_tel"]["value"], keys["portal.desk_tel"]["from"],
       keys["portal.desk_tel"]["line"]) == ("000-0000-0100", "file", 2), keys["portal.desk_tel"])
check("the environment goes before the file",
      (keys["mail.pause"]["value"], keys["mail.pause"]["from"]) == ("7", "environment"),
      keys["mail.pause"])
check("everything else is the default, with its meaning",
      keys["mail.url"]["from"] == "default" and all(k["meaning"] for k in keys.values()))
again = os.path.join(place, "again.conf")
out = config("show", path)
write(again, out.stdout)
check("what is shown says where it comes from", f"from: {path}:2" in out.stdout, out.stdout[:400])
shown = json.loads(config("show", again, "--json").stdout)["keys"]
check("what is shown reads back", {k["key"]: k["value"] for k in shown} == {
    k["key"]: k["value"] for k in json.loads(config("show", path, "--json").stdout)["keys"]})
check("a good file is good", config("check", path).stdout == "ok\n")
write(again, "mail.user = me\nmail.password = credential:password\n")
out = config("check", "--config", again, env={"CREDENTIALS_DIRECTORY": "/nonexistent"})
check("a file that is not there is told",
      out.returncode == 1 and "mail.password" in out.stderr, out.stderr)
write(again, "portal.listn = x\n")
out = config("check", again)
check("file, line and the key that was meant are told",
      out.returncode == 1 and "again.conf:1: " in out.stderr and "portal.listen" in out.stderr,
      out.stderr)

# ---- secrets ----
def seal(state, secret):
    return subprocess.run([os.path.join(BUILD, "mimamori-config"), "seal", "--state", state],
                          input=secret + "\n", capture_output=True, text=True, check=False)


mine, others = os.path.join(place, "mine"), os.path.join(place, "others")
sealed = seal(mine, CANARY).stdout.strip()
check("a secret is sealed, before the first start as well",
      sealed.startswith("sealed:1:") and CANARY not in sealed, sealed)
check("never twice the same text", seal(mine, CANARY).stdout.strip() not in ("", sealed))
out = seal(mine, "")
check("nothing is no secret", out.returncode == 1 and out.stdout == "", out.stderr)
secret = os.path.join(place, "secret.conf")
write(secret, f"mail.url = smtps://mail.example.jp\nmail.user = me\nmail.password = {sealed}\n")
check("its own key opens it", config("check", secret, "--state", mine).stdout == "ok\n")
check("what is shown holds it sealed and reads back", f"mail.password = {sealed}\n" in
      config("show", secret).stdout)
seal(others, "x")
was = everything(others)
out = config("check", secret, "--state", others)
check("another key does not, and what to do is told",
      out.returncode == 1 and "mimamori config seal" in out.stderr, out.stderr)
out = subprocess.run([os.path.join(BUILD, "mimamori-serve"), "--state", others, "--config", secret],
                     capture_output=True, text=True, timeout=20, check=False)
check("then nothing starts, nothing is touched", out.returncode == 1 and
      "mail.password: was not sealed with the key" in out.stderr and everything(others) == was,
      out.stderr)
write(secret, f"mail.password = {CANARY}\n")
told = [config("check", secret), config("show", secret),
        config("check", env={"MIMAMORI_MAIL_PASSWORD": CANARY})]
check("a secret in plain is refused and never shown", all(
    o.returncode == 1 and CANARY not in o.stdout + o.stderr and "config seal" in o.stderr
    for o in told), told)

# ---- while it runs ----
with Stage("intake worker portal", config=path) as stage:
    def pids():
        return {p["name"]: p["pid"] for p in stage.programs() if p["ready"]}

    stage.wait(lambda: len(pids()) == 3, 20, "all ready")
    before = pids()
    write(path, "portal.desk_tel = 000-0000-0200\nmail.pause = nine\n")
    stage.serve.send_signal(signal.SIGHUP)
    stage.wait(lambda: "stays as it was" in said(stage), 10, "told")
    check("a fault is told with its line, and nothing changes",
          "mimamori.conf:2: mail.pause" in said(stage) and pids() == before, said(stage)[-600:])
    write(path, "portal.desk_tel = 000-0000-0200\nmail.pause = 9\n")
    stage.serve.send_signal(signal.SIGHUP)
    check("the program whose key has changed is started anew",
          stage.wait(lambda: pids().get("portal", 0) not in (0, before["portal"]), 20, "portal"))
    after = pids()
    check("and no other", {k: v for k, v in after.items() if k != "portal"} ==
          {k: v for k, v in before.items() if k != "portal"}, (before, after))
    check("that is no restart of something that died",
          all(p["restarts"] == 0 for p in stage.programs()), stage.programs())
    stage.serve.send_signal(signal.SIGHUP)
    stage.wait(lambda: "has not changed" in said(stage), 10, "told")
    check("without a change nobody is started anew, and all live", pids() == after)
    check("serve ends in order", stage.stop() < 10)

    # ---- another key ----
    with open(os.path.join(stage.state, "key"), "r+b") as f:
        first = f.read(1)
        f.seek(0)
        f.write(bytes([first[0] ^ 1]))
    was = everything(stage.state)
    for name in ["serve", "portal", "worker", "intake", "company"]:
        out = stage.run(name, *(["list"] if name == "company" else []), timeout=20)
        check(f"{name} refuses another key",
              out.returncode == 1 and "not the key that this state was sealed with" in out.stderr,
              (out.returncode, out.stderr))
    now = everything(stage.state)
    check("nothing was touched", now == was,
          [p for p in {**now, **was} if now.get(p) != was.get(p)])
shutil.rmtree(place)
done()
