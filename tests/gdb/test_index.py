# SPDX-License-Identifier: GPL-3.0-or-later
"""gdb's index of vmlinux, written by us: the same as gdb's own, found by gdb, and never in its way.

gdb's own is made once per kernel and version of gdb (some seconds, up to 800 MB) and kept in the cache. The comparison
runs on the first kernel alone unless VMCORE_TEST_ALL is set.
"""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

import pytest

from conftest import GDB, LAUNCHER, SETS, TOP, gdb_argv
from gdb_index import Index

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gdb-vmcore" / "gdb-index"
KERNELS = list({s.kernel: s for s in SETS}.values())     # one set of each
COMPARED = KERNELS if os.environ.get("VMCORE_TEST_ALL") else KERNELS[:1]
TASK = "print sizeof(struct task_struct)"


def run(argv, **more):
    result = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=600, cwd=TOP, **more)
    assert result.returncode >= 0, result.stdout
    return result.stdout.decode(errors="backslashreplace")


def launch(one, directory, *commands):
    """The launcher with DIRECTORY as gdb's index cache."""
    *outside, inside = shlex.split(GDB)
    argv = outside + [LAUNCHER, f"--gdb={inside}", one.vmlinux, one.vmcore, "-nx", "-batch",
                      "-iex", f"set index-cache directory {directory}"]
    for command in commands:
        argv += ["-ex", command]
    return run(argv)


@functools.cache
def gdb_version():
    return re.match(r".* (\d+)\.(\d+)", run(gdb_argv("--version")).splitlines()[0]).groups()


@functools.cache
def build_id(path):
    return re.search(r"Build ID: (\w+)", run(["readelf", "-n", path])).group(1)


def file_name(one):
    return build_id(one.vmlinux) + ".gdb-index"


def hits(output):
    return tuple(map(int, re.findall(r"Cache (?:hits|misses) \(this session\): (\d+)", output)))


@pytest.fixture
def directory():
    path = tempfile.mkdtemp(prefix="gdb-index-", dir="/tmp")     # shared with the roots of other gdbs
    yield pathlib.Path(path)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def one():
    if not SETS:
        pytest.skip("no dumps were made")
    return SETS[0]


def gdbs_own(one):
    """The index that gdb itself makes."""
    kept = CACHE / f"{build_id(one.vmlinux)}-{'.'.join(gdb_version())}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gdb-index-", dir="/tmp") as made:
            run(gdb_argv("-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set index-cache enabled on",
                         "-iex", f"set index-cache directory {made}", one.vmlinux))
            partial = kept.with_name(f"{kept.name}.{os.getpid()}")
            shutil.copyfile(pathlib.Path(made) / file_name(one), partial)
            partial.rename(kept)
    return kept


@pytest.mark.parametrize("kernel", COMPARED, ids=lambda s: s.kernel)
def test_same_as_gdbs_own(kernel, directory):
    launch(kernel, directory)
    path = directory / file_name(kernel)
    ours, own = Index(path), Index(gdbs_own(kernel))
    assert ours.version == own.version
    assert ours.units == own.units and ours.types == own.types
    assert len(own.names) > 100000 and len(own.units) > 1000
    differing = [n for n in ours.names.keys() | own.names.keys() if ours.names.get(n) != own.names.get(n)]
    assert not differing, [(n, ours.names.get(n), own.names.get(n)) for n in differing[:10]]
    assert ours.address_map() == own.address_map()
    data = path.read_bytes()
    missed = [n for n in own.names if not ours.lookup(data, n)]
    assert not missed, missed[:10]
    assert not ours.lookup(data, b"no such name")


