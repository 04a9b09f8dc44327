"""A client of the Debug Adapter Protocol over pipes, as an editor is one: requests, their responses, events."""
import json
import os
import re
import select
import subprocess
import time

from mi import end_process

PATIENCE = 240      # seconds; only to end a test that hangs


class Refused(Exception):
    """A response with success false: its message."""


class DAP:
    """One adapter. `events` collects events; stderr goes to the test's own."""

    def __init__(self, argv, **options):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, **options)
        self.buffer, self.number, self.responses, self.events = b"", 0, {}, []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        end_process(self.process)

    def more(self, end):
        left = end - time.monotonic()
        assert left > 0 and select.select([self.process.stdout], [], [], left)[0], f"the adapter is silent; {self.events[-5:]}"
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        assert data, f"the adapter ended: {self.events[-5:]}"
        self.buffer += data

    def message(self, end):
        """The next message; headers end with an empty line, Content-Length is among them."""
        while b"\r\n\r\n" not in self.buffer:
            self.more(end)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        size = int(re.fullmatch(rb"(?:.*\r\n)*Content-Length: (\d+)(?:\r\n.*)*", head)[1])
        while len(self.buffer) < size:
            self.more(end)
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return json.loads(body)

    def read(self, end):
        message = self.message(end)
        assert message["type"] in ("event", "response"), message
        if message["type"] == "event":
            self.events.append(message)
        else:
            self.responses[message["request_seq"]] = message

    def send(self, command, **arguments):
        """Sends a request without waiting; for response()."""
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()
        return self.number

    def response(self, number):
        end = time.monotonic() + PATIENCE
        while number not in self.responses:
            self.read(end)
        message = self.responses.pop(number)
        if not message["success"]:
            error = message.get("body", {}).get("error", {})
            raise Refused(message.get("message") or error.get("format") or str(message))
        return message.get("body", {})

    def request(self, command, **arguments):
        return self.response(self.send(command, **arguments))

    def event(self, name, wanted=lambda body: True):
        """The first event NAME that is WANTED, also of those that came already; it is used up then."""
        end = time.monotonic() + PATIENCE
        while True:
            for event in self.events:
                if event["event"] == name and wanted(event.get("body", {})):
                    self.events.remove(event)
                    return event.get("body", {})
            self.read(end)

    def start(self, request, **arguments):
        """The handshake: initialize, attach or launch, configurationDone, until the first stop. Returns (capabilities, stop)."""
        capabilities = self.request("initialize", clientID="vmcore-tests", adapterID="gdb", linesStartAt1=True,
                                    columnsStartAt1=True, pathFormat="path", supportsVariableType=True,
                                    supportsVariablePaging=True, supportsMemoryReferences=True)
        attach = self.send(request, **arguments)
        end = time.monotonic() + PATIENCE
        while not any(e["event"] == "initialized" for e in self.events):
            if attach in self.responses:        # it failed: some say so at once
                self.response(attach)
            self.read(end)
        self.request("configurationDone")
        self.response(attach)
        return capabilities, self.event("stopped")

    def output(self):
        """All text of output events so far."""
        return "".join(e["body"]["output"] for e in self.events if e["event"] == "output")

    # What a person clicks.

    def thread_of(self, pid):
        """The thread of a task, by the pid in its name."""
        return next(t["id"] for t in self.request("threads")["threads"] if re.search(rf"\bpid {pid}\b", t["name"]))

    def frame_of(self, thread, function):
        return next(f for f in self.request("stackTrace", threadId=thread)["stackFrames"] if f["name"] == function)

    def children(self, parent, **paging):
        """{name: variable} of what has a variablesReference."""
        variables = self.request("variables", variablesReference=parent["variablesReference"], **paging)["variables"]
        return {v["name"]: v for v in variables}
