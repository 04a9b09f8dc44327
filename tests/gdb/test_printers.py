"""gdb's print of the kernel's types, held against what the guest recorded of the same things, and against `print/r'."""
import re

import pytest

from conftest import auto_load, gdb_argv
from mi import MI
from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def values(dump, *expressions, **options):
    """What print says of each."""
    lines = dump.gdb(*(f"print {expression}" for expression in expressions), **options).splitlines()
    found = {int(line[1:].split(" ")[0]): line.partition(" = ")[2] for line in lines if re.match(r"\$\d+ = ", line)}
    assert len(found) == len(expressions), lines
    return [found[i + 1] for i in range(len(expressions))]


def recorded(dump, role, field):
    return re.search(rf"^{field}:\t(.*)$", dump.oracle.tasks[dump.pid(role)].files["status"].decode(), re.M)[1]


def test_cpumasks(dump):
    """The busy task was given one CPU; most may run on all that there can be, of a mask that has more bits than that."""
    pids = [pid for pid in (dump.pid("files"), dump.info.get("pid.busy")) if pid]
    said = values(dump, *(f"$task({pid})->cpus_mask" for pid in pids))
    for pid, text in zip(pids, said):
        status = dump.oracle.tasks[int(pid)].files["status"].decode()
        allowed = {bit for run in re.search(r"Cpus_allowed_list:\t(.*)", status)[1].split(",") for first, _, last in [run.partition("-")]
                   for bit in range(int(first), int(last or first) + 1)}
        ours = {bit for run in text.split(",") for first, _, last in [run.partition("-")] for bit in range(int(first), int(last or first) + 1)}
        assert ours == allowed, (pid, text)


def test_numbers(dump):
    user, files = dump.pid("user"), dump.pid("files")
    said = values(dump, f"$task({user})->real_cred->uid", f"$task({user})->real_cred->gid", f"$task({files})->signal->live",
                  "(ktime_t)1500000000", "(ktime_t)-1", "$task(1)->usage", "$task(1)->usage.refs.counter")
    assert said[:2] == [recorded(dump, "user", field).split()[0] for field in ("Uid", "Gid")] == ["1000", "1001"]
    assert said[2:5] == ["1", "1.500000000 s", "-0.000000001 s"] and said[5] == said[6]
    assert re.search(r"= 0x1$", dump.gdb(f"print/x $task({files})->signal->live"), re.M)


def test_devices_and_names(dump):
    """Descriptor 3 of the role "files" is /mnt/ext4/directory/file."""
    mounts = dump.oracle.text("proc/self/mountinfo").splitlines()
    device, = (line.split()[2] for line in mounts if line.split()[4] == "/mnt/ext4")
    file = f"$file({dump.pid('files')}, 3)"
    said = values(dump, f"{file}->f_inode->i_sb->s_dev", f"{file}->f_path.dentry->d_name", f"*{file}->f_path.dentry")
    assert said[:2] == [device, '"file"'] and said[2].startswith('"file" = {d_flags = ') and ', d_name = "file", ' in said[2]


def test_lists(dump):
    """A list of children has as many as the record has tasks with that parent."""
    parents = [int(re.search(r"^PPid:\t(\d+)", task.files["status"].decode(errors="replace"), re.M)[1]) for task in dump.oracle.tasks.values() if task.tid == task.tgid]
    roles = ["tree", "tree-0", "tree-0-0", "names"]
    said = values(dump, *(f"$task({dump.pid(role)})->children" for role in roles))
    for role, text in zip(roles, said):
        count = parents.count(dump.pid(role))
        assert text.split(" = ")[0] == ("empty" if not count else "1 other" if count == 1 else f"{count} others"), text
        assert re.search(r" = \{next = 0x[0-9a-f]+.*, prev = 0x[0-9a-f]+.*\}$", text)


def test_flags(dump):
    """Of memory that is asked for: by the kernel's table of names. Of a page: as `kmem -g' has them."""
    page = values(dump, "(unsigned long)$virt_to_page(&init_task)")[0]
    mask, flags = (int(word) for word in dump.python(f"""
flags = gdb.parse_and_eval("((struct page *){page})->flags")
print(int(gdb.parse_and_eval("gfpflag_names[0]")["mask"]), int(flags["f"] if flags.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else flags))
""").split())
    name, memory, none, text = values(dump, "gfpflag_names[0].name", f"(gfp_t){mask}", "(gfp_t)0", f"*(struct page *){page}")
    assert re.search(r'"(.*)"$', name)[1] == memory and none == "0"
    row, = dump.json(f"kernel kmem -g {flags:x}")["flags"]
    assert text.startswith(f"{row['names']} = {{flags = ") and row["names"]


def test_off_raw_and_front_ends(dump):
    raw = dump.gdb("print/r init_task.usage", "set vmcore printers off", "print init_task.usage", "set vmcore printers on", "print init_task.usage",
                   "disable pretty-printer global vmcore;refcount_struct", "disable pretty-printer global vmcore;refcount_t", "print init_task.usage")
    said = re.findall(r"^\$\d+ = (.*)$", raw, re.M)
    assert said[0] == said[1] == said[3].replace(said[2], f"{{counter = {said[2]}}}") and re.fullmatch(r"\d+", said[2]), said
    # What the commands print is the same with them and without.
    assert all(dump.gdb(*words, "kernel p init_task.usage").endswith("{refs = {counter = %s}}\n" % said[2]) for words in ([], ["set vmcore printers off"]))


def test_what_cannot_be_known_is_shown_raw(dump):
    """A list that runs into nowhere has no number of entries; its two pointers are there all the same."""
    pid = dump.pid("tree")
    head = int(values(dump, f"(unsigned long)&$task({pid})->children")[0])
    with Poked(dump) as copy:
        copy.write_word(head, 0x10)
        text = dump.gdb(f"print $task({pid})->children", vmcore=copy.save())
    assert re.search(r"^\$1 = \{next = 0x10.*, prev = 0x", text, re.M)


@pytest.mark.once
@pytest.mark.scenario("sysrq")
def test_a_front_end_has_them_when_it_asks(dump):
    if dump.machine != "amd64":
        pytest.skip("the plain gdb is asked")
    with MI(gdb_argv(*auto_load(), "-q", "-i=mi3")) as mi:
        mi.done(f"-file-exec-and-symbols {dump.vmlinux}")
        mi.done(f'-interpreter-exec console "target vmcore {dump.vmcore}"')
        assert "counter" in mi.done('-data-evaluate-expression "init_task.usage"')["value"]
        mi.done("-gdb-set vmcore printers on")
        assert mi.done('-data-evaluate-expression "init_task.usage"')["value"].isdigit()
