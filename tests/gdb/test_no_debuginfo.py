"""A dump and nothing else: names, types, stacks and commands must be those that the real vmlinux gives.

The truth here is gdb with the distribution's vmlinux and its DWARF; beside it the guest's record where it has one.
"""
import functools
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import TOP, auto_load, gdb_argv, run_gdb

pytestmark = pytest.mark.once

ANNOUNCED = "names, types and unwinding are the dump's own; no source lines"

COMMANDS = ["kernel ps", "kernel ps -t", "kernel log", "kernel sys", "kernel mod", "kernel bt -A", "kernel bt -a",
            "kernel rd linux_banner 4", "kernel search -k 0x4141", "kernel dump"]

# What is compared below, in gdb's words. Modules' debug files stay out of it: with them both sides would use these.
SCRIPT = r'''
import gdb, json, vmcore

def members(type):
    """Name, place and type of each member; of members without a name what is in them."""
    for field in type.fields():
        nameless = field.type.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) and not field.type.name
        yield [field.name, field.bitpos, field.bitsize, field.type.sizeof,
               list(members(field.type)) if nameless else str(field.type)]

def stacks():
    """(pc, function) of each frame of each thread, without inlined functions and those left by a jump."""
    result = {}
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
        thread.switch()
        frame, frames = gdb.newest_frame(), []
        try:
            while frame is not None and len(frames) < 200:
                if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                    frames.append([int(frame.pc()), frame.name()])
                frame = frame.older()
        except gdb.error as error:
            frames.append([0, str(error)])
        result[thread.ptid[1]] = frames
    return result

STRUCTS = """task_struct mm_struct page list_head module rq file inode dentry super_block net_device sk_buff sock zone
pglist_data cred signal_struct vm_area_struct kmem_cache irq_desc work_struct timer_list hrtimer bio request_queue gendisk
cgroup nsproxy pid thread_info pt_regs socket mount path address_space bpf_prog perf_event workqueue_struct worker
printk_ringbuffer tcp_sock net device class kobject sched_entity cfs_rq orc_entry""".split()
FUNCTIONS = "vfs_write panic schedule __x64_sys_read printk_sprint tcp_v4_rcv try_to_wake_up kmem_cache_alloc_bulk".split()
PER_CPU = "runqueues cpu_info irq_stat softirq_work_list cpu_tlbstate".split()

def ask(text):
    try:
        return gdb.execute(text, to_string=True)
    except gdb.error as error:
        return str(error)

def name_of(address):
    try:
        return vmcore.run(f"kernel sym {address:x}")["symbols"][0]["name"]
    except (gdb.error, gdb.GdbError):
        return None

result = {
    "names": {address: name_of(address) for address in json.load(open(places))},
    "structs": {n: list(members(gdb.lookup_type("struct " + n))) for n in STRUCTS},
    "sizes": {n: gdb.lookup_type("struct " + n).sizeof for n in STRUCTS},
    "functions": {n: ask("ptype " + n) for n in FUNCTIONS},
    "places": {n: ask("print " + n) for n in FUNCTIONS},
    "per_cpu": {n: ask("whatis " + n) + ask("print &" + n) for n in PER_CPU},
    "values": {t: ask("print " + t) for t in (
        "$task(1)->comm", "$task(1)->mm->pgd", "$task(1)->mm->mm_count", "$task(1)->real_parent->comm",
        "*(struct list_head *)&$task(1)->tasks", "$task(1)->flags", "sizeof(struct task_struct)", "(enum pid_type)1",
        "$task(1)->cred->uid", '$per_cpu("runqueues", 1).cpu', "$task(1)->signal->oom_score_adj", "$task(1)->on_rq", "$task(1)->sched_class")},
    "stacks": stacks(),
    "complete": ask("complete print task_active").split(),
    "info_functions": ask("info functions ^vfs_read$"),
    "info_types": ask("info types ^task_struct$"),
}
print("=begin=" + json.dumps(result))
'''


