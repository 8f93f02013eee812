"""The contract of the store of events, over TCP from another network namespace.

Usage: eventd_tcp.py EVENTD CONTRACT_TEST. Exit 77: not possible here (no root, no namespaces).
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time

NAME = f"mm{os.getpid()}"
SERVER, CLIENT, PORT = "192.0.2.1", "192.0.2.2", "8123"


def run(*args):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(args, **quiet).returncode == 0


def link_up():
    """Two namespaces with a pair of interfaces between them."""
    return (run("ip", "netns", "add", NAME + "s") and run("ip", "netns", "add", NAME + "c")
            and run("ip", "link", "add", NAME + "a", "netns", NAME + "s", "type", "veth",
                    "peer", "name", NAME + "b", "netns", NAME + "c")
            and run("ip", "-n", NAME + "s", "addr", "add", SERVER + "/24", "dev", NAME + "a")
            and run("ip", "-n", NAME + "c", "addr", "add", CLIENT + "/24", "dev", NAME + "b")
            and run("ip", "-n", NAME + "s", "link", "set", NAME + "a", "up")
            and run("ip", "-n", NAME + "c", "link", "set", NAME + "b", "up"))


def link_down():
    run("ip", "netns", "del", NAME + "s")
    run("ip", "netns", "del", NAME + "c")


def wait_for(path, process):
    for _ in range(200):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as log:
                if "ready:" in log.read():
                    return True
        if process.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def contract(eventd, test, directory):
    key = secrets.token_hex(16)
    key_file, log_path = os.path.join(directory, "key"), os.path.join(directory, "log")
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(key + "\n")
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", NAME + "s", eventd, "--state", directory + "/state",
             "--listen", f"{SERVER}:{PORT}", "--key-file", key_file], stderr=log)
    try:
        if not wait_for(log_path, process):
            print("eventd did not come up")
            return 1
        inside = ["ip", "netns", "exec", NAME + "c", test]
        env = dict(os.environ, MIMAMORI_EVENTS_ADDRESS=f"tcp:{SERVER}:{PORT}")
        good = subprocess.run(inside, env=dict(env, MIMAMORI_EVENTS_KEY=key)).returncode == 0
        # Without the key nothing is answered, not even a ping.
        env["MIMAMORI_EVENTS_KEY"] = "x" * 32
        wrong = subprocess.run(inside + ["events_bind"], env=env,
                               stdout=subprocess.DEVNULL).returncode == 0
        print("the contract is kept" if good else "the contract is broken")
        print("a wrong key is let in" if wrong else "a wrong key is refused")
        return 0 if good and not wrong else 1
    finally:
        process.terminate()
        process.wait(20)


def main(eventd, test):
    if os.geteuid() != 0 or not os.path.exists(eventd):
        return 77
    try:
        if not link_up():
            return 77
        with tempfile.TemporaryDirectory(prefix="mm-tcp-") as directory:
            return contract(eventd, test, directory)
    finally:
        link_down()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
