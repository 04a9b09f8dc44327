"""What a damaged dump does not tell is unknown, never something else; and where one way to it breaks off the others are tried."""
import json
import os
import re
import shutil
import struct
import subprocess

import pytest

from conftest import SETS, run_gdb
import images
from images import lose_pages
from pokes import Poked


@pytest.fixture(scope="module")
def one():
    found = [s for s in SETS if s.scenario == "sysrq"]
    if not found:
        pytest.skip("no sysrq set was made")
    return found[0]


def rows(output):
    """The JSON lines that the commands printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def physical(one, *expressions):
    """Physical addresses of what is in the kernel's image."""
    base = "(unsigned long)phys_base - 0xffffffff80000000"
    output = one.gdb(*(f"printf \"at %lx\\n\", (unsigned long)({e}) + {base}" for e in expressions))
    return [int(line.split()[1], 16) for line in output.splitlines() if line.startswith("at ")]


def without(one, tmp_path, *addresses):
    path = tmp_path / "vmcore"
    lose_pages(one.vmcore, path, [address >> 12 for address in addresses])
    return path


def test_tasks_without_init_task(one, tmp_path):
    """The page of init_task's links is lost: every task is found all the same, by its pid or by what others point to."""
    whole = one.json("kernel ps")["tasks"]
    page, = physical(one, "&init_task.tasks")
    damaged = without(one, tmp_path, page)
    output = run_gdb(one.vmlinux, damaged, ("kernel ps -j", "kernel sys -j", "kernel sys", "print $task(0)", "python import vmcore",
                                            "python vmcore.task(0)"))
    assert output.count("the boot CPU's idle task, init_task, cannot be read") == 2
    tasks, system = rows(output)[:2]
    assert {t["pid"] for t in whole if t["pid"]} <= {t["pid"] for t in tasks["tasks"]}
    known = {t["task"]: t for t in whole}
    for task in tasks["tasks"]:
        assert task["task"] in known
        assert task["state"] in (None, known[task["task"]]["state"])
    assert system["system"]["tasks"] is None
    assert system["system"]["tasks_at_least"] >= len(whole) - 4
    assert any("found in other ways" in note for note in tasks["notes"])
    assert f"at least {system['system']['tasks_at_least']} (the list breaks off" in output
    assert f", at least {system['system']['tasks_at_least']} tasks (the list breaks off: " in output


def test_taint_and_log_that_cannot_be_read(one, tmp_path):
    """No taint mask is not "no"; no log is not "no panic"."""
    taint, log = physical(one, "&tainted_mask", "&printk_rb_static")
    damaged = without(one, tmp_path, taint, log)
    system, = rows(run_gdb(one.vmlinux, damaged, ("kernel sys -j",)))
    assert system["system"]["taint_mask"] is None and system["system"]["taints"] is None
    assert system["system"]["panic"] is None
    assert not any("machine that was running" in note for note in system.get("notes", []))
    assert any("what tainted it" in note for note in system["notes"])


def test_words_that_name_nothing(one):
    """The others are shown, and the status is 1."""
    init, kthreadd = 1, 2
    output = run_gdb(one.vmlinux, one.vmcore, (f"kernel ps {init} 4000001 {kthreadd}",), status=1)
    assert "no task has the PID 4000001" in output and "[kthreadd]" in output and "init" in output
    result, = rows(run_gdb(one.vmlinux, one.vmcore, (f"kernel ps -j {init} 4000001",), status=1))
    assert [t["pid"] for t in result["tasks"]] == [init] and "4000001" in result["notes"][-1]


@pytest.mark.parametrize("command", ["kernel vtop nothing_of_this_name init_task", "kernel vtop init_task nothing_of_this_name",
                                     "kernel kmem nothing_of_this_name init_task", "kernel kmem -p nothing_of_this_name init_task",
                                     "kernel kmem -v nothing_of_this_name (__this_cpu_preempt_check)"])
