"""scripts/gdb-vmcore by itself: directories as kdump makes them, and what is said where there is nothing to open."""
import os
import re
import subprocess

import pytest

from conftest import GDB, LAUNCHER

pytestmark = [pytest.mark.once, pytest.mark.skipif(GDB != "gdb", reason="the launcher is the same for every gdb")]


def launch(*arguments, crash="/nonexistent", **environment):
    return subprocess.run([LAUNCHER, *(os.fsencode(str(a)) for a in arguments)], capture_output=True, text=True, errors="surrogateescape",
                          timeout=300, env={**os.environ, "GDB_VMCORE_CRASH": str(crash), **environment})


@pytest.fixture
def crash(dump, tmp_path):
    """/var/crash with two directories of dumps, as RHEL's and Ubuntu's kdump make them, and one where nothing was saved."""
    for name in ("127.0.0.1-2026-11-27-04:12:09", "202611270412", "202611270413"):
        (tmp_path / name).mkdir()
    (tmp_path / "127.0.0.1-2026-11-27-04:12:09" / "vmcore").symlink_to(dump.vmcore)
    (tmp_path / "127.0.0.1-2026-11-27-04:12:09" / "vmcore-incomplete").write_bytes(b"KDUMP   ")
    (tmp_path / "127.0.0.1-2026-11-27-04:12:09" / "vmcore-dmesg.txt").write_text(
        "[    1.000000] Kernel command line: quiet\n[   12.345678] Kernel panic - not syncing: sysrq triggered crash\n")
    (tmp_path / "202611270412" / "dump.202611270412").symlink_to(dump.vmcore)
    (tmp_path / "202611270413" / "README.txt").write_text("nothing was saved\n")
    return tmp_path


@pytest.mark.scenario("sysrq", "oops", "nmi")    # QEMU's own files do not begin with the kernel's release
def test_list(dump, crash):
    result = launch(crash=crash)
    assert result.returncode == 0
    assert [line.strip() for line in result.stdout.splitlines() if "gdb-vmcore" in line] == [
        f"gdb-vmcore {crash}/127.0.0.1-2026-11-27-04:12:09/vmcore", f"gdb-vmcore {crash}/202611270412/dump.202611270412"]
    release = dump.oracle.text("uname").split()[2]
    assert re.findall(r"^\d{4}-\d\d-\d\d \d\d:\d\d  \S+  (.*)$", result.stdout, re.M) == [release, release]
    assert result.stdout.count("Kernel panic - not syncing: sysrq triggered crash\n") == 1


def test_nothing_to_list():
    result = launch()
    assert result.returncode == 2 and result.stderr.startswith("Usage:") and not result.stdout


def test_directory(dump, crash):
    """The dump in it; the unfinished one beside it is none."""
    for arguments in ([crash / "127.0.0.1-2026-11-27-04:12:09"], [dump.vmlinux, crash / "202611270412"]):
        result = launch(*arguments, "-nx", "-batch", "-ex", "kernel sys")
        assert result.returncode == 0 and "PANIC:" in result.stdout, result.stderr


def test_options_of_gdb_before_the_files(dump, tmp_path):
    """As front ends put them; one that takes a value, and the order of those before and behind the files."""
    (tmp_path / "a command").write_text("echo script\\n\n")
    result = launch("-nx", "-batch", "--ex", "echo early\\n", dump.vmlinux, dump.vmcore, "-x", tmp_path / "a command",
                    "-ex", "print $task(1)->pid")
    assert result.returncode == 0 and re.search(r"early\nscript\n\$\d = 1\n", result.stdout), result
    said = subprocess.run([LAUNCHER, "-i=mi", "-q", dump.vmlinux, dump.vmcore], capture_output=True, text=True, timeout=300,
                          input='-data-evaluate-expression $task(1)->pid\n-gdb-exit\n').stdout
    assert '*stopped' in said and '^done,value="1"' in said, said


@pytest.mark.scenario("sysrq")
def test_names_of_other_letters(dump, tmp_path):
    """Where the locale has ASCII only, gdb hands commands no other letters by itself; what is no text at all it never does."""
    letters = tmp_path / "d\N{LATIN SMALL LETTER E WITH ACUTE}"
    letters.mkdir()
    (letters / "vmcore").symlink_to(dump.vmcore)
    result = launch(dump.vmlinux, letters / "vmcore", "-nx", "-batch", "-ex", "kernel sys", "-ex", "print $task(1)->pid", LC_ALL="C")
    assert result.returncode == 0 and f"DUMPFILE: {letters}/vmcore" in result.stdout and "$1 = 1\n" in result.stdout, result
    no_text = os.fsdecode(bytes(tmp_path) + b"/\xff")
    os.symlink(dump.vmcore, no_text)
    result = launch(dump.vmlinux, no_text, "-nx", "-batch", "-ex", "kernel sys")
    assert result.returncode == 2 and "is not UTF-8" in result.stderr and not result.stdout, result


def test_only_options(dump):
    """A front end that has gdb-vmcore as its gdb opens the dump itself."""
    # Without a file it cannot know that the dump will be of another machine.
    gdb = [] if dump.machine == "amd64" else ["--gdb=gdb-multiarch"]
    said = subprocess.run([LAUNCHER, *gdb, "-i", "mi", "-q"], capture_output=True, text=True, timeout=300,
                          input=f'-file-exec-file {dump.vmlinux}\n-target-select core {dump.vmcore}\n'
                          '-data-evaluate-expression $task(1)->pid\n-gdb-exit\n').stdout
    assert '^done,value="1"' in said, said
    assert "needs a value" in launch("-ex").stderr and "name is empty" in launch("").stderr


def test_directory_that_does_not_say_which(dump, crash):
    result = launch(crash / "202611270413")
    assert result.returncode == 2 and "no dump in the directory" in result.stderr
    (crash / "202611270412" / "vmcore.gz").write_bytes(b"\x1f\x8b")
    result = launch(crash / "202611270412")
    assert result.returncode == 2 and "dump.202611270412 vmcore.gz" in result.stderr


def test_only_an_unfinished_one(dump, crash):
    os.unlink(crash / "127.0.0.1-2026-11-27-04:12:09" / "vmcore")
    listed = launch(crash=crash).stdout
    assert f"gdb-vmcore {crash}/127.0.0.1-2026-11-27-04:12:09/vmcore-incomplete\n" in listed


def test_version():
    """As configure has it."""
    version = launch("--version").stdout.split()
    made = (LAUNCHER.parent.parent / "build" / "Makefile").read_text()
    assert version == ["gdb-vmcore", re.search(r"^PACKAGE_VERSION = (.*)$", made, re.M)[1]]
