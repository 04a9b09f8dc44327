"""The kernel's own scripts/gdb (Documentation/dev-tools/gdb-kernel-debugging) on our target: the scripts of each dump's kernel, held
against the guest's record. They know nothing of dumps or KASLR; what they find wrong here is ours to put right."""
import functools
import os
import pathlib
import re
import subprocess

import pytest

from conftest import TOP
from test_records import recorded_dmesg, recorded_modules
from test_tasks import recorded

pytestmark = pytest.mark.scenario("sysrq")
CACHE = pathlib.Path(os.environ["GDB_VMCORE_CACHE"])


@functools.lru_cache(maxsize=None)
def scripts(kernel):
    """Where vmlinux-gdb.py is, or why not."""
    result = subprocess.run([TOP / "tests" / "rig" / "kernel-scripts", kernel], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, timeout=1800, check=False)
    return result.stdout.strip(), result.stderr.strip()[-300:]


def lx(dump, *commands):
    if dump.kernel not in ("6.1", "6.12"):
        pytest.skip("tests/rig/kernel-scripts has those of Debian 12's own kernels")
    directory, why = scripts(CACHE / "kernels" / dump.info["release"])
    if "Debian no longer has" in why:
        pytest.skip(why)
    assert directory, why
    return dump.gdb(f"source {directory}/vmlinux-gdb.py", "python print('=begin=')", *commands).split("=begin=\n", 1)[1]


def test_ps(dump):
    """lx-ps ends at a comm that is not UTF-8; the workload has such a one."""
    out = lx(dump, "lx-ps")
    printed = {int(pid): comm for pid, comm in re.findall(r"^0x[0-9a-f]+ +(\d+) +(.*)$", out, re.M)}
    last = max(printed) if "UnicodeDecodeError" in out else 1 << 30
    expected = {pid: task.comm.decode() for pid, task in recorded(dump).items() if pid <= last}
    assert len(expected) > 40 and expected.items() <= printed.items()


def test_dmesg(dump):
    lines = re.findall(r"^\[ *(\d+)\.(\d+)\] (.*)$", lx(dump, "lx-dmesg"), re.M)
    got = [(int(s) * 10**6 + int(us), text) for s, us, text in lines]
    expected = [(us, text) for _, us, text in recorded_dmesg(dump)]
    assert len(expected) > 100 and [text for _, text in got[:len(expected)]] == [text for _, text in expected]
    # It rounds, dmesg cuts off.
    assert all(abs(a - b) <= 1 for (a, _), (b, _) in zip(got, expected))


def test_lsmod(dump):
    rows = re.findall(r"^0x[0-9a-f]+ (\S+) +(\d+)  (-?\d+)(?: (\S+))?$", lx(dump, "lx-lsmod"), re.M)
    got = {name: (int(size), sorted(filter(None, users.split(",")))) for name, size, _, users in rows}
    assert got == {name: (size, sorted(users)) for name, (size, _, users, _) in recorded_modules(dump).items()}


def test_version_and_command_line(dump):
    out = lx(dump, "lx-version", "lx-cmdline")
    assert dump.oracle.text("proc/version").strip() in out
    assert dump.oracle.text("proc/cmdline").strip() in out


def test_iomem(dump):
    got = [line.strip() for line in lx(dump, "lx-iomem").splitlines()]
    expected = [line.strip() for line in dump.oracle.text("proc/iomem").splitlines()]
    assert len(expected) > 10 and got == expected


def test_mounts(dump):
    got = {(m[1], m[2]) for m in re.finditer(r"^0x\w+ 0x\w+ \S.* (\S+) (\S+) r[wo]\S* 0 0$", lx(dump, "lx-mounts"), re.M)}
    expected = {tuple(line.split()[1:3]) for line in dump.oracle.text("proc/self/mounts").splitlines()}
    assert len(expected) > 3 and got >= expected


def test_per_cpu(dump):
    """6.1's wants the name in quotes, 6.12's the variable itself."""
    cpus = range(int(dump.info["smp"]))
    name = "runqueues" if dump.kernel == "6.12" else '"runqueues"'
    text = lx(dump, *(f"print $lx_per_cpu({name}, {n}).cpu" for n in cpus),
              *(f'print &$lx_per_cpu({name}, {n}) == &$per_cpu("runqueues", {n})' for n in cpus))
    values = [int(v) for v in re.findall(r"^\$\d+ = (\d+)$", text, re.M)]
    assert values == [*cpus, *(1 for _ in cpus)]


def test_functions(dump):
    """A CPU's thread is the current one: what is current there, and its copy of a per-CPU variable."""
    cpus = int(dump.info["smp"])
    name = "runqueues" if dump.kernel == "6.12" else '"runqueues"'
    text = lx(dump, f"thread apply 1-{cpus} -q print $lx_per_cpu({name}).cpu",
              f"thread apply 1-{cpus} -q print $lx_current().on_cpu", "print $lx_task_by_pid(1).comm",
              'print $lx_module("vmcore_rig").name', "print $lx_thread_info_by_pid(1).cpu == $lx_task_by_pid(1).thread_info.cpu",
              'print $container_of(init_task.tasks.next, "struct task_struct", "tasks")->pid')
    values = re.findall(r"^\$\d+ = (.*)$", text, re.M)
    assert values[:cpus] == [str(n) for n in range(cpus)]
    assert values[cpus:2 * cpus] == ["1"] * cpus
    assert values[2 * cpus].startswith('"init"') and values[2 * cpus + 1].startswith('"vmcore_rig"')
    assert values[2 * cpus + 2:] == ["1", "1"]


def test_ours_stay(dump):
    out = lx(dump, "kernel ps 1", "print $task(1)->pid", "bt 1", "monitor info version")
    assert " init\n" in out and "= 1\n" in out and "#0 " in out and "gdb-vmcore" in out and "rror" not in out
