"""The JSON of every command, with every option, against tests/schemas/COMMAND.json: what scripts can rely on.

The schemas are JSON Schema 2020-12 and strict: an object has the members that are written down and no others. To add a member to a
command: add it to its schema. A new option wants a case here.
"""
import functools
import json
import re

import jsonschema
import pytest

from conftest import TOP

pytestmark = [pytest.mark.every_machine, pytest.mark.once]

SCHEMAS = TOP / "tests" / "schemas"
# The arguments of each command; together they have every option of it.
CASES = {
    "ps": ["", "1", "-k", "-u", "-G", "-A", "-y FIFO,RR", "-s", "-N", "-n", "-s -N", "-p", "-c", "-g", "-t", "-l", "-m", "-l -C all", "-m -C 0", "-a",
           "-r", "-S", "-y 7", "-I", "-Y -H"],
    "bt": ["", "1", "-a", "-c 0-1", "-p", "-g", "-A", "-A -n idle", "-A -u", "-l", "-f", "-t 1", "-r 1", "-A -t", "-a -r", "-u -l -a",
           "-A -f", "-A -e", "-E", "-E -c 0", "-v", "-A -R schedule", "-T 1", "1 -I schedule", "1 -S 0", "-s -x 1", "-d 1", "-F 1", "-FF -r 1"],
    "log": ["", "-T", "-t", "-d", "-m", "-c", "-l err+", "-l 7", "-a"],
    "sys": ["", "-t", "-i", "-c", "-c read", "config", "config CONFIG_SMP"],
    "mod": ["", "-t", "-u", "-s vmcore_rig", "vmcore_rig", "-d vmcore_rig", "-S"],
    "dump": ["", "-v", "-c"],
    "rd": ["linux_banner", "-8 linux_banner 3", "-16 linux_banner 40", "-32 linux_banner", "-64 linux_banner 5", "-d jiffies",
           "-D jiffies", "-s init_task 64", "-x linux_banner", "-a linux_banner", "-N linux_banner 4", "-R linux_banner 4",
           "-o 8 linux_banner", "-p {physical} 4", "-u 0", "-g linux_banner 4", "-g -p 0 80000", "-r {directory}/memory linux_banner 4", "0 4"],
    "search": ["-k -l 1000 -s linux_banner {word}", "-K -x 2 -l 1000 -s linux_banner {word}", "-V -l 10000 1",
               "-u -l 1000 -s 1000 1", "-p -s 100000 -e 200000 0", "-t 57ac6e9d", "-T 57ac6e9d", "-c -s linux_banner -l 100 Linux",
               "-w -s linux_banner -l 100 756e694c", "-h -s linux_banner -l 100 694c", "-m ff -s linux_banner -l 100 {masked}"],
    "sym": ["schedule", "linux_banner", "-l", "-M", "-m vmcore_rig", "-q sys_read", "-p schedule", "-n schedule", "-p -n schedule"],
    "kmem": ["-i", "-o", "-v", "-V",
             "-z", "-g", "-g 1ff", "-h", "-s", "-s dentry", "-r dentry", "-s -I dentry", "-S task_struct", "init_task fff", "-f", "-F", "-n", "-p linux_banner", "-p {physical}", "-m flags,_refcount.counter linux_banner",
             "-c", "-c ($task(1)->mm->exe_file)", "-C linux_banner"],
    "vm": ["1", "-p 1", "2", "-f 73", "-R busybox -m -v -x 1", "-m -d -R heap 1", "-P 1000 1", "-M ($task(1)->mm)"],
    "oom": [""],
    "slabtop": ["", "-s a"],
    "leak": ["task_struct"],
    "who-maps": ["/bin/workload", "{pfn}"],
    "vtop": ["linux_banner init_task", "-k linux_banner", "-c 1 -u 0"],
    "ptov": ["{physical}"],
    "pte": ["8000000005c9b063 0"],
    "list": ["-h -o task_struct.tasks init_task", "-H -o module.list -s module.name,state modules", "task_struct.real_parent init_task",
             "-h -r -B -o task_struct.tasks -e init_task (init_task.tasks.prev)", "-H -x -S list_head -l 8 modules", "-H -d -s list_head.next modules"],
    "struct": ["list_head", "-o page", "task_struct.comm,se.vruntime,sched_reset_on_fork", "-x list_head modules", "-d -c -2 list_head modules", "-r list_head modules",
               "-o list_head modules", "-p task_struct.parent init_task", "rq.cpu runqueues:a", "-l task_struct.tasks task_struct.pid (&init_task.tasks)",
               "-u list_head 0", "-f list_head 0"],
    "dis": ["schedule", "-l -r schedule+0x10 2", "-f -x -d schedule", "-u 0", "-s rig_do_write", "-b 2 schedule 3"],
    "whatis": ["-o list_head", "init_task.mm", "-r 16-24 -m list_head"],
    "eval": ["-b (1 << 3 | 2)", "-l 128m"],
    "ascii": ["", "65762078756e694c"],
    "p": ["init_task.pid", "-d init_task.flags", "-x runqueues.nr_running:a", "runqueues.cpu:0-1"],
    "tree": ["-t xarray (&init_pid_ns.idr.idr_rt)", "-o vmap_area.rb_node -s vmap_area.va_start free_vmap_area_root",
             "-x -l -r vmap_area.va_start -o vmap_area.rb_node -S vmap_area free_vmap_area_root", "-d -p -t radix (&init_pid_ns.idr.idr_rt)",
             "-t maple -p ($task(1)->mm->mm_mt)"],
    "runq": ["", "-t", "-T", "-m", "-g", "-c 0"],
    "files": ["1", "-a", "-f 1", "-R 0 1", "-c 1", "-d (init_fs.root.dentry)"],
    "mount": ["", "-l", "-n 1 proc"],
    "timer": ["", "-C 0", "-r", "-r -C 0"],
    "locks": ["", "-a", "-k mutex", "1"],
    "task": ["1", "-R pid,comm,flags -x 1", "-d -R se.vruntime 1"],
    "waitq": ["kauditd_wait", "rcu_state.gp_wq rcu_state", "-s (&rcu_state.gp_wq)"],
    "workqueue": ["", "-a", "-d"],
    "foreach": ["1 sig", "active ps"],
    "dev": ["", "-i", "-p", "-d", "-D"],
    "net": ["", "-n 1", "-a", "-N 100007f"],
    "sockets": ["", "-t", "-u -n 1", "-x"],
    "repeat": ["-0 python import itertools; n = globals().setdefault('n', itertools.count()); next(n) < 3 or int('end')"],
    "set": ["", "2", "-c 1", "-p"],
    "ipcs": ["", "-m", "-M", "-s -q 0", "-n 1"],
    "rcu": [""],
    "config": [""],     # test_config holds what it finds to its schema
    "softirq": ["", "-c 1"],
    "mach": ["", "-m", "-c", "-c -x", "-c -d"],
    "cgroup": ["", "-t 1"],
    "hung": ["", "1"],
    "lockup": ["", "-c 1"],
    "fuser": ["/dev/console"],
    "bpf": ["", "-p", "-m", "-P 1", "-M 1"],
    "irq": ["", "-u", "-a", "-s", "-s -c 1", "-d", "-b"],
    "sig": ["1", "-a 1", "-g rig-signals", "-g rig-threads", "-l", "-s 10200"],
    "report": [""],
}
# What these dumps cannot answer: there is no page at 0, and Debian's kernels do not carry their configuration.
FAILS = {("rd", "-u 0"), ("rd", "0 4"), ("search", "-u -l 1000 -s 1000 1"), ("sys", "config"), ("sys", "config CONFIG_SMP"), ("config", ""),
         ("vtop", "-c 1 -u 0"), ("struct", "-u list_head 0"), ("struct", "-f list_head 0"), ("vm", "-P 1000 1"), ("dis", "-u 0"),
         ("set", "-p"), ("bt", "1 -S 0"), ("kmem", "-C linux_banner")}    # QEMU stopped a machine that was running; # (test_page_cache holds -C to its schema)


