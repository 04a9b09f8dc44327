"""
CPUs of which something is lost: what is left is shown, and what is concluded from it is marked.

The whole dump says what is right; the damaged copy must show the same stacks or say what is missing.
"""
import functools
import json
import pathlib
import re
import struct

import pytest

from conftest import run_gdb
from pokes import Poked

HERE = pathlib.Path(__file__).parent
pytestmark = pytest.mark.scenario("sysrq")


def json_of(output):
    return json.loads(output.split("=begin=\n", 1)[1].splitlines()[0])


def cpus_of(dump, vmcore):
    """{CPU: its row of `kernel bt -a -j`}, and the frames of gdb's own threads."""
    text = run_gdb(dump.vmlinux, vmcore, ["python print('=begin=')", "kernel bt -a -j", "kernel mod -s",
                                          f"source {HERE / 'stacks.py'}"])
    rows = {row["cpu"]: row for row in json_of(text)["tasks"]}
    threads = [json.loads(line) for line in text.splitlines() if line.startswith('{"num"')]
    return rows, {t["id"] - 1: t for t in threads if t["id"] <= 64}


@functools.lru_cache(maxsize=None)
def whole(dump):
    return cpus_of(dump, dump.directory / "vmcore.elf")[0]


@functools.lru_cache(maxsize=None)
def addresses(dump):
    """Where each CPU has its words on what it runs, the tasks, and __per_cpu_offset."""
    code = """
import gdb, json, vmcore
def at(text):
    try: return int(gdb.parse_and_eval(text).address)
    except gdb.error: return None
print(json.dumps({
    "offsets": at("__per_cpu_offset"),
    "tasks": {c.number: c.task_address for c in vmcore.cpus()},
    "curr": {c.number: at(f'$per_cpu("runqueues", {c.number}).curr') for c in vmcore.cpus()},
    "second": {c.number: at(f'$per_cpu("current_task", {c.number})') or at(f'$per_cpu("pcpu_hot", {c.number}).current_task')
               for c in vmcore.cpus()}}))
"""
    found = json.loads(dump.python(code).splitlines()[0])
    return {key: {int(k): v for k, v in value.items()} if isinstance(value, dict) else value for key, value in found.items()}


def pcs(row):
    return [f["pc"] for f in row["frames"]]


def same_stacks(dump, rows, threads, cpus):
    for cpu in cpus:
        right = whole(dump)[cpu]
        assert pcs(rows[cpu]) == pcs(right), (cpu, rows[cpu])
        assert rows[cpu]["complete"] == right["complete"]
        assert rows[cpu]["registers"] == right["registers"]
        ours = [int(pc, 16) for pc in pcs(rows[cpu]) if int(pc, 16) >> 63]
        theirs = [f["pc"] for f in threads[cpu]["frames"] if not f["inline"] and f["pc"] >> 63]
        assert ours == theirs, (cpu, rows[cpu], threads[cpu])


def notes_of(row):
    return " ".join(row.get("notes", []))


def test_the_kernel_says_twice_what_a_cpu_runs(dump):
    """Without the run queues: current_task, or pcpu_hot, knows."""
    where = addresses(dump)
    with Poked(dump) as copy:
        copy.exclude(*where["curr"].values())
        rows, threads = cpus_of(dump, copy.save())
    assert {cpu: row["task"] for cpu, row in rows.items()} == {cpu: row["task"] for cpu, row in whole(dump).items()}
    assert not any("inferred" in notes_of(row) for row in rows.values())
    same_stacks(dump, rows, threads, rows)


def test_a_task_is_inferred_and_that_is_said(dump):
    """Neither: by the stack it was on; for a CPU in user mode by the task's own mark. Idle tasks are on no list."""
    where, right = addresses(dump), whole(dump)
    with Poked(dump) as copy:
        copy.exclude(*where["curr"].values(), *where["second"].values())
        path = copy.save()
        rows, threads = cpus_of(dump, path)
        listed = run_gdb(dump.vmlinux, path, ["info threads", "kernel report -j"])
    for cpu, row in rows.items():
        if right[cpu]["pid"]:
            assert (row["pid"], row["task"]) == (right[cpu]["pid"], right[cpu]["task"]), row
            assert "is inferred from" in notes_of(row)
            assert re.search(rf"\(CPU {cpu}, .*task inferred, pid {row['pid']},", listed), listed
    assert sum(bool(row["pid"]) for row in rows.values()) >= 3
    same_stacks(dump, rows, threads, right)
    assert "is inferred from" in listed.split("{", 1)[1]


