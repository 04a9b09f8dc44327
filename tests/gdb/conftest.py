"""What the gdb-driven tests share: the dump sets, the guest's own record of itself, and a gdb to ask.

build/sets (tests/gdb/make-sets) names the sets. A test that takes `dump` runs on each of them; the guest's record is
dump.oracle. The environment variable VMCORE_GDB names another gdb, in the root of another release if need be:

    VMCORE_TEST_ONLY="6.1-oops 7.2-sysrq"       # of the sets only these
    VMCORE_GDB="tests/rig/in-root $(tests/rig/gdb-root 18.1) gdb" python3 -m pytest tests/gdb
"""
import codecs
import functools
import gzip
import json
import os
import pathlib
import re
import select
import shlex
import subprocess
import struct
import time

import pytest

import images

TOP = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = TOP / "scripts" / "gdb-vmcore"
BUILD = pathlib.Path(os.environ.get("GDB_VMCORE_BUILD") or TOP / "build").resolve()
GDB = os.environ.get("VMCORE_GDB", "gdb")
os.environ["GDB_VMCORE_PLUGIN_DIR"] = str(BUILD / ".libs")     # for scripts/vmcore.gdb
# Tests give gdb a cache of its own (XDG_CACHE_HOME); the rig's, from which in-root mounts the dumps, stays where it is.
os.environ.setdefault("GDB_VMCORE_CACHE", os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "gdb-vmcore"))


def as_json(name):
    """Bytes as the commands' JSON has them: each that is not UTF-8 as the character U+EF00 + byte."""
    return name.decode("utf-8", "vmcore-bytes")


def bytes_of(name):
    """The way back, as README.md has it."""
    return b"".join(bytes([ord(c) & 255]) if "\uef80" <= c <= "\uefff" else c.encode() for c in name)


codecs.register_error("vmcore-bytes", lambda e: ("".join(chr(0xef00 + byte) for byte in e.object[e.start:e.end]), e.end))


class Task:
    """One task of oracle/tasks: its files of /proc as bytes."""

    def __init__(self, tgid, tid):
        self.tgid, self.tid, self.files = tgid, tid, {}

    @functools.cached_property
    def stat(self):
        """/proc/PID/stat from the state on; the comm before it may hold blanks and parentheses."""
        return self.files["stat"].decode(errors="replace").rpartition(")")[2].split()

    @property
    def state(self):
        return self.stat[0]

    @property
    def ppid(self):
        return int(self.stat[1])

    @property
    def comm(self):
        """task->comm: 15 bytes; /proc/PID/comm may show more of a kernel thread's name (d6986ce24fc0)."""
        return self.files["comm"].removesuffix(b"\n")[:15]

    @property
    def stack(self):
        """Functions of /proc/PID/stack, innermost first."""
        text = self.files.get("stack", b"").decode()
        return [m.group(1) for m in re.finditer(r"\] (?:\? )?([^\s+]+)\+", text)]


class Oracle:
    def __init__(self, directory):
        self.directory = directory

    def read(self, name):
        path = self.directory / name
        return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(path.name + ".gz").read_bytes())

    def text(self, name):
        return self.read(name).decode(errors="replace")

    @functools.cached_property
    def tasks(self):
        """{tid: Task}, parsed by length, since comm and cmdline may hold any byte."""
        data, at, tasks = self.read("tasks"), 0, {}
        while at < len(data):
            end = data.index(b"\n", at)
            mark, tgid, tid, name, length = data[at:end].rsplit(b" ", 4)
            assert mark == b"@"
            start = end + 1
            task = tasks.setdefault(int(tid), Task(int(tgid), int(tid)))
            task.files[name.decode()] = data[start:start + int(length)]
            at = start + int(length) + 1
        return tasks


