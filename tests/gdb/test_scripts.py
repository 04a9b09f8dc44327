"""Scripts as people run them: `gdb-vmcore vmlinux vmcore -batch -x FILE`. Its exit status, and an end that nobody reads on."""
import shlex
import subprocess

import pytest

from conftest import GDB, LAUNCHER, SETS, TOP

FILES = {
    "good.gdb": "kernel ps 1\nprint 1\n",
    "bad.gdb": "echo before\\n\nprint no_such_variable\necho after\\n\n",
    "good.py": "import gdb, vmcore\nprint('pid', vmcore.task(1).pid)\n",
    "bad.py": "print('before')\nraise RuntimeError('on purpose')\n",
}


@pytest.fixture(scope="module")
def one():
    if not SETS:
        pytest.skip("no dumps were made")
    return SETS[0]


@pytest.fixture
def files(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def command(dump, *arguments):
    *outside, inside = shlex.split(GDB)
    return [str(a) for a in (*outside, LAUNCHER, f"--gdb={inside}", dump.vmlinux, dump.vmcore, "-nx", "-batch", *arguments)]


def run(dump, *arguments):
    result = subprocess.run(command(dump, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=300, cwd=TOP)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.mark.parametrize("status,arguments", [
    (0, "-x good.gdb"), (0, "-x good.py -ex pwd"), (0, "--command=good.gdb --command good.py"),
    (0, "-ex 'print 1' -ex 'echo hi ' -ex bt"), (0, "-ex quit"),
    (1, "-x bad.gdb"), (1, "-x bad.gdb -x good.gdb"), (1, "-x bad.gdb -ex pwd"), (1, "-command=bad.gdb -ex pwd"),
    (1, "-x bad.py"), (1, "-x bad.py -x good.gdb"), (1, "-x missing -ex pwd"),
    (1, "-ex no_such_command -ex pwd"), (1, "--ex='kernel ps 4000000' --eval-command 'kernel ps 1'"),
    (1, "-ex 'print 1' -ex 'x/gx 0' -ex 'print 2'"), (1, "-ex 'python raise gdb.GdbError(\"no\")' -ex pwd"),
    (1, "-ex 'target vmcore /dev/null' -ex pwd"), (3, "-ex no_such_command -ex 'quit 3'"),
])
def test_exit_status(one, files, status, arguments):
    words = [str(files / w) if w in FILES else w for w in shlex.split(arguments)]
    words = [w.split("=")[0] + "=" + str(files / w.split("=")[1]) if w.split("=")[-1] in FILES and "=" in w else w for w in words]
    got, out, err = run(one, *words)
    assert got == status, (out, err)


def test_all_commands_run_and_errors_are_plain(one, files):
    status, out, err = run(one, "-ex", "print 6*7", "-x", files / "bad.gdb", "-ex", "echo next\\n", "-x", files / "good.py")
    assert status == 1 and out == "$1 = 42\nbefore\nnext\npid 1\n"
    assert "bad.gdb:2: Error in sourced command file:\nNo symbol \"no_such_variable\"" in err
    assert "Traceback" not in err and "(gdb)" not in out


def test_gdb_is_spared_as_without_a_wrapper(one):
    """Only kernel commands: gdb does not load vmlinux for them."""
    status, out, err = run(one, "-ex", "kernel ps 1", "-ex", "ps 1")
    assert status == 0 and out.count(" init\n") == 2 and "#0" not in err


@pytest.mark.parametrize("arguments", [["-ex", "kernel log", "-ex", "kernel ps -j", "-ex", "kernel bt -A"],
                                       ["-ex", "info threads", "-ex", "python import vmcore; print(vmcore.log())"]])
def test_nobody_reads_to_the_end(one, arguments):
    """As with `| head -1`: it ends, and says nothing about it."""
    with subprocess.Popen(command(one, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=TOP) as process:
        assert process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(timeout=120) >= 0
    assert "Traceback" not in err and "xception" not in err and "rror" not in err