def test_without_the_per_cpu_offsets(dump):
    """The allocator has them, too: nothing is lost, not even the idle tasks, which are on no list. It is said."""
    with Poked(dump) as copy:
        copy.exclude(addresses(dump)["offsets"])
        path = copy.save()
        rows, threads = cpus_of(dump, path)
        text = run_gdb(dump.vmlinux, path, ["kernel ps -j"])
    assert {cpu: row["task"] for cpu, row in rows.items()} == {cpu: row["task"] for cpu, row in whole(dump).items()}
    same_stacks(dump, rows, threads, whole(dump))
    found = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
    assert {t["task"] for t in found["tasks"]} == {t["task"] for t in dump.json("kernel ps")["tasks"]}
    assert "where the CPUs' data are is inferred from the per-CPU allocator" in text


def test_without_the_per_cpu_offsets_at_all(dump):
    """Then no CPU's data can be had, but all registers and stacks are there."""
    allocator = int(dump.python("print(int(gdb.parse_and_eval('&pcpu_unit_offsets')))").splitlines()[-1])
    with Poked(dump) as copy:
        copy.exclude(addresses(dump)["offsets"], allocator)
        rows, threads = cpus_of(dump, copy.save())
    assert sorted(rows) == sorted(whole(dump))
    same_stacks(dump, rows, threads, rows)
    for cpu, row in rows.items():
        right = whole(dump)[cpu]["pid"]
        assert row["pid"] in (right, None)
        assert row["pid"] is None and "is not known: where CPU" in notes_of(row) or "is inferred from" in notes_of(row) or \
            not right, row


def test_damaged_per_cpu_offsets(dump):
    """Each CPU's offset is its neighbour's: the run queues say themselves whose they are."""
    where = addresses(dump)
    with Poked(dump) as copy:
        first = copy.read(where["offsets"], 32)
        copy.write(where["offsets"], first[8:] + first[:8])
        path = copy.save()
        rows, threads = cpus_of(dump, path)
        assert "__per_cpu_offset is damaged" in run_gdb(dump.vmlinux, path, ["kernel dump"])
    assert {cpu: row["task"] for cpu, row in rows.items()} == {cpu: row["task"] for cpu, row in whole(dump).items()}
    same_stacks(dump, rows, threads, whole(dump))


def test_without_the_task(dump):
    """The task_struct's first page is gone: the CPU stays, with its registers and its stack."""
    where, right = addresses(dump), whole(dump)
    cpu = next(c for c, row in right.items() if row["pid"] and row["frames"][0]["kind"] != "user")
    with Poked(dump) as copy:
        copy.exclude(where["tasks"][cpu], where["tasks"][cpu] + 4096, where["tasks"][cpu] + 8192)
        path = copy.save()
        rows, threads = cpus_of(dump, path)
        text = run_gdb(dump.vmlinux, path, [f"kernel bt -c {cpu}", f"thread {cpu + 1}", "kernel bt"])
    assert rows[cpu]["pid"] is None and rows[cpu]["task"] is None
    assert f"its current task, {where['tasks'][cpu]:#x}, is not among the known tasks" in notes_of(rows[cpu])
    same_stacks(dump, rows, threads, [cpu])
    # By its number, and as gdb's selected thread.
    assert len(re.findall(rf"^CPU: {cpu} *$", text, re.M)) == 2, text


def test_nothing_but_notes(dump):
    """vmlinux still names where each CPU was."""
    with Poked(dump) as copy:
        text = run_gdb(dump.vmlinux, copy.only_notes(), ["python print('=begin=')", "kernel bt -a -j", "info threads"])
    rows = {row["cpu"]: row for row in json_of(text)["tasks"]}
    assert sorted(rows) == sorted(whole(dump))
    registers = sorted(row["registers"]["rip"] for row in rows.values())
    assert registers == sorted(row["registers"]["rip"] for row in whole(dump).values())
    functions = {f["function"] for row in rows.values() for f in row["frames"][:1]}
    # But for modules and user space.
    assert functions >= {row["frames"][0]["function"] for row in whole(dump).values()
                         if row["frames"][0]["kind"] != "user" and not row["frames"][0]["module"]}
    assert len(re.findall(r"\(CPU \d+, .*task not known\)", text)) == len(rows)


