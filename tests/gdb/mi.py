"""A GDB/MI client over pipes: writes commands, parses gdb's answers by the grammar of gdb's manual ("GDB/MI Output Syntax").

It is strict: a line that the grammar does not know is an error, so what gdb or the plugin prints past MI is found.
"""
import collections
import os
import select
import signal
import subprocess
import time

PATIENCE = 240      # seconds; only to end a test that hangs

Result = collections.namedtuple("Result", "klass results")
Record = collections.namedtuple("Record", "kind klass results")     # kind: one of * + =


class Text:
    """Reads values off one line."""

    ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "a": "\a", "v": "\v", "e": "\033"}

    def __init__(self, line):
        self.line, self.at = line, 0

    def peek(self):
        return self.line[self.at:self.at + 1]

    def take(self, expected):
        assert self.line.startswith(expected, self.at), f"{expected!r} expected at {self.at} of {self.line!r}"
        self.at += len(expected)

    def name(self):
        start = self.at
        while self.peek().isalnum() or self.peek() in ("-", "_"):
            if not self.peek():
                break
            self.at += 1
        assert self.at > start, f"a name expected at {start} of {self.line!r}"
        return self.line[start:self.at]

    def string(self):
        """A C string; its octal escapes are bytes of UTF-8."""
        self.take('"')
        data = bytearray()
        while self.peek() != '"':
            assert self.peek(), f"a string without end in {self.line!r}"
            if self.peek() != "\\":
                data += self.peek().encode()
                self.at += 1
            elif self.line[self.at + 1] in "01234567":
                data.append(int(self.line[self.at + 1:self.at + 4], 8))
                self.at += 4
            else:
                letter = self.line[self.at + 1]
                data += self.ESCAPES.get(letter, letter).encode()
                self.at += 2
        self.take('"')
        return data.decode(errors="backslashreplace")

    def value(self):
        if self.peek() == '"':
            return self.string()
        if self.peek() == "{":
            return self.tuple("{", "}")
        self.take("[")
        values = []
        while self.peek() != "]":
            if self.peek() in ('"', "{", "["):
                values.append(self.value())
            else:                               # [frame={...},frame={...}]: the names say nothing
                self.name()
                self.take("=")
                values.append(self.value())
            if self.peek() != "]":
                self.take(",")
        self.take("]")
        return values

    def tuple(self, begin, end):
        self.take(begin)
        results = {}
        while self.peek() != end:
            name = self.name()
            self.take("=")
            results[name] = self.value()
            if self.peek() != end:
                self.take(",")
        self.take(end)
        return results

    def record(self):
        klass = self.name()
        results = {}
        while self.peek() == ",":
            self.take(",")
            name = self.name()
            self.take("=")
            results[name] = self.value()
        assert self.at == len(self.line), f"more than a record: {self.line!r}"
        return klass, results


def end_process(process):
    """Lets a gdb or adapter go by the end of its input; one that stays is killed, with what it has started."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class MI:
    """One gdb. The lists collect what came aside of results, until somebody clears them."""

    def __init__(self, argv, **options):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True, **options)
        self.buffer, self.lines, self.number = b"", collections.deque(), 0
        self.console, self.log, self.records = [], [], []
        self.deadline()
        self.until(lambda kind, what: kind == "prompt")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        end_process(self.process)

    def deadline(self):
        self.end = time.monotonic() + PATIENCE

    def line(self):
        while not self.lines:
            left = self.end - time.monotonic()
            assert left > 0 and select.select([self.process.stdout], [], [], left)[0], \
                f"gdb is silent; it said last: {self.console[-5:]} {self.log[-5:]} {self.records[-5:]}"
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            assert data, f"gdb ended: {self.process.wait()}: {self.process.stderr.read().decode(errors='replace')}"
            *lines, self.buffer = (self.buffer + data).split(b"\n")
            self.lines.extend(lines)
        return self.lines.popleft().decode(errors="backslashreplace")

    def read(self):
        """One line as (kind, what)."""
        line = self.line()
        if line.rstrip() == "(gdb)":
            return "prompt", None
        text = Text(line)
        while text.peek().isdigit():
            text.at += 1
        number, kind = line[:text.at], text.peek()
        assert kind and kind in "^*+=~@&", f"not MI: {line!r}"
        text.at += 1
        if kind in "~@&":
            string = text.string()
            (self.log if kind == "&" else self.console).append(string)
            return kind, string
        klass, results = text.record()
        if kind == "^":
            return number, Result(klass, results)
        self.records.append(Record(kind, klass, results))
        return kind, self.records[-1]

    def until(self, wanted):
        """The first (kind, what) that is WANTED."""
        while True:
            kind, what = self.read()
            if wanted(kind, what):
                return what

    def command(self, text):
        """The result of an MI command."""
        self.number += 1
        self.deadline()
        self.process.stdin.write(f"{self.number}{text}\n".encode())
        self.process.stdin.flush()
        result = self.until(lambda kind, _: kind == str(self.number))
        if result.klass != "exit":
            self.until(lambda kind, _: kind == "prompt")
        return result

    def done(self, text):
        """What a command answers that must succeed."""
        result = self.command(text)
        assert result.klass in ("done", "connected"), (text, result)
        return result.results

    def error(self, text):
        """What a command says that must fail."""
        result = self.command(text)
        assert result.klass == "error", (text, result)
        return result.results["msg"]

    def console_of(self, command):
        """What a console command prints."""
        self.console.clear()
        self.done(f'-interpreter-exec console "{command}"')
        return "".join(self.console)

    def stopped(self):
        """The next *stopped."""
        self.deadline()
        return self.until(lambda kind, what: kind == "*" and what.klass == "stopped").results
