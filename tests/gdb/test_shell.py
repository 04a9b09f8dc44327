"""What stands behind a kernel command: | and > as in crash."""
import json
import os
import pty
import shlex
import signal

import pytest

from conftest import GDB, LAUNCHER, SETS, TOP, run_gdb, wait_for
from test_mi import start


@pytest.fixture(scope="module")
def one():
    found = [s for s in SETS if s.scenario == "sysrq"]
    if not found:
        pytest.skip("no sysrq set was made")
    return found[0]


def lines(one, *commands, status=None):
    """What each command printed."""
    marked = [part for command in commands for part in ("echo =next=\\n", command)]
    return [part.strip("\n") for part in one.gdb(*marked, status=status).split("=next=\n")[1:]]


def test_pipes(one):
    states, count, status, as_json, words = lines(
        one, "kernel ps -S -j", "kernel ps | grep -c ' UN '", "print $_shell_exitcode",
        "kernel ps -j | python3 -c 'import json,sys; print(len(json.load(sys.stdin)[\"tasks\"]))'",
        "kernel sym schedule | tr a-z A-Z | wc -l", status=0)
    by_state = {row["state"]: row["count"] for row in json.loads(states)["states"]}
    assert int(count) == by_state["UN"] > 0 and status == "$1 = 0"
    assert int(as_json) == sum(by_state.values())
    assert words == "1"


def test_files(one, tmp_path):
    """The same bytes as without; > begins anew, >> goes on; the shell's quotes and variables."""
    os.mkdir(tmp_path / "a directory")
    path = tmp_path / "a directory" / "log"
    log, *rest = lines(one, "kernel log", f"kernel log > '{path}'", f"kernel sym schedule>>\"{path}\"", "kernel sym schedule", status=0)
    assert path.read_text() == log + "\n" + rest[2] + "\n" and rest[:2] == ["", ""]
    one.gdb(f"kernel sym schedule > '{path}'")
    assert path.read_text().count("\n") == 1
    output = one.gdb("kernel log > /nonexistent/file", "print $_shell_exitcode")
    assert "/nonexistent/file" in output and "$1 = 0" not in output


def test_not_the_shells(one):
    """-> and what is in quotes or parentheses."""
    plain, piped = lines(one, "kernel rd '((&init_task)->comm)' 2", "kernel rd '((&init_task)->comm)' 2 | cat")
    assert plain == piped and "swapper" in plain
    assert "'nothing|rcu_gp'" not in one.gdb("kernel ps 'nothing|rcu_gp' | cat", status=0)


def test_a_reader_that_stops_is_no_error(one):
    """The command ends, and nothing is said of it."""
    output = run_gdb(one.vmlinux, one.vmcore, ["kernel rd _text 3000000 | head -1", "print 6*7"], 0)
    assert output.rstrip().endswith("$1 = 42") and "interrupted" not in output and "Quit" not in output


def test_errors(one):
    output = one.gdb("kernel ps | sh -c 'exit 3'", "print $_shell_exitcode", "kernel ps | kill -9 $$", "print $_shell_exitsignal",
                     "print $_shell_exitcode", "kernel ps | ", "kernel ps 4000000 | cat", "set vmcore shell off", "kernel ps | touch /tmp/x",
                     "show vmcore shell", status=1)
    assert "$1 = 3" in output and "$2 = 9" in output and "$3 = void" in output
    assert "a command or a file's name is missing behind the |" in output and "no task has the PID 4000000" in output
    assert "`set vmcore shell' is off" in output and 'vmcore shell is "off"' in output


def test_where_gdb_prints(one):
    """A front end, and a script that catches a command's text, get what the shell printed."""
    code = "print('caught', repr(gdb.execute('kernel ps 1 2 | tail -1', to_string=True)))"
    assert "caught '" in one.python(code) and "kthreadd" in one.python(code)
    with start() as mi:
        mi.done(f"-file-exec-and-symbols {one.vmlinux}")
        mi.done(f'-interpreter-exec console "target vmcore {one.vmcore}"')
        text = "".join(mi.console_of("kernel ps 1 2 | tail -1"))
        assert "kthreadd" in text and "\n" in text and "init" not in text


def test_a_pager_on_a_terminal(one):
    """It has the terminal, and its keys; the text is without colours."""
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", str(one.vmlinux), str(one.vmcore), "-nx", "-q", "-ex", "python print('re' + 'ady')"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.environ.update(TERM="xterm", LESS="")
        os.execvp(argv[0], argv)
    try:
        wait_for(fd, rb"ready", 300)
        os.write(fd, b"kernel log | more -3\n")
        wait_for(fd, rb"--More--", 60)
        os.write(fd, b"q")
        wait_for(fd, rb"\(gdb\) ", 60)
        os.write(fd, b"kernel sym schedule | cat -v\n")
        assert b"^[" not in wait_for(fd, rb"schedule[^|]*\(gdb\) ", 60)
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