def test_a_run_queue_that_names_a_sleeper(dump):
    """Its task was not running, and the CPU is on the stack of one that was: that one is shown, and why it died is not lost."""
    where, right = addresses(dump), whole(dump)
    cpu = next(cpu for cpu, row in right.items() if row["pid"] == dump.pid("init") or row["frames"][0]["function"] == "crash_setup_regs")
    sleeper = dump.python(f"import vmcore\nprint(vmcore.task({dump.pid('uninterruptible')}).address)").splitlines()[-1]
    with Poked(dump) as copy:
        copy.write(where["curr"][cpu], struct.pack("<Q", int(sleeper)))
        path = copy.save()
        rows, threads = cpus_of(dump, path)
        text = run_gdb(dump.vmlinux, path, ["kernel sys", "kernel ps -A"])
    assert (rows[cpu]["pid"], rows[cpu]["task"]) == (right[cpu]["pid"], right[cpu]["task"])
    assert f"the run queue names a task that was not running, {int(sleeper):#x}" in notes_of(rows[cpu])
    same_stacks(dump, rows, threads, right)
    assert "PANIC: Kernel panic - not syncing: sysrq triggered crash" in text and "machine that was running" not in text
    assert not re.search(rf"^> +{dump.pid('uninterruptible')} ", text, re.M)


def test_an_empty_mask_of_online_cpus(dump):
    """Somebody ran the kernel until it ended."""
    mask = int(dump.python("print(int(gdb.parse_and_eval('&__cpu_online_mask')))").splitlines()[0])
    with Poked(dump) as copy:
        copy.write(mask, bytes(8))
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel bt -a", "kernel sys", "python print('=begin=')", "kernel sys -j"])
    assert "offline" not in text.split("=begin=")[0]
    assert "the number of CPUs (the mask of online CPUs is empty)" in text
    assert json_of(text)["system"]["cpus"] is None and json_of(text)["system"]["cpus_offline"] is None


# --- the same kind, of tasks and of the log ---

def test_a_process_without_its_signal_struct(dump):
    """It makes no task of other memory, and its threads are found by their pids."""
    pid = dump.pid("uninterruptible")
    where = int(dump.python(f"print(int(gdb.parse_and_eval('&$task({pid})->signal')))").splitlines()[-1])
    tasks = {t["task"] for t in dump.json("kernel ps")["tasks"]}
    for value in (0x10, where & ~0xfff):        # no address, and one of other memory
        with Poked(dump) as copy:
            copy.write(where, struct.pack("<Q", value))
            text = run_gdb(dump.vmlinux, copy.save(), ["python print('=begin=')", "kernel ps -j"])
        assert {t["task"] for t in json_of(text)["tasks"]} == tasks, hex(value)
        assert f"at least {len(tasks)} tasks (the list breaks off: " in text


def test_a_task_whose_pid_is_none(dump):
    """Its struct pid knows it. Without that the table of pids has the task, so it cannot be said that all were found."""
    pid = dump.pid("uninterruptible")
    code = f"print(*(int(gdb.parse_and_eval(f'&$task({pid})->{{m}}')) for m in ('pid', 'thread_pid')))"
    where, link = map(int, dump.python(code).splitlines()[-1].split())
    tasks = {(t["task"], t["pid"], t["comm"]) for t in dump.json("kernel ps")["tasks"]}
    with Poked(dump) as copy:
        copy.write(where, struct.pack("<I", 0x7fffffff))
        path = copy.save()
        text = run_gdb(dump.vmlinux, path, [f"kernel ps {pid}", f"kernel bt {pid}", "python print('=begin=')", "kernel ps -j"])
        copy.write(link, bytes(8))
        without = run_gdb(dump.vmlinux, copy.save(), ["kernel sys"])
    found = json_of(text)
    assert {(t["task"], t["pid"], t["comm"]) for t in found["tasks"]} == tasks and found["notes"] is not None
    assert f"its task_struct says pid {0x7fffffff}, its struct pid says {pid}" in text
    assert "at least" not in text and "schedule" in text
    assert "at least" in without and "that should be all" not in without


def test_a_task_without_stack_that_has_not_exited(dump):
    pid = dump.pid("uninterruptible")
    where = int(dump.python(f"print(int(gdb.parse_and_eval('&$task({pid})->stack')))").splitlines()[-1])
    with Poked(dump) as copy:
        copy.write(where, bytes(8))
        text = run_gdb(dump.vmlinux, copy.save(), [f"kernel bt {pid}"])
    assert "has no kernel stack, but not that it has exited" in text


