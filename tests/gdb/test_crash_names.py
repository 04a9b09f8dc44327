"""`gdb-vmcore --crash' and `set vmcore crash-names': what a user of crash types."""
import os
import pty
import re
import shlex
import signal
import subprocess

import pytest

from conftest import GDB, LAUNCHER, TOP, wait_for

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def launch(dump, *arguments, stdin=None):
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", "--crash", *map(str, arguments)]
    result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, cwd=TOP,
                            **({"input": stdin.encode()} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    assert result.returncode >= 0, result.stdout
    return result.stdout.decode(errors="backslashreplace"), result.returncode


def test_every_example_of_the_help_in_crashs_spelling(dump, tmp_path):
    """Each runs through: it may fail, an example's address is another machine's, but not because nobody knows the command or its options."""
    names = re.findall(r"^kernel (\S+?)(?:, kernel \S+)? -- ", dump.gdb("help kernel"), re.M)
    text = dump.gdb(*(f"help kernel {name}" for name in names))
    lines = [line for line in re.findall(r"^\(gdb\) kernel (.*)$", text, re.M)
             if not line.startswith(("repeat", "report")) and ">" not in line]
    assert len(lines) > 60 and {line.split()[0] for line in lines} > {"bt", "p", "dis", "list", "search", "set", "whatis", "eval", "struct"}
    file = tmp_path / "commands"
    file.write_text("# from the help\n" + "".join(f"!echo LINE {i}\n{line}\n" for i, line in enumerate(lines)) + "gdb echo END\\n\n")
    out, _ = launch(dump, "-s", dump.vmlinux, dump.vmcore, "-i", file, "-nx", "-batch")
    assert out.count("LINE ") == len(lines) and "END" in out
    for part in ("Undefined", "there is no command", "there is no option", "ambiguous", "A syntax error", "Traceback", "Python Exception"):
        assert part not in out, (part, out[max(0, out.find(part) - 500):out.find(part) + 200])


def test_what_the_words_mean(dump, tmp_path):
    file = tmp_path / "commands"
    file.write_text("p init_task.pid\ngdb print init_task.pid\npx init_task.pid\nset 1\nset\nset print pretty on\ngdb show print pretty\n"
                    "set scroll off\ngdb show pagination\n*list_head\nhelp bt\ngdb help bt\n! echo SHELL\nsys | grep RELEASE\nnonsense\n\n"
                    f"< {tmp_path / 'more'}\n")
    (tmp_path / "more").write_text("eval 6\n")
    out, status = launch(dump, "-i", file, dump.vmcore, "-s", "--mod", tmp_path, "-p", "4096", "-x", "--minimal", dump.vmlinux, "-nx", "-batch",
                         "-ex", "p init_task.prio", "-ex", "gdb show vmcore module-path")
    assert status == 1      # nonsense
    for part in ("init_task.pid = 0\n", "$1 = 0\n", "init_task.pid = 0x0\n", "Pretty formatting of structures is on.", "State of pagination is off.",
                 "struct list_head {", "Show kernel stacks:", "Print backtrace of all stack frames", "SHELL\n",
                 f"RELEASE: {dump.info['release']}\n", 'Undefined command: "nonsense"', "hexadecimal: 6\n", "init_task.prio = 120\n",
                 f'vmcore module-path is "{tmp_path}"'):
        assert part in out, (part, out)
    assert out.count('COMMAND: "init"') >= 2
    assert launch(dump, "-i", tmp_path / "none", dump.vmlinux, dump.vmcore)[1] == 2


def test_off_by_default(dump):
    out = dump.gdb("show vmcore crash-names", "p init_task.pid", "list *schedule", status=0)
    assert 'crash-names is "off"' in out and "$1 = 0" in out and "is in schedule" in out


def test_lines_of_a_pipe(dump):
    out, status = launch(dump, "-s", "-nx", dump.vmlinux, dump.vmcore, stdin="p init_task.pid\ngdb print 6*7\nnonsense\np init_task.prio\nq\n")
    assert "init_task.pid = 0" in out and "$1 = 42" in out and "nonsense" in out and "init_task.prio = 120" in out and status == 0


def test_the_prompt(dump):
    """On a terminal: crash's meaning, gdb's behind `gdb', errors and Ctrl-C end one line, and it can be left and taken again."""
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", "--crash", "-s", str(dump.vmlinux), str(dump.vmcore), "-nx"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.environ["TERM"] = "dumb"
        os.execvp(argv[0], argv)
    try:
        wait_for(fd, rb"crash> $", 300)
        for line, answer in ((b"p init_task.prio", rb"init_task.prio = 120\r\n.*crash> $"), (b"gdb print 6*7", rb"\$\d+ = 42\r\n.*crash> $"),
                             (b"nonsense", rb"Undefined command.*crash> $"), (b"gdb set vmcore crash-names off", rb"\(gdb\) $"),
                             (b"print 6*8", rb"= 48\r\n.*\(gdb\) $"), (b"set vmcore crash-names on", rb"crash> $")):
            os.write(fd, line + b"\n")
            wait_for(fd, rb"(?s)" + answer, 60)
        os.write(fd, b"repeat -100 eval 7\n")
        wait_for(fd, rb"(?s)hexadecimal: 7.*\r\n", 60)
        os.write(fd, b"\x03")
        wait_for(fd, rb"crash> $", 60)
        os.write(fd, b"q\n")
        assert b"y or n" not in wait_for(fd, None, 60)
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
