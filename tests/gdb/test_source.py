"""`set vmcore source-path`: gdb shows the lines of a tree, whatever directories the kernel and its modules were compiled in."""
import functools
import os
import pty
import re
import shlex
import subprocess

import pytest

from conftest import GDB, LAUNCHER, SETS, run_gdb, wait_for

pytestmark = [pytest.mark.scenario("sysrq"), pytest.mark.once]
SEPARATOR = "@@@@"


def one_kernel(test):
    """The answer does not depend on the kernel."""
    @functools.wraps(test)
    def wrapper(dump, tmp_path):
        if dump is not SETS[0]:
            pytest.skip("one kernel is enough")
        test(dump, tmp_path)
    return wrapper


def version_of(dump):
    return dump.info["release"].split(".")[:2]


def make_tree(root, names, version):
    """A kernel tree in which every line says of which file it is."""
    for name in {"kernel/fork.c", *names}:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"line {i} of {name}\n" for i in range(1, 9000)))
        os.utime(path, (0, 0))      # else gdb warns that it is newer than vmlinux
    (root / "Makefile").write_text("# SPDX-License-Identifier: GPL-2.0\nVERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = 0\n".format(*version))
    return root


@pytest.fixture(scope="module")
def places(dump):
    """[(file, line)] of gdb's frames of the stack that crashed: names as they are in DWARF."""
    shown = run_gdb(dump.vmlinux, dump.vmcore, [f"echo {SEPARATOR}\\n", "with width 0 -- backtrace -frame-info location"]).split(SEPARATOR)[1]
    frames = re.findall(r"^#\d+ .* at (\S+):(\d+)$", shown, re.M)
    assert len(frames) > 5
    return frames


def in_tree(name):
    """The name below the kernel's tree: assembly's are absolute."""
    return re.sub(r"^/.*?/(?=arch/)", "", name)


def test_lines_of_a_tree(dump, places, tmp_path):
    """Each frame's line, also of names that are absolute (of 6.1's assembly); a blank in the directory; put back when the dump is closed."""
    root = make_tree(tmp_path / "my tree", {in_tree(name) for name, _ in places}, version_of(dump))
    commands = [f"set vmcore source-path {root}"]
    for level in range(len(places)):
        commands += [f"echo {SEPARATOR}\\n", f"frame {level}",
                     "python print('full name', gdb.selected_frame().find_sal().symtab.fullname())"]
    commands += [f"echo {SEPARATOR}\\n", "detach", "show directories", "show substitute-path"]
    shown = run_gdb(dump.vmlinux, dump.vmcore, commands).split(SEPARATOR + "\n")
    for (name, line), text in zip(places, shown[1:], strict=False):
        assert f"{line}\tline {line} of {in_tree(name)}\n" in text or "<signal handler called>" in text, text
        assert f"full name {root}/{in_tree(name)}\n" in text
    assert "Source directories searched: $cdir:$cwd" in shown[-1] and "->" not in shown[-1]


def test_lines_of_a_module(dump, tmp_path):
    """Its files were elsewhere when it was built; the directory that holds the last part of that name is enough."""
    name = re.search(r"\"(/\S+)/([^/\s]+/states\.c)\"", run_gdb(dump.vmlinux, dump.vmcore, ["kernel mod -s vmcore_rig", "info line rig_spin"]))
    if not name:
        pytest.skip("the module's names are relative")
    make_tree(tmp_path, {name[2]}, version_of(dump))
    shown = run_gdb(dump.vmlinux, dump.vmcore, [f"set vmcore source-path {tmp_path}", "kernel mod -s vmcore_rig", "show substitute-path",
                                                "list rig_spin"])
    assert f"`{name[1]}' -> `{tmp_path}'." in shown and f"\tline 64 of {name[2]}\n" in shown, shown


@one_kernel
def test_what_does_not_fit(dump, tmp_path):
    """A tree of another version is used, and said to be one; no directory is said to be none; a script is given no advice."""
    root = make_tree(tmp_path / "old", set(), (2, 6))
    shown = run_gdb(dump.vmlinux, dump.vmcore, [f"set vmcore source-path {root}:{tmp_path}/none", "show directories"])
    assert f"warning: {root} has the source of Linux 2.6, the dump is of {'.'.join(version_of(dump))}: lines shown may be others\n" in shown
    assert f"warning: {tmp_path}/none is no directory" in shown
    assert f"searched: {root}:$cdir" in shown and "no source of Linux" not in shown


@one_kernel
def test_advice(dump, tmp_path):
    """A person is told once what to set, and not where a tree is named."""
    root = make_tree(tmp_path / "tree", set(), version_of(dump))
    for first, wanted in (("echo", 1), (f"set vmcore source-path {root}", 0)):
        *outside, inside = shlex.split(GDB)
        child = [*outside, LAUNCHER, f"--gdb={inside}", "-nx", "-q", "-iex", first, dump.vmlinux, dump.vmcore,
                 "-ex", f"target vmcore {dump.vmcore}", "-ex", "echo the-end\\n"]
        parent, terminal = pty.openpty()
        with subprocess.Popen([str(c) for c in child], stdin=terminal, stdout=terminal, stderr=terminal) as process:
            os.close(terminal)
            shown = wait_for(parent, b"\r\nthe-end", 120)
            process.kill()
        os.close(parent)
        assert shown.count(b"set vmcore source-path DIRECTORY") == wanted, shown