def test_what_no_machine_has_is_not_known(dump):
    """Slab's poison where numbers were: not a load of 10^15, nor a task that ran for 250 years."""
    pid, poison = dump.pid("uninterruptible"), b"\x6b" * 8
    code = f"""
t = f'$task({pid})'
print(*(int(gdb.parse_and_eval(e)) for e in ('&avenrun', '&_totalram_pages', f'&{{t}}->utime', f'&{{t}}->mm->total_vm')))"""
    where = [int(word) for word in dump.python(code).splitlines()[-1].split()]
    right, = dump.json(f"kernel ps {pid}")["tasks"]
    with Poked(dump) as copy:
        for address in where:
            copy.write(address, poison)
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel sys", "python print('=begin=')", f"kernel ps {pid} -j"])
    task, = json_of(text)["tasks"]
    assert (right["utime_ns"], right["vsz_bytes"]) != (None, None)
    unknown = {"utime_ns", "vsz_bytes", "rss_bytes", "mem_percent", "damage"}
    assert {k: v for k, v in task.items() if k not in unknown} == {k: v for k, v in right.items() if k not in unknown}
    assert all(task[key] is None for key in unknown - {"damage"}) and "its utime is damaged: " in task["damage"]
    assert re.search(r"LOAD AVERAGE: -\n", text) and re.search(r"MEMORY: -\n", text)
    assert "no machine has" in text and "is said to have 7740398493674204011 pages" in text


def test_a_log_that_says_it_is_empty(dump):
    """A kernel that has started has said its name."""
    desc = "prb->desc_ring."
    head, tail, last = (int(dump.python(f"print(int(gdb.parse_and_eval('&{desc}{name}')))").splitlines()[-1])
                        for name in ("head_id", "tail_id", "last_finalized_id" if dump.kernel != "6.12" else "last_finalized_seq"))
    with Poked(dump) as copy:
        copy.write(head, copy.read(tail))
        copy.write(last, copy.read(tail))
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel log", "kernel sys"], status=1)
    assert "the kernel log says of itself that it is empty" in text
    assert "why it died (the log)" in text and "machine that was running" not in text


# --- and of stacks ---

STOPS = """
import gdb
for thread in gdb.selected_inferior().threads():
    if f"pid {PID}," in gdb.execute(f"info threads {thread.num}", to_string=True):
        thread.switch()
        break
frame, pcs = gdb.newest_frame(), []
while frame and len(pcs) < 40:
    pcs.append(int(frame.pc()))
    frame = frame.older()
print("=pcs=", pcs)
gdb.execute("bt")
"""


@pytest.mark.parametrize("address", [0, 0x401a3b, None], ids=["null", "user", "data"])
def test_a_return_address_that_is_no_code(dump, address, tmp_path):
    """gdb's stack ends there, as `kernel bt` does: nothing that it would make of the words behind is true."""
    pid = dump.pid("uninterruptible")
    frames = dump.json(f"kernel bt {pid}")["tasks"][0]["frames"]
    if address is None:
        address = int(dump.python("print(int(gdb.parse_and_eval('&linux_banner')))").splitlines()[-1])
    script = tmp_path / "stops.py"
    script.write_text(f"PID = {pid}\n" + STOPS)
    with Poked(dump) as copy:
        slot = int(frames[2]["sp"], 16) - 8
        assert copy.read(slot) == struct.pack("<Q", int(frames[2]["pc"], 16))
        copy.write(slot, struct.pack("<Q", address))
        text = run_gdb(dump.vmlinux, copy.save(), [f"kernel bt {pid}", "kernel mod -s", f"source {script}"])
    pcs = json.loads(re.search(r"^=pcs= (.*)$", text, re.M)[1])
    assert pcs[-1] == address and pcs[-2] == int(frames[1]["pc"], 16)
    assert set(pcs[:-1]) == {int(frame["pc"], 16) for frame in frames[:2]}
    why = rf"its return address, at {slot:#x}, is {address:#x}, and there is no code"
    assert len(re.findall(why, text)) == 2, text        # kernel bt's, and gdb's
    assert re.search(r"^Backtrace stopped: .*" + why, text, re.M)
