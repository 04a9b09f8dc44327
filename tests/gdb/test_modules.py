"""Modules as gdb sees them: where their variables are, and those that are only half there."""
import ast
import collections
import json
import re
import shutil
import struct

import pytest

import images
from conftest import run_gdb


# {module: {name: [address]}}, evaluated in gdb; what has no debug information is left out.
VARIABLES = """
import gdb
recorded = %r
result, files = {}, {}
for objfile in gdb.objfiles():
    if objfile.filename and objfile.filename.endswith(".ko.debug"):
        files[objfile.filename.rpartition("/")[2][:-len(".ko.debug")].replace("-", "_")] = objfile
for module, names in recorded.items():
    for name in names:
        symbol = files[module].lookup_global_symbol(name) or files[module].lookup_static_symbol(name)
        # An alias has no place in its DWARF, and gdb says so (7.2's __mod_device_table__...).
        if symbol and symbol.is_variable and not symbol.value().is_optimized_out:
            result.setdefault(module, {})[name] = [int(symbol.value().address)]
            # Headers are of several, and so is scripts/module-common.c (6.12): each module has a copy of it.
            if symbol.symtab.filename.endswith(".c") and "module-common" not in symbol.symtab.filename:
                result[module][name] += [int(gdb.parse_and_eval("&'%%s'::%%s" %% (symbol.symtab.filename, name)))]
print(result)
"""


def recorded_data(dump):
    """{module: {name: {address}}} of /proc/kallsyms."""
    found = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        address, letter, name, *module = line.split()
        # A livepatch keeps all its symbols, those of .init.data, whose memory is gone, too.
        if module and letter in "dDbBrR" and name.isidentifier() and "addressable_init_module" not in name:
            found.setdefault(module[0].strip("[]"), collections.defaultdict(set))[name].add(int(address, 16))
    return found


def test_variables_of_modules_are_where_the_guest_had_them(dump):
    """
    All of them, among them __this_module, which every module has (6.1). (Names that a module has more than once, in two of its files or
    two of its functions, may be any of these.)
    """
    recorded = recorded_data(dump)
    code = VARIABLES % {module: list(names) for module, names in recorded.items()}
    got = ast.literal_eval(dump.python("import gdb\ngdb.execute('kernel mod -S', to_string=True)\n" + code).splitlines()[-1])
    assert set(got) == set(recorded)
    assert sum(map(len, got.values())) > 500
    for module, variables in got.items():
        for name, addresses in variables.items():
            assert set(addresses) <= recorded[module][name], (module, name)


@pytest.mark.every_machine
@pytest.mark.once
def test_a_modules_file_by_its_name_and_away_again(dump, tmp_path):
    """gdb has the module's types as long as it has the file, and of two files of that name the one that was named."""
    ko = dump.directory / "modules" / "vmcore_rig.ko"
    (tmp_path / "below").mkdir()
    mine, other = tmp_path / "mine.ko", tmp_path / "below" / "vmcore_rig.ko"
    shutil.copy(ko, mine)
    shutil.copy(ko, other)
    code = f"""import gdb, json
def has():
    try: gdb.execute("info scope rig_do_write", to_string=True); return "rig_mark" in gdb.execute("whatis struct rig_mark", to_string=True)
    except gdb.error: return False
def run(line):
    try: return gdb.execute(line, to_string=True).strip() or "done"
    except gdb.error as e: return str(e)
def file(): return [m["object_file"] for m in json.loads(gdb.execute("kernel mod -j vmcore_rig", to_string=True))["modules"]][0]
def say(*what): print(json.dumps(what))
run("kernel mod -d vmcore_rig")       # it may be on a stack
say(has(), file())
run("kernel mod -s vmcore_rig {mine}"); say(has(), file())
run("kernel mod -d vmcore_rig"); run("bt"); say(has(), file())
run("kernel mod -S {tmp_path / 'below'}"); say(has(), file())
say(run("kernel mod -s vmcore_rig /bin/true"))
say(run("kernel mod -s vmcore_rig /nonexistent.ko"))
say(run("kernel mod -d no_such"), run("kernel mod -S a b"), run("kernel mod -s failover -d failover"))
"""
    said = [json.loads(line) for line in dump.python(code).splitlines() if line.startswith("[")]
    assert [s[0] for s in said[:4]] == [False, True, False, True], said
    assert [s[1] for s in said[1:4]] == [str(mine), None, str(other)], said
    assert "is no debug file of module vmcore_rig: " in said[4][0]
    assert "/nonexistent.ko: No such file" in said[5][0]
    assert "no_such" in said[6][0] and "one directory" in said[6][1] and "one of them" in said[6][2]


