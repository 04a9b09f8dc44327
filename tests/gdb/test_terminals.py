"""Front ends in a terminal, as their users start them, if they are installed: gdb's options come before the files."""
import shutil

import pytest

from conftest import GDB, LAUNCHER, SETS
from tmux import Terminal

TERMDEBUG = ["-u", "NONE", "-c", "packadd termdebug", "-c", f"let g:termdebugger='{LAUNCHER}'"]
FRONT_ENDS = {
    "cgdb": lambda one: ["-d", LAUNCHER, "-q", "-nx", one.vmlinux, one.vmcore],
    "nvim": lambda one: [*TERMDEBUG, "-c", f"Termdebug {one.vmlinux} {one.vmcore}", "-c", "startinsert"],
    "emacs": lambda one: ["-nw", "-Q", "--eval", f'(gdb "{LAUNCHER} -i=mi -q -nx {one.vmlinux} {one.vmcore}")'],
}


@pytest.mark.skipif(GDB != "gdb", reason="the launcher's gdb")
@pytest.mark.parametrize("program", FRONT_ENDS)
def test_a_dump_is_opened(program):
    """Where it died with the source line, a variable, a refusal that leaves the dump."""
    if not SETS or not shutil.which(program) or not shutil.which("tmux"):
        pytest.skip(f"{program} is not installed, or no dumps were made")
    with Terminal(width=150, height=50) as terminal:
        terminal.run([program, *FRONT_ENDS[program](SETS[0])])
        terminal.wait(r"^#0 .* at \S+:\d+ *$")
        for command, answer in (("print $task(1)->comm", r'\$1 = "init"'), ("continue", "the machine cannot go on"),
                                ("print $task(1)->pid", r"\$2 = 1\b")):
            terminal.type(command)
            terminal.wait(answer)
