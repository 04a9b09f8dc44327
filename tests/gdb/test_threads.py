"""Tasks as threads: which ones there are (`set vmcore threads`), and that very many of them are no trouble."""
import functools
import os
import pathlib
import pty
import re
import shlex
import signal

import pytest

from conftest import GDB, LAUNCHER, TOP, Dump, SETS, auto_load, gdb_argv
from mi import MI
from test_session import wait_for
from test_tasks import recorded

LIST = "python print('LIST', *sorted(t.ptid[1] for t in gdb.selected_inferior().threads()))"
TASK = 10000000     # the thread of a task is this and its pid


@functools.lru_cache(maxsize=None)
def crowd():
    """A dump of very many tasks, if one was made: scripts/make-dump --scenario many --tasks 30000."""
    sets = [s for s in SETS if s.scenario == "many"]
    found = sorted(pathlib.Path(os.environ["GDB_VMCORE_CACHE"]).glob("dumps/6.1.*-many-*-tasks*/info.txt"))
    return sets[0] if sets else Dump("6.1", "many", found[-1].parent) if found else None


@pytest.fixture(scope="module")
def many():
    return crowd() or pytest.skip("there is no dump of the scenario `many'")


def lists(text):
    return [{int(i) for i in line.split()} for line in re.findall(r"^LIST (.*)$", text, re.M)]


def in_state(dump, states):
    """Pids that the guest saw in one of these states, of the workload's roles, which stay as they are."""
    return {int(v) for k, v in dump.info.items() if k.startswith("pid.")
            and (task := dump.oracle.tasks.get(int(v))) and task.state in states}


def test_numbers_of_threads(dump):
    cpus = {1 + n for n in range(int(dump.info["smp"]))}
    text = dump.gdb(LIST, "set vmcore threads cpus", LIST, "set vmcore threads 5", LIST, "set vmcore threads all", LIST,
                    "set vmcore threads auto", LIST, "show vmcore threads")
    first, none, five, everything, auto = lists(text)
    assert none == cpus and cpus < five < everything and len(five) == len(cpus) + 5
    assert first == everything == auto      # these guests have a hundred and some tasks
    assert {TASK + pid for pid in in_state(dump, "DTtZ")} <= everything
    assert 'vmcore threads is "auto"' in text


def test_those_that_wait_come_first(dump):
    waiting = {TASK + pid for pid in in_state(dump, "D")}
    if not waiting:
        pytest.skip("nobody was in state D")
    text = dump.gdb("kernel ps -S", f"set vmcore threads {len(waiting) + 5}", LIST)
    assert waiting <= lists(text)[0]


def test_a_selected_thread_that_goes(dump):
    pid = min(in_state(dump, "DTt"))
    text = dump.gdb(f"thread find pid {pid}[, ]", "thread 100", "set vmcore threads cpus", "thread", "bt 1", "info threads",
                    "set vmcore threads all", "thread find swapper", f"thread apply all -s -q bt 1")
    assert "Switching to thread 1 " in text and "Current thread is 1 " in text
    assert "terminated" not in text and "Error" not in text and "rror:" not in text


def test_a_selected_thread_that_stays(dump):
    text = dump.gdb("thread 2", "set vmcore threads cpus", "thread", "set vmcore threads all", "thread")
    assert text.count("Current thread is 2 ") == 2


@pytest.mark.parametrize("value", ["", "none", "-1", "5x", "all cpus"])
def test_nonsense_is_refused(dump, value):
    text = dump.gdb("set vmcore threads 7", f"set vmcore threads {value}", "show vmcore threads", LIST)
    assert "is not auto, cpus, all or a number" in text and 'vmcore threads is "7"' in text
    assert len(lists(text)[0]) == int(dump.info["smp"]) + 7


def test_before_a_dump_is_opened(dump):
    text = dump.gdb("detach", "set vmcore threads cpus", f"target vmcore {dump.vmcore}", LIST)
    assert lists(text)[0] == {1 + n for n in range(int(dump.info["smp"]))}
    assert re.search(r"^\d+ tasks are not among gdb's threads: `set vmcore threads all'", text, re.M)


def test_very_many(many):
    """By default some thousands; all when asked; any task by its pid at any setting."""
    pids = set(recorded(many))
    last = max(pids)
    text = many.gdb(LIST, f"print $task({last})->pid", f"kernel bt {last}", "set vmcore threads all", LIST,
                    f"thread find pid {last}[, ]", "thread apply 29000 -q bt 1", "kernel bt -A -j")
    some, everything = lists(text)
    assert 4096 <= len(some) < 4200 and len(everything) >= len(pids) > 4096
    assert f"$1 = {last}" in text and f"PID: {last} " in text
    # Some may run on a CPU.
    assert len({TASK + pid for pid in pids} - everything) <= int(many.info["smp"])
    assert re.search(rf"^Thread \d+ has (target id|extra info) .*\bpid {last}\b", text, re.M)


def test_fewer_for_a_front_end(many):
    """One that speaks MI asks for all of them after each command."""
    with MI(gdb_argv(*auto_load(), "-q", "-i=mi3", many.vmlinux), cwd=TOP) as mi:
        mi.done(f"-target-select core {many.vmcore}")
        assert 500 <= int(mi.done("-thread-list-ids")["number-of-threads"]) < 520


def on_terminal(dump, *steps):
    """Types each line and waits for the pattern behind it."""
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", str(dump.vmlinux), str(dump.vmcore), "-nx", "-q",
            "-ex", "set vmcore threads all", "-ex", "python print('re' + 'ady')"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.environ["TERM"] = "xterm"
        os.execvp(argv[0], argv)
    try:
        seen = [wait_for(fd, rb"ready", 300)]
        for line, pattern in steps:
            os.write(fd, line)
            seen.append(wait_for(fd, pattern, 120))
        return seen
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_page_at_a_time_and_ctrl_c(many):
    prompt = rb"\(gdb\) \S*$"
    seen = on_terminal(many, (b"info threads\n", rb"--Type <RET>"), (b"q\n", prompt), (b"set pagination off\n", prompt),
                       (b"thread apply all -q bt 1\n", rb"(?s)\n#0 .*\n#0 .*\n"), (b"\x03", rb"(?s)Quit.*" + prompt),
                       (b"print 6*7\n", rb"= 42\r"))
    assert b"swapper/1" in seen[1]