@pytest.mark.every_machine
@pytest.mark.once
def test_modules_that_do_not_taint(dump):
    """What /proc/modules had behind the address: (OE)."""
    lines = [line.split() for line in dump.oracle.text("proc/modules").splitlines()]
    tainted = {words[0]: words[6].strip("()") for words in lines if len(words) > 6}
    clean = next(words[0] for words in lines if len(words) == 6)
    assert {m["name"]: m["taints"] for m in dump.json("kernel mod -t")["modules"]} == tainted and tainted
    assert "none of these modules taints the kernel" in dump.gdb(f"kernel mod -t {clean}")


# --- a module that dies in its init function: its init area lies below the rest of it ---

def call_trace(log):
    """The functions of the log's last call trace, innermost first, as the kernel printed them."""
    lines = log[log.rindex("Call Trace:"):].splitlines()
    calls = [re.search(r"\] +(\? )?([\w.]+)\+0x", line) for line in lines]
    rip = re.findall(r"RIP: 0010:([\w.]+)\+0x", log)[0]
    return [rip] + [call[2] for call in calls if call and not call[1]]


def told(dump, what):
    """An address that the module put into the log."""
    return int(re.search(rf"rig_init: {what} ([0-9a-f]+)", dump.gdb("kernel log"))[1], 16)


def own_symbols(dump, *commands):
    return run_gdb(dump.vmlinux, dump.vmcore, ["set vmcore symbols dump", f"target vmcore {dump.vmcore}", *commands])


def test_per_cpu_variables_of_modules(dump):
    """The rig's own: what the module said of each CPU's, and of where the kernel's pointer leads."""
    record = dump.oracle.text("sys/kernel/debug/vmcore_rig/containers")
    pointer = re.search(r"^percpu ([0-9a-f]+)", record, re.M)[1]
    items = re.findall(r"^percpu-item (\d+) ([0-9a-f]+) (\d+)", record, re.M)
    assert len(items) > 1
    output = dump.gdb("kernel mod -s vmcore_rig", *(command for cpu, _, _ in items for command in (
        f'echo ITEM {cpu}\\n', f'output $per_cpu("rig_percpu", {cpu})', 'echo \\n', f'output/x (long)&$per_cpu("rig_percpu", {cpu})',
        'echo \\n')), "echo PLAIN\\n", "output/x (long)&rig_percpu")
    for cpu, address, value in items:
        assert f"ITEM {cpu}\n{value}\n0x{address}\n" in output
    plain = int(output.rpartition("PLAIN\n")[2], 16)
    # Where a per-CPU pointer looks like an address gdb has the variable where nothing is.
    assert plain == int(pointer, 16) if len(pointer) < 9 else plain >= 0xfffffffff0000000


@pytest.mark.scenario("init")
@pytest.mark.parametrize("ask", [lambda dump, *commands: dump.gdb(*commands), own_symbols], ids=["vmlinux", "dump"])
def test_panic_in_a_modules_init_function(dump, ask):
    out = ask(dump, "python print('=begin=')", "bt").split("=begin=\n")[-1]
    frames = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) .*", out, re.M)
    for name, source in ("rig_init_die", "own.c"), ("rig_init_deeper", "init.c"), ("rig_init_start", "init.c"):
        assert re.search(rf"^#\d .*\b{name} \(.*/{source}:\d+$", out, re.M), out
    assert told(dump, "rig_init_start") < told(dump, "rig_init_die")     # else this proves nothing
    trace = call_trace(dump.gdb("kernel log"))
    assert [name.partition(".")[0] for name in trace[:2]] == frames[:2]
    assert {"do_one_initcall", "do_init_module"} < set(frames)
    native = [frame["function"] for frame in dump.json("kernel bt")["tasks"][0]["frames"]]
    assert native[:len(trace)] == trace


@pytest.mark.scenario("init")
def test_a_module_that_is_coming(dump):
    module, = [m for m in dump.json("kernel mod")["modules"] if m["name"] == "vmcore_rig_init"]
    assert module["state"] == "coming"
    assert "vmcore_rig_init is coming" in dump.gdb("kernel mod")


