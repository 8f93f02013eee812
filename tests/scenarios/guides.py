"""guides.py - the commands of the guide for Linux, as its page prints them, connect a real rsyslog.

Each step's commands are given to a shell as they stand. What they would change on this machine is
led into a directory of the test by programs of the same names in front of the PATH: tee, systemctl,
rsyslogd (Debian's own, with another configuration around the file that the guide makes), logger.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from senders import PAGE_BINDINGS, companies, page, register  # noqa: E402
from stage import Stage, check, done, skip  # noqa: E402

RSYSLOGD, LOGGER = "/usr/sbin/rsyslogd", shutil.which("logger")
if not os.access(RSYSLOGD, os.X_OK) or LOGGER is None:
    skip("rsyslog is not installed")

place = tempfile.mkdtemp(prefix="mm-guide-")
PID, SOCKET, CONF = (os.path.join(place, x) for x in ("pid", "log.sock", "rsyslog.conf"))
SHIMS = {
    "sudo": 'exec "$@"',
    "tee": f'exec /usr/bin/tee "{place}/root$1"',
    "rsyslogd": f'exec {RSYSLOGD} -f {CONF} "$@"',
    "systemctl": f'test "$*" = "restart rsyslog" || exit 9\n'
                 f'{RSYSLOGD} -n -f {CONF} -i {PID} </dev/null >{place}/said 2>&1 &\n'
                 f'for i in $(seq 100); do test -S {SOCKET} && exit 0; sleep 0.05; done; exit 8',
    "logger": f'exec {LOGGER} -u {SOCKET} "$@"',
}


def prepare():
    for name in ("bin", "spool", "root/etc/rsyslog.d"):
        os.makedirs(os.path.join(place, name))
    for name, body in SHIMS.items():
        path = os.path.join(place, "bin", name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + body + "\n")
        os.chmod(path, 0o755)
    with open(CONF, "w", encoding="utf-8") as f:
        f.write(f'global(workDirectory="{place}/spool")\n'
                'module(load="imuxsock" SysSock.Use="off")\n'
                f'input(type="imuxsock" Socket="{SOCKET}")\n'
                f'include(file="{place}/root/etc/rsyslog.d/*.conf")\n')


def shell(commands):
    return subprocess.run(["sh", "-ec", commands], capture_output=True, text=True, timeout=60,
                          check=False,
                          env={**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}"})


def ask(stage, token, path):
    request = urllib.request.Request(f"http://127.0.0.1:{stage.portal}/v1/companies/1/{path}",
                                     headers={"Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def end_rsyslog():
    try:
        with open(PID, encoding="ascii") as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.05)
    except (OSError, ValueError):
        pass


def follow_the_guide(stage, token):
    guide = ask(stage, token, "guides/linux")
    target = guide["target"]
    check("the guide has the address and the port of the configuration",
          (target["ready"], target["address"], target["port"]) == (True, "127.0.0.1", stage.tcp),
          target)
    for i, step in enumerate(guide["steps"]):
        out = shell(step["commands"])
        check(f"step {i + 1} does what it says", out.returncode == 0,
              step["commands"] + out.stdout + out.stderr)
    check("the line of the last step is stored", stage.wait(
        lambda: stage.events("SELECT count() FROM events WHERE company = 1 AND "
                             "original LIKE '%hello from%'")[0][0] == "1", 60, "it arrives"))
    shell("logger -p auth.info -t sshd "
          "'Failed password for root from 192.0.2.9 port 50022 ssh2'")
    check("once lines are read the device counts as connected", stage.wait(
        lambda: ask(stage, token, "guides/linux")["connected"], 60, "it is connected"))


def behind_a_relay(stage, token):
    """A company that has a relay is sent there; where that is, nobody but its machine knows."""
    made = register(stage, "relays", "--company", "c1", "--name", "office")
    target = ask(stage, token, "guides/yamaha-rtx")["target"]
    check("a company's relay takes what can be sent over UDP only",
          (target["ready"], target["by_relay"], target["port"], target["relay_name"]) ==
          (True, True, 514, "office"), target)
    check("and no address is made up", target["address"] is None, target)
    guide = ask(stage, token, "guides/linux")
    check("and so do the others", guide["target"]["by_relay"] and guide["target"]["port"] == 514,
          guide["target"])
    check("the operator is told how the device becomes a source",
          f"--bind relay --listener {made['id']}/" in guide["register"], guide["register"])


prepare()
with Stage("eventd engine intake portal", env={"MIMAMORI_INTAKE_ADDRESS": "127.0.0.1"}) as stage:
    companies(stage, 1)
    register(stage, "source", "--company", "c1", "--name", "linux", "--bind", "address",
             "--address", "127.0.0.1")
    made = stage.run("user", "add", "--company", "operator", "--login", "soc", "--name", "soc",
                     "--role", "desk", "--password-stdin", says="Blue-lamp 4 desks\n")
    check("a user is there", made.returncode == 0, made.stderr)
    token = register(stage, "token", "--company", "operator", "--name", "t", "--user", "soc",
                     "--rights", "write")["token"]
    stage.wait(lambda: page(stage, PAGE_BINDINGS) >= 2, 20, "intake knows the sender")
    try:
        follow_the_guide(stage, token)
        behind_a_relay(stage, token)
    finally:
        end_rsyslog()
        shutil.rmtree(place, ignore_errors=True)
done()
