# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: `gdb-vmcore ... -batch`. What is announced goes to stderr, what commands print to stdout; where all commands are the
kernel's own gdb is not given the dump, and nobody can tell by the answers."""
import json
import os
import pathlib
import shlex
import subprocess

import pytest

from conftest import GDB, LAUNCHER, TOP, gdb_argv

COMMANDS = ["kernel ps", "kernel log", "kernel sys", "kernel bt -a", "kernel bt", "kernel bt -A -u", "kernel rd linux_banner 4",
            "kernel rd (&init_task) 4", "kernel sym linux_banner", "kernel ps -j", "ps -A", "kernel bt -l"]


def run(*arguments, env=None):
    result = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=300, cwd=TOP, env={**os.environ, **(env or {})})
    assert result.returncode >= 0, result.stderr
    return result.returncode, *(text.decode(errors="backslashreplace") for text in (result.stdout, result.stderr))


def batch(dump, *commands, env=None, joined=False):
    *outside, inside = shlex.split(GDB)
    return run(*outside, LAUNCHER, f"--gdb={inside}", dump.vmlinux, dump.vmcore, "-nx", "-batch",
               *(word for command in commands for word in ([f"-ex={command}"] if joined else ["-ex", command])), env=env)


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_with_and_without_gdb(dump, command):
    alone = batch(dump, command)
    attached = batch(dump, command, "python pass")
    assert alone[0] == attached[0] == 0 and alone[1], (alone, attached)
    assert alone[1] == attached[1]


@pytest.mark.scenario("sysrq", "oops")
def test_stdout_is_what_commands_print(dump):
    for more in ([], ["python pass"]):
        status, out, err = batch(dump, "kernel ps 1 -j", *more)
        assert status == 0 and json.loads(out)["tasks"][0]["pid"] == 1
        assert f"{dump.vmcore}: " in err and "\n#0 " not in out


@pytest.mark.scenario("sysrq")
def test_gdb_is_spared(dump, tmp_path):
    """Where gdb is given vmlinux its index is written first: none is here."""
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    indexes = lambda: list(pathlib.Path(tmp_path).glob("gdb/*.gdb-index"))
    if shlex.split(GDB) == ["gdb"]:     # in-root has a cache of its own
        assert batch(dump, "kernel ps 1", "log", "kernel bt -a", env=cache)[0] == 0
        assert batch(dump, "kernel ps 1", "kernel sys", env=cache, joined=True)[0] == 0
        assert not indexes()
        assert batch(dump, "kernel ps 1", "info threads", env=cache)[0] == 0
        assert indexes()


@pytest.mark.scenario("sysrq")
def test_gdb_is_there_when_asked_for(dump):
    """Not by a kernel command: then from the start. By an expression of one: from there on."""
    status, out, err = batch(dump, "kernel ps 1", "print $task(1)->pid", "bt 1")
    assert status == 0 and "$1 = 1\n" in out and "\n#0  " in out, err
    status, out, err = batch(dump, "kernel ps 1", "kernel rd (&init_task.pid) 1", "kernel ps 1")
    assert status == 0 and out.count(" init\n") == 2, err
    status, out, err = batch(dump, "kernel rd (no_such_variable)")
    assert status == 1 and "no_such_variable" in err


@pytest.mark.scenario("sysrq")
def test_errors_and_status(dump):
    status, out, err = batch(dump, "kernel ps 4000000")
    assert status == 1 and not out and "4000000" in err
    assert batch(dump, "kernel nonsense")[0] == 1
    assert batch(dump, "kernel ps 1", "no_such_command")[0] == 1
    # A pipe has the name of a command that reads more lines, but is one.
    assert batch(dump, "pipe no_such_command | cat", "kernel ps 1")[0] == 1


@pytest.mark.scenario("sysrq")
def test_plain_gdb(dump):
    """`gdb VMLINUX VMCORE -batch`, in any order of the arguments."""
    load = f"python import sys; sys.path.insert(0, '{TOP}/build/.libs'); import vmcore"
    start = [*gdb_argv(), "-nx", "-batch"]
    for arguments in (["-iex", load, dump.vmlinux, dump.vmcore, "-ex", "kernel ps 1"],
                      ["-ex", "kernel ps 1", "-iex", load, dump.vmlinux, dump.vmcore],
                      ["--eval-command=kernel ps 1", "-iex", load, dump.vmcore],
                      ["-iex", load, "-ex", f"target vmcore {dump.vmcore}", "-ex", "kernel ps 1"]):
        status, out, err = run(*start, *arguments)
        assert status == 0 and out.endswith(" init\n") and out.count("\n") == 2, (arguments, err)
        assert "warning" not in err


@pytest.mark.scenario("sysrq")
def test_output_that_cannot_be_written(dump):
    """A full disk or a closed stdout is an error of the command, for each way to print."""
    *outside, inside = shlex.split(GDB)
    start = [*outside, str(LAUNCHER), f"--gdb={inside}", str(dump.vmlinux), str(dump.vmcore), "-nx", "-batch"]
    for options in (["-ex", "kernel log"], ["-ex", "kernel ps -j"], ["-ex", "python pass", "-ex", "kernel log"]):
        line = " ".join(shlex.quote(word) for word in start + options)
        for where in (">/dev/full", ">&-"):
            done = subprocess.run(["/bin/sh", "-c", f"{line} {where}"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, cwd=TOP)
            assert done.returncode == 1, (options, where, done)
            assert done.stderr.strip(), (options, where)


@pytest.mark.scenario("sysrq")
def test_path_with_anything_in_it(dump, tmp_path):
    """A newline, quotes and blanks in the dump's path."""
    strange = tmp_path / "a\nb 'c\" $d"
    strange.mkdir()
    os.symlink(dump.vmcore, strange / "vm\ncore")
    *outside, inside = shlex.split(GDB)
    for more in ([], ["-ex", "python pass"]):
        status, out, err = run(*outside, LAUNCHER, f"--gdb={inside}", dump.vmlinux, strange / "vm\ncore", "-nx", "-batch", "-ex", "kernel ps 1",
                               *more)
        assert status == 0 and out.endswith(" init\n"), err
