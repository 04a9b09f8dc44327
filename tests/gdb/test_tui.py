"""gdb's own text user interface on a dump, in a real terminal (tmux): what a person sees."""
import re
import shlex
import shutil

import pytest

from conftest import GDB, LAUNCHER, TOP
from tmux import Terminal

pytestmark = [pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux"), pytest.mark.scenario("oops")]

CRASHED = r"nowhere->numbers\[0\] = number;"      # tests/rig/module/states.c, where the rig's oops happens


@pytest.fixture
def terminal(dump):
    """A shell with gdb in it, at its prompt, the dump open; the shell's settings of the terminal were printed before."""
    *outside, inside = shlex.split(GDB)
    with Terminal(cwd=TOP) as terminal:
        terminal.type("clear; stty -g > build/stty.$$; echo re''ady")
        terminal.wait("^ready")
        terminal.run([*outside, LAUNCHER, f"--gdb={inside}", dump.vmlinux, dump.vmcore, "-nx", "-q"])
        terminal.wait(r"^#0  rig_oops_c .*\n(.*\n)*\(gdb\) *$")
        yield terminal


def test_source_window_shows_the_crashing_line(terminal):
    terminal.type("layout src")
    terminal.wait(rf"^.\s*>\s*\d+\s.*{CRASHED}")      # marked as where the program is
    terminal.wait(r"(?i)remote .*\bIn: rig_oops_c\b")
    # Up the stack, as with every program.
    terminal.type("up")
    terminal.wait(r"(?i)\bIn: rig_oops_b\b")
    terminal.wait(r"^.\s*>\s*\d+\s.*rig_oops_c\(")    # gdb draws one window after the other


def test_registers_and_assembly(terminal):
    terminal.type("layout regs")
    terminal.wait("Register (group: general|Values Unavailable)")
    terminal.type("tui reg general")        # gdb 13 shows none until something changes, in any program
    terminal.wait(r"Register group: general")
    screen = terminal.wait(r"\brsp\s+0x[0-9a-f]{16}")
    stack = int(re.search(r"\brsp\s+(0x[0-9a-f]{16})", screen)[1], 16)
    terminal.type("print $rsp == %#x" % stack)
    terminal.wait(r"^\$1 = 1")
    terminal.type("thread 2")
    terminal.wait(r"(?i)remote .*\bIn: (?!rig_oops_c)")
    screen = terminal.wait(rf"\brsp\s+0x(?!{stack:x})[0-9a-f]{{16}}")
    terminal.type("thread 1")
    terminal.wait(rf"\brsp\s+{stack:#x}")
    terminal.type("layout asm")
    terminal.wait(r"^.\s*>\s*0xffffffff[0-9a-f]{8} <rig_oops_c\+\d+>")


def test_resizing_draws_anew(terminal):
    terminal.type("layout src")
    terminal.wait(CRASHED)
    terminal.resize(160, 50)
    # The frame around the source is as wide as the window.
    terminal.wait(r"^[^\w\s].{158}[^\w\s]$")
    terminal.wait(CRASHED)
    terminal.resize(80, 24)
    terminal.wait(r"^[^\w\s].{78}[^\w\s]$")
    terminal.wait(CRASHED)
    terminal.type("print 6*7")
    terminal.wait(r"^\$1 = 42")


def test_kernel_commands_in_the_command_window(terminal):
    terminal.type("layout src")
    terminal.wait(CRASHED)
    terminal.type("kernel ps 1")
    terminal.wait(r"\b1 +0 .*\binit\b")
    terminal.wait(CRASHED)


def test_ctrl_c_stops_a_search(terminal):
    """Again and again, so that the search is never over before the key comes."""
    terminal.type("layout src")
    terminal.wait(CRASHED)
    for line in ("while 1", "kernel search -c 'nobody wrote this sentence into that memory'", r"echo round\n", "end"):
        terminal.type(line)
    terminal.wait("^round")
    terminal.key("C-c")
    terminal.wait(r"^(\W*Quit|.*interrupted)")      # gdb 18 puts a sign before it
    terminal.type("print 6*7")
    terminal.wait(r"^\$1 = 42")


def test_the_terminal_is_sane_after_quit(terminal):
    terminal.type("layout src")
    terminal.wait(CRASHED)
    terminal.type("quit")
    terminal.wait("^shell> *$")
    terminal.type("clear; stty -g | cmp - build/stty.$$ && echo same''settings; rm build/stty.$$")
    terminal.wait("^samesettings")
    assert terminal.state("cursor_flag") == "1" and terminal.state("alternate_on") == "0"