def alone(dump):
    """The dump in a directory without its vmlinux, where that would be found."""
    directory = TOP / "build" / "gdb-tests" / f"alone-{dump}"
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / "vmcore"
    if not link.is_symlink():
        try:
            link.symlink_to(dump.vmcore)
        except FileExistsError:     # another worker was quicker
            pass
    return link


@functools.lru_cache(maxsize=2)
def between_symbols(dump):
    """[(address, names of the symbol of /proc/kallsyms that is nearest before it)]: the last byte before a symbol, and one in the
    middle, of some hundred symbols anywhere and of all big gaps."""
    names = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        address, letter, name, *module = line.split()
        # Export tables' entries and the assembler's labels, of which 5.10 has thousands of one name, are left out on both sides.
        if int(address, 16) >> 63 and letter != "A" and not module and not name.startswith(("__ksymtab_", "__kstrtab", ".L")):
            names.setdefault(int(address, 16), []).append(name)
    addresses = sorted(names)
    return [(place, names[at]) for i, (at, end) in enumerate(zip(addresses, addresses[1:])) if i % 400 == 0 or end - at > 0x10000
            for place in (at + (end - at) // 2, end - 1)]


END_MARK = re.compile(r"_etext|_einittext|_edata|_end|__end_rodata|__init_end|__bss_stop|__brk_limit|__stop_\w+|\w+_end")


def outputs(vmlinux, dump):
    """What the commands and the script say, in one gdb."""
    path = TOP / "build" / "gdb-tests"
    path.mkdir(parents=True, exist_ok=True)
    script = path / "no-debuginfo.py"
    if not script.exists() or script.read_text() != SCRIPT:
        new = path / f"no-debuginfo.{os.getpid()}"
        new.write_text(SCRIPT)
        new.rename(script)
    places = alone(dump).parent / f"places-{os.getpid()}.json"
    places.write_text(json.dumps([place for place, _ in between_symbols(dump)]))
    commands = [f"python places = '{places}'"]
    for command in COMMANDS:
        commands += [f"python print('=command= {command}')", command + " -j"]
    text = run_gdb(vmlinux, alone(dump), commands + [f"source {script}"])
    answers = {}
    for part in text.split("=command= ")[1:]:
        command, _, answer = part.partition("\n")
        answers[command] = json.loads(answer.splitlines()[0])
    return text, answers, json.loads(text.split("=begin=")[1].splitlines()[0])


@functools.lru_cache(maxsize=2)
def both(dump):
    return outputs(dump.vmlinux, dump), outputs(None, dump)


def test_says_so(dump):
    with_vmlinux, without = both(dump)
    assert "no vmlinux: " + ANNOUNCED in without[0]
    assert "warning" not in without[0].split("=command=")[0]
    assert ANNOUNCED not in with_vmlinux[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_the_same(dump, command):
    with_vmlinux, without = (side[1][command] for side in both(dump))
    if command == "kernel sys":
        assert with_vmlinux["system"].pop("kernel") == str(dump.vmlinux.resolve())
        assert without["system"].pop("kernel") == "(none)"
    if "bt" in command:
        for task in with_vmlinux["tasks"] + without["tasks"]:
            for frame in task["frames"]:
                frame["function"] = ALIASES.get(frame["function"], frame["function"])
    assert without == with_vmlinux


def test_names_of_addresses(dump):
    """Anywhere between two symbols an address has the name that the kernel itself gives it (sprint_symbol): that of the symbol before.
    But none behind the mark of a section's end: that memory was given back."""
    with_vmlinux, without = (side[2]["names"] for side in both(dump))
    assert without == with_vmlinux
    named = nameless = 0
    for place, names in between_symbols(dump):
        name = with_vmlinux[str(place)]
        if name is None:
            assert all(END_MARK.fullmatch(n) for n in names), (hex(place), names)
            nameless += 1
        else:       # kallsyms does not list its own tables
            assert name in names or name.startswith("kallsyms_"), (hex(place), name, names)
            named += 1
    assert named > 300 and nameless > 2


def flexible(member):
    """BTF does not tell [0] from []."""
    name, place, bits, size, type = member
    if isinstance(type, list):
        return [name, place, bits, size, [flexible(inner) for inner in type]]
    return [name, place, bits, size, type.replace("[0]", "[]")]


def test_structures(dump):
    with_vmlinux, without = (side[2] for side in both(dump))
    assert without["sizes"] == with_vmlinux["sizes"]
    for name, members in with_vmlinux["structs"].items():
        assert [flexible(m) for m in without["structs"][name]] == [flexible(m) for m in members], name
    assert re.search(r"\bstruct task_struct;", without["info_types"])


def test_functions(dump):
    with_vmlinux, without = (side[2] for side in both(dump))
    known = 0
    for name, place in with_vmlinux["places"].items():
        # "{type} 0xffffffff81234560 <name>"
        address = r"0x[0-9a-f]+ <\S+>"
        assert re.findall(address, without["places"][name]) == re.findall(address, place), name
        if "no debug info" not in without["functions"][name] and "No symbol" not in place:
            assert without["functions"][name] == with_vmlinux["functions"][name]
            known += 1
    assert known >= 4     # pahole leaves some out
    assert "vfs_read(struct file *" in without["info_functions"]
    assert without["complete"] == with_vmlinux["complete"] != []


def test_variables_and_values(dump):
    with_vmlinux, without = (side[2] for side in both(dump))
    if dump.kernel == "5.10":       # its BTF has no variables at all (kinds 14 and 15)
        assert "no debug info" in without["per_cpu"]["runqueues"]
        for values in (with_vmlinux["values"], without["values"]):
            del values['$per_cpu("runqueues", 1).cpu']
            values.update({name: text.split(" = ", 1)[-1] for name, text in values.items()})
    else:
        assert without["per_cpu"] == with_vmlinux["per_cpu"]
        assert "type = struct rq" in without["per_cpu"]["runqueues"]
    # What a pointer points to has a name where vmlinux's DWARF has the variable; kallsyms has the same one.
    assert without["values"] == with_vmlinux["values"]
    assert '"init' in without["values"]["$task(1)->comm"]


# Names of one address, of which vmlinux's symbol table says which is the function; 5.10's own stack traces do not have that.
ALIASES = {"asm_call_irq_on_stack": "asm_call_on_stack", "asm_call_sysvec_on_stack": "asm_call_on_stack"}
# vmlinux's DWARF has whole functions of assembly; the kernel's symbols, and what it prints itself, have the labels.
LABELS = {"end_repeat_nmi": "asm_exc_nmi", "entry_SYSCALL_64_after_hwframe": "entry_SYSCALL_64",
          "secondary_startup_64_no_verify": "secondary_startup_64", "common_startup_64": "secondary_startup_64", **ALIASES}


def source_name(name):
    """The function's name in the source: what DWARF has of NAME.isra.0, and of NAME.cold."""
    return name and LABELS.get(name, re.sub(r"\.(isra|constprop|part|cold)\b.*", "", name))


def test_stacks(dump):
    with_vmlinux, without = (side[2]["stacks"] for side in both(dump))
    assert with_vmlinux.keys() == without.keys() and len(without) > 100
    for thread, frames in with_vmlinux.items():
        assert [pc for pc, _ in without[thread]] == [pc for pc, _ in frames], thread
        for (pc, own), (_, name) in zip(without[thread], frames):
            assert source_name(own) == source_name(name), (thread, hex(pc))


def test_settings(dump):
    """`set vmcore symbols' decides; afterwards gdb has its vmlinux again."""
    out = run_gdb(dump.vmlinux, dump.vmcore, [
        "set vmcore symbols dump", f"target vmcore {dump.vmcore}", "info line vfs_write", "ptype struct list_head",
        "set vmcore symbols auto", f"target vmcore {dump.vmcore}", "info line vfs_write"], env={"DEBUGINFOD_URLS": ""})
    assert out.count(ANNOUNCED) == 1 and "no vmlinux" not in out
    own, again = out.split(ANNOUNCED)[1].split("struct list_head *prev")
    assert "No line number information available for address" in own
    assert re.search(r'Line \d+ of "\S*fs/read_write.c"', again)
    out = run_gdb(None, alone(dump), ["disconnect", "set vmcore symbols vmlinux", f"target vmcore {alone(dump)}",
                                      "kernel sys"])
    assert "which kernel? Give gdb its vmlinux" in out


def test_gdb_alone(dump):
    """`gdb VMCORE', with no launcher, where the plugin is loaded at the start."""
    out = subprocess.run(gdb_argv(*auto_load(), alone(dump), "-batch", "-ex", "print $task(1)->pid"), cwd=TOP,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=300).stdout.decode(errors="replace")
    assert ANNOUNCED in out and "$1 = 1\n" in out


def test_cache(dump, tmp_path):
    """One file for a kernel, whatever its boot, and a session without a cache works as well."""
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    for _ in range(2):
        assert "type = struct list_head" in run_gdb(None, alone(dump), ["ptype struct list_head"], env=env)
        files = list((tmp_path / "gdb-vmcore" / "symbols").iterdir())
        assert len(files) == 1 and files[0].stat().st_size < 40 << 20
        made = files[0].stat().st_mtime_ns
    assert files[0].stat().st_mtime_ns == made
    tool = shutil.which("llvm-dwarfdump")
    if tool:
        assert "No errors." in subprocess.run([tool, "--verify", str(files[0])], stdout=subprocess.PIPE).stdout.decode()
    assert "type = struct list_head" in run_gdb(None, alone(dump), ["ptype struct list_head"],
                                                env={"XDG_CACHE_HOME": "/dev/null", "HOME": "/dev/null"})


def test_no_types(dump, tmp_path):
    """BTF is lost: it is said, names and stacks remain; nothing is guessed."""
    elf = dump.directory / "vmcore.elf"
    if not elf.exists() or dump.scenario != "sysrq":
        pytest.skip("an ELF dump of one scenario is enough")
    damaged = tmp_path / "vmcore"
    data = bytearray(elf.read_bytes())
    at, header = 0, b"\x9f\xeb\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00"
    while (at := data.find(header, at)) >= 0:
        data[at] = 0
    damaged.write_bytes(data)
    out = run_gdb(None, damaged, ["print vfs_write", "bt -no-filters", "kernel ps"], env={"XDG_CACHE_HOME": str(tmp_path)})
    damaged.unlink()
    assert "warning: types are not known: BTF in the dump: no BTF there" in out
    assert re.search(r"= \{<text variable, no debug info>\} 0x[0-9a-f]+ <vfs_write>", out)
    frames = re.findall(r"^#\d+ .*", out.split("<vfs_write>")[1], re.M)
    names = re.findall(r"in (\S+) \(", "\n".join(frames))
    assert names[0] == "__crash_kexec" and "vfs_write" in names and names[-1] == "??"
    assert "the kernel has no type task_struct" in out


def test_before_6_0(dump, tmp_path):
    """Where VMCOREINFO does not name kallsyms' tables they are searched for. Up to 6.3 they are laid out as before 6.0."""
    elf = dump.directory / "vmcore.elf"
    if not elf.exists() or dump.scenario != "sysrq":
        pytest.skip("an ELF dump of one scenario is enough")
    older = tmp_path / "vmcore"
    older.write_bytes(elf.read_bytes().replace(b"SYMBOL(kallsyms_", b"SYMBOL(kallsymz_"))
    out = run_gdb(None, older, ["print $task(1)->comm", "bt -no-filters"], env={"XDG_CACHE_HOME": str(tmp_path)})
    older.unlink()
    if dump.kernel in ("5.10", "6.1"):
        assert ANNOUNCED in out and '$1 = "init' in out and " in vfs_write (" in out
    else:
        assert "which kernel?" in out and "The dump does not describe itself: the kernel's symbol table (kallsyms)" in out