def test_first_open_writes_it_and_gdb_finds_it(one, directory):
    out = launch(one, directory, TASK, "show index-cache stats", "kernel ps 1")
    assert hits(out) == (1, 0), out
    assert re.search(r"^\$1 = \d{4,}$", out, re.M) and "COMM" in out
    assert [p.name for p in directory.iterdir()] == [file_name(one)]
    before = (directory / file_name(one)).stat()
    again = launch(one, directory, TASK, "show index-cache stats")
    assert hits(again) == (1, 0)
    after = (directory / file_name(one)).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("damage", ["empty", "short", "zeros", "another", "fifo"])
def test_a_bad_file_in_the_cache_does_no_harm(one, directory, damage):
    launch(one, directory)
    path = directory / file_name(one)
    good = path.read_bytes()
    if damage == "fifo":
        path.unlink()
        os.mkfifo(path)
    else:
        path.write_bytes({"empty": b"", "short": good[:len(good) // 2], "zeros": bytes(len(good)),
                          "another": good[:32] + b"\1" + good[33:]}[damage])
    out = launch(one, directory, TASK, "show index-cache stats")
    assert hits(out) == (1, 0), out
    assert re.search(r"^\$1 = \d{4,}$", out, re.M)
    assert path.is_file() and len(Index(path).names) > 100000


def test_a_cache_that_cannot_be_written(one):
    out = launch(one, "/proc/none/index", "print init_task.pid")
    assert "$1 = 0" in out
    assert "gdb makes its own index of vmlinux" in out


def test_gdb_that_has_the_symbols_already(one, directory):
    """gdb 13 looks types up slowly in the index that it makes for itself; from 15 on it may keep that."""
    plugin = TOP / "build" / ".libs"
    out = run(gdb_argv("-nx", "-batch", "-iex", f"set index-cache directory {directory}", "-iex",
                       f"python import sys; sys.path.insert(0, '{plugin}'); import vmcore", one.vmlinux,
                       "-ex", f"target vmcore {one.vmcore}", "-ex", TASK, "-ex", "show index-cache stats",
                       "-ex", "show index-cache enabled", "-ex", "detach", "-ex", "info files"))
    assert re.search(r"^\$1 = \d{4,}$", out, re.M)
    assert "The index cache is off" in out
    if int(gdb_version()[0]) < 15:
        assert hits(out) == (1, 0), out
    assert str(one.vmlinux.resolve()) in out.split("The index cache is off")[1]


def test_a_plain_program_costs_nothing(directory):
    plugin = TOP / "build" / ".libs"
    run(gdb_argv("-nx", "-batch", "-iex", f"set index-cache directory {directory}", "-iex",
                 f"python import sys; sys.path.insert(0, '{plugin}'); import vmcore", "/bin/true"))
    assert not list(directory.iterdir())


# Raises what Ctrl-C raises, but only while the index's own threads are there.
INTERRUPT = """
import os, signal
def threads():
    return len(os.listdir("/proc/self/task"))
before = threads()
def handler(*_):
    if threads() > before:
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("INTERRUPTING")
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
"""


def test_ctrl_c_ends_it(one, directory):
    script = directory / "interrupt.py"
    script.write_text(INTERRUPT)
    cache = directory / "cache"
    plugin = TOP / "build" / ".libs"
    out = run(gdb_argv("-nx", "-batch", "-iex", f"set index-cache directory {cache}", "-iex",
                       f"python import sys; sys.path.insert(0, '{plugin}'); import vmcore", "-e", one.vmlinux,
                       "-ex", f"set vmcore vmlinux {one.vmlinux}", "-ex", f"source {script}",
                       "-ex", f"target vmcore {one.vmcore}", "-ex", "kernel ps 1",
                       "-ex", f"python import os; print('FILES', os.listdir('{cache}'))",
                       "-ex", f"target vmcore {one.vmcore}", "-ex", "kernel ps 1", "-ex", TASK))
    assert "INTERRUPTING" in out
    assert "no kernel dump is open" in out and "FILES []" in out
    assert out.count("COMM") == 1 and re.search(r"^\$1 = \d{4,}$", out, re.M)
    assert "Traceback" not in out
