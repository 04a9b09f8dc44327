"""`kernel repeat`: a command until it fails, until Ctrl-C."""
import json
import os
import pty
import re
import shlex
import signal

import pytest

from conftest import GDB, LAUNCHER, TOP, wait_for

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]

COUNT = "python n = globals().get('n', 0) + 1; print('ROUND', n); 1 // (3 - n)"


def test_until_the_command_fails(dump):
    """What each round printed, as it would alone; the exit status says that it did not end by itself."""
    out = dump.gdb(f"kernel repeat {COUNT}", status=1)
    assert re.findall(r"^ROUND (\d)$", out, re.M) == ["1", "2"] and "repeat: " in out
    out = dump.gdb(f"kernel repeat -j -0 {COUNT}", status=1)
    rounds = json.loads(next(line for line in out.splitlines() if line.startswith("{")))["rounds"]
    assert rounds == [{"round": 1, "output": "ROUND 1\n"}, {"round": 2, "output": "ROUND 2\n"}]


def test_what_makes_no_sense(dump):
    out = dump.gdb("kernel repeat", "kernel repeat -x ps", "kernel repeat -1", "kernel repeat repeat ps", "kernel repeat -999999 ps",
                   "kernel repeat nonsense", status=1)
    for part in ("repeat: which command?", "no option -x", "not in itself", "-SECONDS is a number", "nonsense"):
        assert part in out, part


def test_ctrl_c_ends_it(dump):
    """On a terminal each round is seen at once; Ctrl-C ends it while it waits, and the next command is not hurt."""
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", str(dump.vmlinux), str(dump.vmcore), "-nx", "-q", "-ex", "set pagination off",
            "-ex", "set style enabled off", "-ex", "python print('re' + 'ady')"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.execvp(argv[0], argv)
    try:
        wait_for(fd, rb"ready", 300)
        os.write(fd, b"kernel repeat -0 sys\n")
        wait_for(fd, rb"(?s)RELEASE:.*RELEASE:.*RELEASE:", 60)
        os.write(fd, b"\x03")
        wait_for(fd, rb"\(gdb\) $", 60)
        os.write(fd, b"kernel repeat -1000 sys\n")
        wait_for(fd, rb"(?s)RELEASE:.*MACHINE:", 60)
        os.write(fd, b"\x03")
        wait_for(fd, rb"\(gdb\) $", 60)
        os.write(fd, b"print 6*7\n")
        assert b"Quit" not in wait_for(fd, rb"= 42\r", 30)
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
