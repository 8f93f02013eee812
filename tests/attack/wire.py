"""wire.py - bytes to a server and what comes back, without a library that would mend either."""
import socket
import ssl


class Answer:
    """One answer as it stood on the wire; headers in order, names in small letters."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def get(self, name):
        found = [v for k, v in self.headers if k == name]
        return found[0] if len(found) == 1 else ", ".join(found) if found else None

    def all(self, name):
        return [v for k, v in self.headers if k == name]


def chunks(data):
    """A body in chunks: (body, rest), or None when it is not whole."""
    body = b""
    while True:
        size, end, data = data.partition(b"\r\n")
        if not end:
            return None
        n = int(size, 16)
        if len(data) < n + 2:
            return None
        body, data = body + data[:n], data[n + 2:]
        if n == 0:
            return body, data


def answers(data, heads=0):
    """The answers that stand in these bytes one behind the other; the first `heads` of them are to
    HEAD and have no body. What is left over and is no answer comes last, as bytes."""
    found = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not end or not first.startswith("HTTP/1."):
            return found + [data]
        headers = []
        for line in lines:
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        status = int(first.split()[1])
        given = Answer(status, headers, b"")
        if len(found) >= heads and status >= 200 and status not in (204, 304):
            if given.get("transfer-encoding") == "chunked":
                cut = chunks(rest)
                if cut is None:
                    return found + [data]
                given.body, rest = cut
            else:
                n = int(given.get("content-length") or 0)
                given.body, rest = rest[:n], rest[n:]
        found.append(given)
        data = rest
    return found


def connect(port, tls=False, address=None, timeout=10):
    """A connection to 127.0.0.1, from `address` where one is named."""
    s = socket.socket()
    s.settimeout(timeout)
    if address is not None:
        s.bind((address, 0))
    s.connect(("127.0.0.1", port))
    if not tls:
        return s
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(s)


def read_all(s):
    """Everything until the peer closes; closed by force is closed as well."""
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except OSError:
        pass
    return got


def talk(port, data, tls=False, address=None, heads=0, timeout=10):
    """Send bytes, say that nothing follows, and read answers until the server closes."""
    with connect(port, tls, address, timeout) as s:
        try:
            s.sendall(data)
            if not tls:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent
        return answers(read_all(s), heads)


def request(method, target, headers=(), body=None, host="portal.example"):
    """A request that asks for the end of the connection behind it."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{k}: {v}" for k, v in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def ask(port, method, target, headers=(), body=None, tls=False, address=None, host="x.example"):
    """One request, one answer; None when the server closed without one."""
    got = talk(port, request(method, target, headers, body, host), tls, address,
               heads=1 if method == "HEAD" else 0)
    return got[0] if got and isinstance(got[0], Answer) else None