# Debian's of these machines carry none.
NO_DMI = {("sys", "-i"), ("irq", "-d")}     # arm64's guest has no DMI, s390x no such thing, and neither of them x86's gates
NEED_BTF = {("whatis", arguments) for arguments in CASES["whatis"] if arguments.startswith(("-r", "-m"))}


@functools.lru_cache(maxsize=None)
def validator(command):
    schema = json.loads((SCHEMAS / f"{command}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def values(dump):
    """What is not the same on every machine: "Linux" as a number that fits into a word, and where there is memory."""
    word, masked = ("756e694c", "756e6900") if dump.machine == "i386" else ("78756e694c", "78756e6900")
    return {"word": word, "masked": masked, "physical": "40100000" if dump.machine == "arm64" else "100000", "pfn": "0x40100" if dump.machine == "arm64" else "0x100"}


@functools.lru_cache(maxsize=None)
def results(dump, directory):
    """{(command, arguments): what -j prints}, from one gdb; None where the command failed."""
    script = ["import gdb"]
    for command, cases in CASES.items():
        for arguments in cases:
            text = f"kernel {command} -j " + arguments.format(directory=directory, **values(dump))
            script.append(f"try: print('RESULT', {command!r}, {arguments!r}, sep='\\t', end='\\t'); gdb.execute({text!r})\n"
                          "except gdb.error as e: print('null')")
    path = directory / "cases.py"
    path.write_text("\n".join(script))
    found = {}
    for line in dump.gdb(f"source {path}").splitlines():
        if line.startswith("RESULT\t"):
            _, command, arguments, text = line.split("\t", 3)
            found[command, arguments] = json.loads(text)
    return found


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("schemas")


def options(dump, command):
    return set(re.findall(r"^  -(\S)", dump.gdb(f"help kernel {command}"), re.M)) - {"j"}


def commands(dump):
    return set(re.findall(r"^kernel (\S+?)(?:, kernel \S+)? -- ", dump.gdb("help kernel"), re.M))


def test_every_command_has_a_schema_and_cases(dump):
    named = commands(dump) - {"python", "dmesg", "lsmod", "union"}     # a page of help, second names
    assert named == set(CASES) == {path.stem for path in SCHEMAS.glob("*.json")}


@pytest.mark.parametrize("command", CASES)
def test_every_option_has_a_case(dump, command):
    used = set()
    for arguments in CASES[command]:
        for word in re.findall(r"(?:^| )-(\w+)", arguments):
            used |= set(word[:1] if word in ("16", "32", "64", "8") else word)
    missing = options(dump, command) - used - ({"o"} if command == "report" else set()) - ({"e"} if command == "rd" else set())
    assert not missing


@pytest.mark.parametrize("command", CASES)
def test_schema(dump, command, directory):
    checked = 0
    for arguments in CASES[command]:
        value = results(dump, directory)[command, arguments]
        if value is None:
            assert (command, arguments) in FAILS | (NEED_BTF if dump.machine in ("i386", "s390x") else set()) | (NO_DMI if dump.machine in ("arm64", "s390x") else set()), arguments
            continue
        error = jsonschema.exceptions.best_match(validator(command).iter_errors(value))
        assert not error, f"{command} {arguments}: {error.json_path}: {error.message[:500]}"
        checked += 1
    assert checked or all((command, arguments) in FAILS for arguments in CASES[command])


def objects(schema, root):
    """Every object type in a schema."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value, root)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value, root)


@pytest.mark.parametrize("command", CASES)
def test_schemas_are_strict(command):
    found = list(objects(json.loads((SCHEMAS / f"{command}.json").read_text()), None))
    assert found
    for schema in found:
        assert schema.get("additionalProperties") is False, schema
