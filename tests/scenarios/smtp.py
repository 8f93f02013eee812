"""smtp.py - a mail server on loopback for scenarios, and what stands in its mails."""
import re
import socket
import threading
import time


class Server(threading.Thread):
    """SMTP enough for one client at a time; `tricks` hang-ups after DATA come first."""

    def __init__(self, port, tricks):
        super().__init__(daemon=True)
        self.tricks, self.mails, self.at = tricks, [], []
        self.listener = socket.create_server(("127.0.0.1", port))

    def ids(self):
        return [header(m, "Message-ID") for m in self.mails]

    def run(self):
        while True:
            client, _ = self.listener.accept()
            with client:
                try:
                    self.session(client.makefile("rwb"))
                except OSError:
                    pass

    def session(self, f):
        def say(text):
            f.write(text.encode() + b"\r\n")
            f.flush()

        say("220 stage")
        for line in f:
            verb = line[:4].upper()
            if verb == b"DATA":
                say("354 go on")
                text = b""
                for part in f:
                    if part == b".\r\n":
                        break
                    text += part
                self.mails.append(text.decode("ascii", "replace"))
                self.at.append(time.monotonic())
                if self.tricks > 0:
                    self.tricks -= 1
                    return
                say("250 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


def header(mail, name):
    found = re.search(rf"^{name}: (.*)\r$", mail, re.M)
    return found.group(1) if found else ""
