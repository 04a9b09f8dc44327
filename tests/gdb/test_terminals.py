"""Front ends in a terminal, as their users start them, if they are installed: gdb's options come before the files."""
import shutil

import pytest

from conftest import GDB, LAUNCHER, SETS, TOP
from test_source import make_tree
from tmux import Terminal

TERMDEBUG = ["-u", "NONE", "-c", "packadd termdebug", "-c", f"let g:termdebugger='{LAUNCHER}'"]
FRONT_ENDS = {
    "cgdb": lambda one: ["-d", LAUNCHER, "-q", "-nx", one.vmlinux, one.vmcore],
    "nvim": lambda one: [*TERMDEBUG, "-c", f"Termdebug {one.vmlinux} {one.vmcore}", "-c", "startinsert"],
    "emacs": lambda one: ["-nw", "-Q", "--eval", f'(gdb "{LAUNCHER} -i=mi -q -nx {one.vmlinux} {one.vmcore}")'],
}


def skip_without(program):
    if GDB != "gdb" or not SETS or not shutil.which(program) or not shutil.which("tmux"):
        pytest.skip(f"{program} is not installed, or no dumps were made, or it is not the launcher's gdb")


@pytest.mark.parametrize("program", FRONT_ENDS)
def test_a_dump_is_opened(program):
    """Where it died with the source line, a variable, a refusal that leaves the dump."""
    skip_without(program)
    with Terminal(width=150, height=50) as terminal:
        terminal.run([program, *FRONT_ENDS[program](SETS[0])])
        terminal.wait(r"^#0 .* at \S+:\d+ *$")
        for command, answer in (("print $task(1)->comm", r'\$1 = "init"'), ("continue", "the machine cannot go on"),
                                ("print $task(1)->pid", r"\$2 = 1\b")):
            terminal.type(command)
            terminal.wait(answer)


@pytest.mark.parametrize("program", ["nvim", "vim"])
def test_frame_shows_the_line(program, tmp_path):
    """termdebug opens its channel after the one stop that a dump has: the first `frame` moves it there."""
    skip_without(program)
    name = "arch/x86/include/asm/kexec.h"
    tree = make_tree(tmp_path / "tree", {name}, SETS[0].info["release"].split(".")[:2])
    script = tmp_path / "script.gdb"
    script.write_text(f"set vmcore source-path {tree}\n")
    insert = ["-c", "startinsert"] if program == "nvim" else []
    with Terminal(width=150, height=50) as terminal:
        terminal.run([program, *TERMDEBUG, "-c", f"Termdebug -x {script} {SETS[0].vmlinux} {SETS[0].vmcore}", *insert])
        shown = terminal.wait(r"^New UI allocated")
        if program == "nvim":       # then :Termdebug has returned
            terminal.wait(r"^-- TERMINAL --")
        line = int(shown.partition(f"{name}:")[2].split()[0])
        terminal.type("frame")
        terminal.wait(rf"^ *line {line + 1} of {name}$")


def test_emacs_names_threads(tmp_path):
    """scripts/vmcore-gdb.el: the list of threads says what each is."""
    skip_without("emacs")
    with Terminal(width=150, height=50) as terminal:
        terminal.run(["emacs", "-nw", "-Q", "-l", str(TOP / "scripts" / "vmcore-gdb.el"), "--eval",
                      f'(progn (setq gdb-many-windows t gdb-show-threads-by-default t vmcore-gdb-program "{LAUNCHER}")'
                      f'(vmcore-gdb "{SETS[0].vmlinux}" "{SETS[0].vmcore}"))'])
        terminal.wait(r"rig-\w+: pid \d+, .*task 0x[0-9a-f]+")