class Dump:
    def __init__(self, kernel, scenario, directory):
        self.kernel, self.scenario = kernel, scenario
        self.directory = pathlib.Path(directory)
        self.oracle = Oracle(self.directory / "oracle")
        self.vmlinux = self.directory / "vmlinux"
        names = ("vmcore", "vmcore.qemu-zlib", "vmcore.qemu-elf")
        self.vmcore = next(self.directory / n for n in names if (self.directory / n).exists())
        self.info = {}
        for line in (self.directory / "info.txt").read_text().splitlines():
            key, _, value = line.partition("=")
            self.info[key] = value

    def __repr__(self):
        return f"{self.kernel}-{self.scenario}"

    @property
    def machine(self):
        """As tests/gdb/make-sets names it before the kernel's version: arm64-6.1, arm64-6.12-arm64-16k."""
        return self.kernel.partition("-")[0] if "-" in self.kernel else "amd64"

    @property
    def of(self):
        """What the mark `once` has one of: a kernel, and whether QEMU wrote the dump."""
        return self.kernel, self.scenario.startswith("qemu")

    @property
    def roles(self):
        """The pids of the workload's processes, which do to the end what they did in the record. (Not init: it crashes the machine.)"""
        return {int(v) for k, v in self.info.items() if k.startswith("pid.") and k != "pid.init"}

    def cpu_note(self, cpu):
        """The registers of the CPU's note in the ELF dump: what the machine itself said."""
        elf = next(self.directory / n for n in ("vmcore.elf", "vmcore.qemu-elf") if (self.directory / n).exists())
        prstatus = [data for name, kind, data in images.notes(elf) if name == "CORE" and kind == 1][cpu]
        names = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss".split()
        return dict(zip(names, struct.unpack_from("<21Q", prstatus, 112)))

    @functools.cached_property
    def _switches(self):
        code = "import vmcore\nfor t in vmcore.tasks(): print(t.pid, int(t.value['nvcsw']), int(t.value['nivcsw']), int(t.value['on_cpu']))"
        return {int(pid): tuple(map(int, rest)) for pid, *rest in map(str.split, self.python(code).splitlines())}

    def has_slept_since(self, task):
        """Whether the task of the record slept all the time up to the crash: no switch was counted, and it is on no CPU.

        Only of such a task the record says what its stack in the dump is; others were free to go on.
        """
        recorded = tuple(int(re.search(rb"^%s:\s*(\d+)" % name, task.files["status"], re.M)[1])
                         for name in (b"voluntary_ctxt_switches", b"nonvoluntary_ctxt_switches"))
        return task.state in "SDTtI" and self._switches.get(task.tid) == (*recorded, 0)

    def pid(self, role):
        return int(self.info[f"pid.{role}"])

    def in_format(self, name):
        """The paths of the set's memory in this format (tests/rig/formats)."""
        made = subprocess.run([TOP / "tests" / "rig" / "formats", self.directory, name], check=True, capture_output=True, text=True)
        return made.stdout.split()

    @functools.lru_cache(maxsize=None)
    def _gdb(self, commands, vmcore, status):
        return run_gdb(self.vmlinux, vmcore, commands, status)

    def gdb(self, *commands, vmcore=None, status=None):
        """What gdb prints for the commands, after the dump is attached. Asked twice, run once."""
        return self._gdb(commands, vmcore or self.vmcore, status)

    def json(self, command, attached=False):
        """The result of a kernel command as data. Nothing else is asked, so gdb itself need not open the dump (test_batch.py holds
        both ways against each other): that is most of the time it takes. ATTACHED: it shall, `mod' then says what gdb has loaded."""
        output = self.gdb(*(["python 0"] if attached else []), command + " -j")
        return json.loads(next(line for line in output.splitlines() if line.startswith("{")))

    def python(self, code):
        """What CODE prints."""
        path = TOP / "build" / "gdb-tests"
        path.mkdir(parents=True, exist_ok=True)
        script = path / f"{abs(hash(code))}.py"
        script.write_text(code)
        return self.gdb("python print('=begin=')", f"source {script}").split("=begin=\n", 1)[1]


# What gdb calls the pc and the stack pointer of a machine in its target description.
REGISTERS = {"amd64": ("rip", "rsp"), "arm64": ("pc", "sp"), "i386": ("eip", "esp"), "s390x": ("pswa", "r15")}


def pc_name(dump):
    return REGISTERS[dump.machine][0]


def sp_name(dump):
    return REGISTERS[dump.machine][1]


def editor_settings(dump, member, value):
    """What README.md tells a person to give an editor for DUMP: its object in which MEMBER is VALUE."""
    text = (TOP / "README.md").read_text().replace("/path/vmlinux", str(dump.vmlinux)).replace("/path/vmcore", str(dump.vmcore))
    for match in re.finditer(r"\{ \"", text):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, match.start())
        except ValueError:
            continue
        if found.get(member) == value:
            return found
    raise AssertionError(f"README.md has no settings with {member}: {value}")


def gdb_argv(*arguments):
    """The command line that runs gdb itself, wherever it lives."""
    return [*shlex.split(GDB), *map(str, arguments)]