def test_addresses_that_name_nothing(one, command):
    """As for tasks: whatever the order."""
    if " -v " in command:
        area = one.json("kernel kmem -v")["areas"][0]["start"]
        command, mark = f"kernel kmem -v nothing_of_this_name {area}", area[2:]
    else:
        mark = one.json("kernel sym init_task")["symbols"][0]["address"][2:]
        if " -p " in command:
            physical, = one.json("kernel vtop init_task")["translations"]
            mark = f"{int(physical['physical'], 16) & -4096:x}"
    output = run_gdb(one.vmlinux, one.vmcore, (command,), status=1)
    assert '"nothing_of_this_name" is neither' in output and re.search(rf"\b{mark}\b", output), output


def test_pages_of_which_one_is_nowhere(one):
    output = run_gdb(one.vmlinux, one.vmcore, ("kernel kmem -p ffffffff 1000-2000",), status=1)
    assert "0xffffffff is not mapped" in output and re.search(r"^[0-9a-f]{16} +1000 ", output, re.M), output


def test_modules_of_which_one_has_no_file(one, tmp_path):
    """mod -s: the others are loaded, and the status is 1."""
    commands = ["set vmcore module-path " + str(tmp_path), "set vmcore debug-path " + str(tmp_path)]
    shutil.copy(one.vmcore, tmp_path / "vmcore")         # without modules/ beside it
    shutil.copy(one.directory / "modules" / "vmcore_rig.ko", tmp_path)
    os.link(one.vmlinux.resolve(), tmp_path / "vmlinux") if one.vmlinux.resolve().stat().st_dev == tmp_path.stat().st_dev else \
        shutil.copy(one.vmlinux.resolve(), tmp_path / "vmlinux")
    run = lambda names, status: run_gdb(tmp_path / "vmlinux", tmp_path / "vmcore", [*commands, f"kernel mod -s {names}"], status=status)
    output = run("vmcore_rig veth", 1)
    assert re.search(r" vmcore_rig +\S+ +\d+ +\S+/vmcore_rig\.ko", output) and "no debug file for module veth" in output, output
    assert "not all of these modules could be loaded" in output
    run("vmcore_rig", 0)


def test_symbol_or_number(one):
    """`edd` is a symbol and a number: the symbol in every command, and a note."""
    address = one.json("kernel sym edd")["symbols"][0]["address"]
    assert one.json("kernel rd edd")["memory"][0]["address"] == address
    assert "0xedd is the number" in one.gdb("kernel rd edd")
    assert "0xedd is the number" in one.gdb("kernel sym edd")


