"""follow.py - `mimamori ingest --follow` dies again and again while a log is written, renamed,
packed, copied and cut; each line is stored once.

MIMAMORI_KILLS: how often it dies (default 12). The seed of the moments is printed.
"""
import gzip
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import each_once, failed_login, register  # noqa: E402
from stage import BUILD, Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "12"))
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
dice = random.Random(SEED)
sent = []


def follower(stage, logs):
    return subprocess.Popen([os.path.join(BUILD, "mimamori-ingest"), "--follow", "--company", "c1",
                             "--source", "box", "--state", stage.state,
                             os.path.join(logs, "app.log*")],
                            env=stage.env, stdout=stage.log, stderr=stage.log)


def write(path, n):
    """Lines in pieces that do not end where lines end."""
    lines = [failed_login("srv", f"follow-{len(sent) + i}", len(sent) + i) for i in range(n)]
    sent.extend(lines)
    text = "".join(line + "\n" for line in lines).encode()
    with open(path, "ab", buffering=0) as f:
        while text:
            k = dice.randrange(1, 4000)
            f.write(text[:k])
            text = text[k:]
            if dice.random() < 0.2:
                time.sleep(0.01)


def rotate_by_name(logs, number):
    """As logrotate does: names move on, the oldest is packed."""
    path = os.path.join(logs, "app.log")
    if os.path.exists(path + ".1"):
        with open(path + ".1", "rb") as f, gzip.open(f"{path}.{number}.gz.tmp", "wb") as z:
            z.write(f.read())
        os.rename(f"{path}.{number}.gz.tmp", f"{path}.{number}.gz")
        os.unlink(path + ".1")
    os.rename(path, path + ".1")


def rotate_by_copy(logs, number):
    """As copytruncate does, when nobody writes meanwhile."""
    path = os.path.join(logs, "app.log")
    shutil.copyfile(path, f"{path}.copy{number}")
    os.truncate(path, 0)


with Stage("eventd engine") as stage:
    stage.wait(lambda: stage.run("company", "list").returncode == 0, 20, "records")
    register(stage, "company", "--code", "c1", "--name", "Company 1")
    register(stage, "source", "--company", "c1", "--name", "box", "--bind", "token")
    logs = os.path.join(stage.state, "logs")
    os.mkdir(logs)
    path = os.path.join(logs, "app.log")
    write(path, 300)
    program, deaths = follower(stage, logs), 0
    for n in range(KILLS):
        write(path, dice.randrange(50, 400))
        time.sleep(dice.uniform(0, 1.2))
        if n % 3 == 1:
            rotate_by_name(logs, n)
        elif n % 3 == 2:
            rotate_by_copy(logs, n)
        time.sleep(dice.uniform(0, 0.3))
        deaths += program.poll() is None
        program.kill()
        program.wait()
        program = follower(stage, logs)
    write(path, 100)
    check("it ran until it was killed, each time", deaths == KILLS, (deaths, KILLS))
    stage.wait(lambda: int(stage.events("SELECT count() FROM events")[0][0]) >= len(sent), 60,
               "all lines stored")
    check("every line is stored once", *each_once(stage, sent, "follow-"))
    with open(path, "a", encoding="utf-8") as f:
        f.write("half a line")
    time.sleep(1)
    began = time.monotonic()
    program.terminate()
    check("it ends in order when told to", program.wait(10) == 0 and time.monotonic() - began < 5)
    with open(path, "a", encoding="utf-8") as f:
        f.write(", follow- the other half\n")
    sent.append("half a line, follow- the other half")
    program = follower(stage, logs)
    stage.wait(lambda: int(stage.events("SELECT count() FROM events")[0][0]) >= len(sent), 20,
               "the last line stored")
    time.sleep(8)  # packed files are looked at once more
    check("half a line waits for its other half", *each_once(stage, sent, "follow-"))
    program.terminate()
    program.wait()
done()