@pytest.mark.scenario("init")
def test_a_variable_called_as_one_of_vmlinux(dump):
    """In the file that has it it is the module's own, and the kernel's elsewhere."""
    out = dump.gdb("frame function rig_init_die", "print &panic_timeout", "print panic_timeout.text", "print &rig_init_shared",
                   "frame function rig_init_start", "print &rig_init_shared", "frame function do_init_module", "print &panic_timeout",
                   "kernel sym panic_timeout")
    assert re.search(rf"\$1 = \(struct rig_init_own \*\) {told(dump, 'panic_timeout'):#x}", out), out
    assert '"the module\'s' in out
    assert re.findall(r"= \(struct rig_init_shared \*\) (0x[0-9a-f]+)", out) == [f"{told(dump, 'rig_init_shared'):#x}"] * 2
    kernels = re.search(r"\(int \*\) 0x([0-9a-f]+) <panic_timeout>", out)[1]
    assert re.search(rf"^{kernels} +\S* +panic_timeout", out, re.M), out


@pytest.mark.scenario("init")
def test_a_module_without_code(dump):
    out = dump.gdb("kernel mod -s vmcore_rig_nocode", "print rig_nocode_number", "info symbol &rig_nocode_number")
    assert "= 4711" in out and "rig_nocode_number in section .data" in out, out


# --- modules of which a part is lost ---

NOWHERE = struct.pack("<Q", 0xffffc9fffffff000)     # no page of the dump
ASK = """
import gdb, json
modules = {m["name"]: int(m["address"], 0) for m in json.loads(gdb.execute("kernel mod -j", to_string=True))["modules"]}
place = lambda text: int(gdb.parse_and_eval("(unsigned long)" + text))
print({"head": place("&modules"), "attrs": place("&((struct module *)0)->sect_attrs"), "modules": modules})
"""


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """
    MAKE(dump): a copy, beside which no modules are, whose list of modules leads from its head to its head forwards, and in which
    where the sections of veth and vmcore_rig were cannot be read.
    """
    made = {}

    def make(dump):
        if dump not in made:
            original, = dump.in_format("elf")
            path = tmp_path_factory.mktemp("lost") / "vmcore.elf"
            shutil.copyfile(original, path)
            places = ast.literal_eval(dump.python(ASK).splitlines()[-1])
            images.poke(path, places["head"], struct.pack("<Q", places["head"]))
            for name in "veth", "vmcore_rig":
                images.poke(path, places["modules"][name] + places["attrs"], NOWHERE)
            made[dump] = path
        return made[dump]
    yield make
    for path in made.values():
        path.unlink()


@pytest.mark.scenario("oops")
def test_parts_of_modules_are_lost(dump, lost):
    commands = ["info line veth_open", "info symbol veth_open", "print sizeof(struct veth_priv)", "print &'veth.c'::veth_ethtool_ops"]
    out = run_gdb(dump.vmlinux, lost(dump), ["kernel mod -s veth", *commands, "bt", "kernel mod -s vmcore_rig", "kernel mod"])
    whole = dump.gdb("kernel mod -s veth", *commands)
    # The list is complete by its other end.
    names = [line.split()[0] for line in dump.oracle.text("proc/modules").splitlines()]
    for name in names:
        assert re.search(rf"^[0-9a-f]{{16}}  {name} ", out, re.M), name
    assert "forwards it ends after 0" in out and f"{len(names)} in all" in out, out
    # veth's sections are where its symbols say; what gdb answers is the same.
    assert re.search("where sections of modules were is not in the dump; .*: veth$", out, re.M), out
    assert "veth: where its sections are is inferred from its symbols and " in out
    for pattern in r"^Line \d+ of .*veth_open.*", r"^veth_open in section .text", r"^\$1 = \d+", r"^\$2 = .* 0x[0-9a-f]+ <veth_.*":
        assert re.search(pattern, out, re.M)[0] == re.search(pattern, whole, re.M)[0]
    # The rig's own has no file here: names and unwinding, no lines; and mod says why.
    assert re.search(r"^#0 +0x[0-9a-f]+ in rig_oops_c \(\)", out, re.M), out
    frames = re.compile(r"^#\d+ +0x([0-9a-f]+) in (?!rig)", re.M)
    assert frames.findall(out) == frames.findall(dump.gdb("bt")) != []
    assert "vmcore_rig: where its sections are is inferred from where its memory is" in out
    assert re.search("^[0-9a-f]{16}  vmcore_rig .*\\(not usable\\)$", out, re.M), out
    assert "no debug file for module vmcore_rig" in out and "section .modinfo not found" not in out, out