@pytest.mark.parametrize("percent", [99, 60])
def test_cut_kdump_says_so(one, tmp_path, percent):
    path = tmp_path / "vmcore"
    shutil.copyfile(one.vmcore, path)
    os.truncate(path, os.path.getsize(path) * percent // 100)
    output = run_gdb(one.vmlinux, path, ("kernel sys",))
    assert "[TRUNCATED]" in output
    assert "[TRUNCATED]" not in one.gdb("kernel sys")


@pytest.mark.parametrize("kind", ["kdump", "elf", "flat"])
def test_a_beginning_says_that_it_is_one(one, tmp_path, kind):
    """However little is left, what is missing is the rest, not the kernel's fault."""
    path, whole = tmp_path / "vmcore", one.vmcore if kind == "kdump" else one.in_format(kind)[0]
    for size in (40, 100, 600, 5000):
        with open(whole, "rb") as file:
            path.write_bytes(file.read(size))
        output = run_gdb(one.vmlinux, path, ())
        assert "truncated" in output or "ends before its first record" in output, output


def test_a_cut_dump_blames_the_cut(one, tmp_path):
    """A CPU in a module: with the modules lost nobody can say whose code that is, nor that it is nobody's."""
    whole = {row["cpu"]: row for row in one.json("kernel bt -a")["tasks"]}
    inside = [cpu for cpu, row in whole.items() if row["frames"] and row["frames"][0].get("module")]
    path = tmp_path / "vmcore"
    path.write_bytes(one.vmcore.read_bytes()[:one.vmcore.stat().st_size // 3])
    output = run_gdb(one.vmlinux, path, ("kernel bt -a", "kernel bt -a -j"))
    assert ", no task can be read (" in output and "`kernel sys' says more)" in output
    assert "neither in the kernel nor in a module" not in output
    cut = {row["cpu"]: row for row in rows(output)[0]["tasks"]}
    for cpu in inside:
        assert whole[cpu]["frames"][0]["pc"] == cut[cpu]["frames"][0]["pc"]
        assert "of the modules not all are known: " in cut[cpu]["end"] and "truncated" in cut[cpu]["end"], cut[cpu]
    assert inside


def test_no_memory_out_of_vmlinux(one, tmp_path):
    """A dump that is none of a kernel: gdb must not answer with what vmlinux has at that address."""
    with open(one.vmlinux, "rb") as file:
        machine = file.read(20)[18:20]
    path = tmp_path / "vmcore.elf"
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, int.from_bytes(machine, "little"), 1, 0, 64, 0, 0, 64,
                                                              56, 1, 0, 0, 0)
    path.write_bytes(header + struct.pack("<IIQQQQQQ", 1, 6, 4096, 0, 0x1000, 4096, 4096, 4096) + bytes(4096 - 120) + bytes(4096))
    output = run_gdb(one.vmlinux, path, ("echo =asked=\\n", "print init_task.comm"), status=1)
    assert "swapper" not in output.split("=asked=", 1)[-1]


def test_what_has_no_stack_fails(one):
    """A CPU that was not there is an answer that is missing: the others are shown, and the status is 1."""
    possible = int(one.oracle.text("sys/devices/system/cpu/possible").strip().rpartition("-")[2])
    assert "there is no CPU" in run_gdb(one.vmlinux, one.vmcore, (f"kernel bt -c {possible + 1}",), status=1)
    run_gdb(one.vmlinux, one.vmcore, ("kernel bt -c 0",), status=0)


def test_all_stacks_of_a_broken_list(one, tmp_path):
    """bt -A and bt -g over a list that breaks off: what there is, a note, and status 1; each CPU by itself is answered."""
    links, = physical(one, "&init_task.tasks")
    table, = physical(one, "init_pid_ns.idr.idr_rt.xa_head ? &init_pid_ns : &init_pid_ns")
    damaged = without(one, tmp_path, links, table)
    output = run_gdb(one.vmlinux, damaged, ("kernel bt -A -j",), status=1)
    result, = rows(output)
    assert result["tasks"] and any("there may be more tasks" in note for note in result["notes"])
    assert "bt: the list of tasks is not complete" in result["notes"][-1]


@pytest.mark.every_machine
@pytest.mark.scenario("sysrq", "qemu")
def test_what_goes_over_all_tasks_of_a_broken_list(dump):
    """It fails, and none of it says that there is none. What is asked of one task does not."""
    with Poked(dump) as copy:
        threads = dump.json("kernel ps -k")["tasks"]
        # Of the list, of threads that only it and the pids lead to.
        addresses = [int(task["task"], 16) for task in threads if task["pid"] > 2]
        copy.exclude(*addresses[3::2], *(address + 4096 for address in addresses[3::2]))
        path = copy.save()
        for command in ("kernel foreach bt", "kernel foreach ZO ps", "kernel locks", "kernel search -t 0x12345671"):
            text = run_gdb(dump.vmlinux, path, [command], status=1)
            assert "the list of tasks is not complete" in text, text
            assert "no task waits for another one" not in text.replace("of those that are known no task", "") and "no task is what" not in text
        run_gdb(dump.vmlinux, path, ["kernel foreach 1 ps"], status=0)


def test_who_uses_a_module(one, tmp_path):
    """Where what leads to its users cannot be read they are not nobody."""
    whole = {m["name"]: m for m in one.json("kernel mod")["modules"]}
    used = next(m for m in whole.values() if m["used_by"])
    # struct module_use lies in a slab: found by the list that the module has of them.
    output = one.gdb(f"printf \"use %lx\\n\", (unsigned long)((struct module *){used['address']})->source_list.next")
    use = int(next(line.split()[1] for line in output.splitlines() if line.startswith("use ")), 16)
    damaged = without(one, tmp_path, images.translate(one.directory / "vmcore.elf", use))
    result, = rows(run_gdb(one.vmlinux, damaged, ("kernel mod -j",)))
    unknown = [m for m in result["modules"] if m["used_by"] is None]
    assert used["name"] in {m["name"] for m in unknown}
    assert all("who uses it" in m["damage"] for m in unknown)
    assert all(m["used_by"] == whole[m["name"]]["used_by"] for m in result["modules"] if m["used_by"] is not None)


def test_two_symbols_of_one_name(one, tmp_path):
    """vmlinux with a second `modules', which is no list of modules, loses nothing; of one that could be it is said which was taken."""
    names = [m["name"] for m in one.json("kernel mod")["modules"]]
    linked = {line.split()[-1]: int(line.split()[0], 16)
              for line in subprocess.run(["nm", one.vmlinux], capture_output=True, text=True, check=True).stdout.splitlines()}
    output = one.gdb("printf \"at %lx %lx\\n\", (unsigned long)&linux_banner, (unsigned long)modules.next")
    banner, node = (int(word, 16) for line in output.splitlines() if line.startswith("at ") for word in line.split()[1:])
    # The list's first node looks like a list of modules, too: all but one of them.
    node -= banner - linked["linux_banner"]
    for value, said in (linked["linux_banner"], False), (node, True):
        copy = tmp_path / "vmlinux"
        subprocess.run(["objcopy", "--strip-debug", "--localize-symbol=modules", f"--add-symbol=modules=.text:{value - linked['_text']:#x},local", one.vmlinux, copy],
                       check=True)
        output = run_gdb(copy, one.vmcore, ("kernel mod -j", "kernel dump"))
        assert [m["name"] for m in rows(output)[0]["modules"]] == names
        assert ("2 symbols are called modules, and more than one may be meant: the one at " in output) == said, output


def test_groups_of_stackless_tasks(one, tmp_path):
    """bt -A -u: what has no stack for different reasons is not one group, and each group's reason is that of all its tasks."""
    lost = [one.pid(role) for role in ("futex", "epoll")]
    output = one.gdb(*(f"printf \"sp %lx\\n\", (unsigned long)$task({pid})->thread.sp" for pid in lost))
    pointers = [int(line.split()[1], 16) for line in output.splitlines() if line.startswith("sp ")]
    damaged = without(one, tmp_path, *(images.translate(one.directory / "vmcore.elf", sp) for sp in pointers))
    alone, grouped = rows(run_gdb(one.vmlinux, damaged, ("kernel bt -A -j", "kernel bt -A -u -j")))
    numberless = lambda text: re.sub(r"0x[0-9a-f]+|\d+", "N", text or "").removesuffix(" (of the first task; of the others with other numbers)")
    reasons = {t["task"]: numberless(t["end"]) for t in alone["tasks"]}
    empty = [g for g in grouped["stacks"] if not g["frames"]]
    members = {t["pid"]: g for g in empty for t in g["tasks"]}
    assert set(lost) < set(members) and members[lost[0]] is members[lost[1]]
    zombie = next(t.tid for t in one.oracle.tasks.values() if t.state == "Z")
    assert members[zombie] is not members[lost[0]] and "it has exited" in members[zombie]["end"]
    assert "saved at the task switch" in members[lost[0]]["end"]
    for group in empty:
        assert {reasons[t["task"]] for t in group["tasks"]} == {numberless(group["end"])}