def auto_load():
    """The options that do what gdbinit.d does for an installed plugin."""
    return ["-nx", "-iex", "set index-cache enabled on", "-ix", str(BUILD / "scripts" / "vmcore.gdb")]


def run_gdb(vmlinux, vmcore, commands, status=None, timeout=300, env=None):
    """Runs gdb in batch mode. VMLINUX None: without. STATUS: the exit status there must be (None = any)."""
    *outside, inside = shlex.split(GDB)     # "in-root ROOT gdb": the launcher runs inside, too
    arguments = outside + [str(LAUNCHER), f"--gdb={inside}", *([str(vmlinux)] if vmlinux else []), str(vmcore)]
    arguments += ["-nx", "-batch"]
    for command in commands:
        arguments += ["-ex", command]
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=timeout, cwd=TOP, env={**os.environ, **(env or {})})
    output = result.stdout.decode(errors="backslashreplace")
    assert result.returncode >= 0, f"gdb died of signal {-result.returncode}:\n{output}"
    if status is not None:
        assert result.returncode == status, output
    return output


def wait_for(fd, pattern, seconds):
    """What the terminal shows until PATTERN, or (None) until its end."""
    seen, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:     # EIO: the other side is gone
                data = b""
            seen = (seen + data)[-1000000:]
            if not data:
                assert pattern is None, seen[-2000:]
                return seen
            if pattern and re.search(pattern, seen[-70000:]):
                return seen
    raise AssertionError(f"not seen in {seconds} s: {pattern}: {seen[-2000:]}")


class OneSession:
    """MAKE(dump) for the dump that was asked for last; what it made for the one before is ended, since each is a gdb.

    A test file has one, called `session`.
    """

    def __init__(self, make):
        self.make, self.dump, self.made = make, None, None

    def __call__(self, dump):
        if self.dump is not dump:
            self.end()
            self.made, self.dump = self.make(dump), dump
        return self.made

    def end(self):
        client = self.made[0] if isinstance(self.made, tuple) else self.made
        self.made = self.dump = None
        if client:
            client.__exit__(None, None, None)


@pytest.fixture(scope="module", autouse=True)
def end_session(request):
    yield
    session = getattr(request.module, "session", None)
    if isinstance(session, OneSession):
        session.end()


def all_sets():
    try:
        lines = (TOP / "build" / "sets").read_text().splitlines()
    except FileNotFoundError:
        return []
    sets = [Dump(*line.split(" ", 2)) for line in lines]
    only = os.environ.get("VMCORE_TEST_ONLY", "").split()
    return [s for s in sets if not only or repr(s) in only]


SETS = all_sets()

# Scenarios made for one question. The tests that name them run on them; all others do where VMCORE_TEST_ONLY asks for it, else
# every such set would cost a tenth of CI's time.
OF_ONE_QUESTION = {"init", "traced", "seccomp", "bad-pointer", "livepatch", "qemu-hotplug", "mixed"}


# By hand: also those tests on other machines' sets that nobody has held to them yet.
ON_ALL = bool(os.environ.get("VMCORE_TEST_ON_ALL"))


def pytest_generate_tests(metafunc):
    if "dump" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("scenario")
        asked = os.environ.get("VMCORE_TEST_ONLY", "").split()
        machine = metafunc.definition.get_closest_marker("machine")
        every = metafunc.definition.get_closest_marker("every_machine")
        sets = [s for s in SETS if every or s.machine in (machine.args if machine else ("amd64",)) or (ON_ALL and not machine)]
        sets = [s for s in sets if (s.scenario in marker.args if marker else s.scenario not in OF_ONE_QUESTION or repr(s) in asked)]
        if metafunc.definition.get_closest_marker("once"):
            sets = [s for i, s in enumerate(sets) if s.of not in [earlier.of for earlier in sets[:i]]]
        # Of a module's tests those of one dump come together: they share a session.
        metafunc.parametrize("dump", sets, ids=repr, scope="module")


def pytest_configure(config):
    config.addinivalue_line("markers", "scenario(name...): only for dumps of these scenarios")
    config.addinivalue_line("markers", "once: for one dump of each kernel, and one that QEMU wrote; how it crashed has no say in the answer")
    config.addinivalue_line("markers", "machine(name...): for dumps of these machines, not of amd64")
    config.addinivalue_line("markers", "every_machine: for dumps of amd64 and of all others")
