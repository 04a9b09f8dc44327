"""$vma, $file, $path, $page and the like, held against what the guest recorded and against gdb's own reading of the same structures."""
import re

import pytest

from conftest import as_json
from test_files import recorded
from test_kmem_slab import recorded as slabinfo
from test_vm import recorded_maps

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def printed(dump, expressions, before=()):
    """What `print' has for each, in one session."""
    text = dump.gdb(*before, *(f"print {expression}" for expression in expressions), status=0)
    return re.findall(r"^\$\d+ = (.*)$", text, re.M)


def test_vma(dump):
    maps = recorded_maps(dump)
    asked, expected = [], []
    for pid, rows in sorted(maps.items())[:8]:
        for start, end, *_ in rows:
            # The vsyscall page is in the record and no VMA.
            if int(start, 16) >> 63:
                continue
            asked += [f"$vma({pid}, 0x{start})->vm_start", f"$vma($task({pid}), 0x{end} - 1)->vm_end"]
            expected += [int(start, 16), int(end, 16)]
    assert len(asked) > 50
    assert [int(value) for value in printed(dump, asked)] == expected


def test_file_and_path(dump):
    asked, expected = [], []
    for pid, task in sorted(recorded(dump).items())[:12]:
        for name, target in task.files.items():
            if name.startswith("fd/"):
                asked.append(f"$path($file({pid}, {name[3:]}))")
                expected.append(as_json(target))
        if "cwd" in task.files and "exe" in task.files:
            asked += [f"$path($task({pid})->fs->pwd)", f"$path(&$task({pid})->fs->pwd)", f"$path($task({pid})->mm->exe_file)"]
            expected += [as_json(task.files["cwd"])] * 2 + [as_json(task.files["exe"])]
    ours = printed(dump, asked)
    assert len(asked) > 50 and len(ours) == len(asked)
    for text, name in zip(ours, expected):
        if name.isascii():
            assert text == f'"{name}"'


def test_dentry_path(dump):
    """In its own file system: the end of the whole path."""
    name, path = printed(dump, ["$dentry_path($file(1, 0)->f_path.dentry)", "$path($file(1, 0))"])
    assert name.startswith('"/') and path.strip('"').endswith(name.strip('"'))


def test_slabs(dump):
    """The cache's size is /proc/slabinfo's; the object's slab names the cache, read by gdb without us."""
    sizes = {name: record["size"] for name, record in slabinfo(dump).items() if name in ("dentry", "task_struct", "kmalloc-64", "filp")}
    assert len(sizes) > 2
    ours = printed(dump, [f'$slab_cache("{name}")->size' for name in sizes])
    assert [int(size) for size in ours] == list(sizes.values())
    dentry = "$file(1, 0)->f_path.dentry"
    ours = printed(dump, [f"$slab_object(&{dentry}->d_name) == {dentry}", "$slab_object(&$task(1)->comm) == $task(1)",
                          "$slab_object((char *)$task(1) + $slab_cache(\"task_struct\")->object_size - 1) == $task(1)"])
    assert ours == ["1", "1", "1"]
    # Since 5.17 (d122019bf061) what describes a slab has a structure of its own.
    struct = "struct slab" if re.search(r"^type = struct slab ", dump.gdb("ptype struct slab"), re.M) else "struct page"
    head = f"(({struct} *)$virt_to_page({dentry}))"
    assert printed(dump, [f'{head}->slab_cache == $slab_cache("dentry")']) == ["1"]


def test_pages(dump):
    """By address and by frame it is one page; the direct map leads there and back."""
    size = 16384 if "16k" in dump.kernel else 4096
    task, frame = "$task(1)", f"$page($virt_to_phys($task(1)) / {size})"
    assert printed(dump, [f"$virt_to_page({task}) == $page({task})", f"{frame} == $virt_to_page({task})", f"{frame} != $virt_to_page(&jiffies)",
                          f"(void *){task} == $phys_to_virt($virt_to_phys({task}))"]) == ["1"] * 4


def test_per_cpu(dump):
    """A variable without quotes, a member of it, a __percpu pointer: as gdb finds them with the offsets."""
    asked = []
    for cpu in range(int(dump.info["smp"])):
        at = f"((char *)&runqueues + __per_cpu_offset[{cpu}])"
        asked += [f"&$per_cpu(runqueues, {cpu}) == (struct rq *){at}", f'&$per_cpu(runqueues, {cpu}) == &$per_cpu("runqueues", {cpu})',
                  f"$per_cpu(runqueues.nr_running, {cpu}) == ((struct rq *){at})->nr_running",
                  f"(char *)&$per_cpu(init_net.core.prot_inuse, {cpu}) == (char *)init_net.core.prot_inuse + __per_cpu_offset[{cpu}]"]
    assert printed(dump, asked) == ["1"] * len(asked)


@pytest.mark.parametrize("expression, error", [
    ("$vma(2, 0x1000)", r"\$vma: PID 2 has no address space"),
    ("$vma(1, 0)", r"\$vma: PID 1 has nothing at 0x0; `kernel vm 1' lists what it has"),
    ("$vma(1)", r"\$vma\(TASK, ADDRESS\): "),
    ("$vma(999999, 0)", "there is no task with pid 999999"),
    ("$file(1, 777)", r"\$file: PID 1 has no descriptor 777 open; `kernel files 1' lists"),
    ("$path()", r"\$path\(P\): takes 1 argument, not 0"),
    ("$dentry_path(0x18)", "dentry"),
    ('$slab_cache("nonsense")', r"\$slab_cache: there is no cache nonsense; `kernel kmem -s' lists them"),
    ("$slab_object(&jiffies)", r"\$slab_object: 0x[0-9a-f]+ is not in a slab"),
    ("$per_cpu(jiffies, 0)", r"\$per_cpu: this is no per-CPU variable"),
    ("$per_cpu(runqueues, 4711)", "there is no CPU 4711"),
    ("$page(-1)", "0x"),
])
def test_errors(dump, expression, error):
    text = dump.gdb(f"print {expression}", "print 6*7", status=1)
    assert re.search(error, text) and "$1 = 42" in text


def test_without_vmlinux(dump):
    if dump.machine != "amd64":
        pytest.skip("Debian builds this machine's kernels without BTF")
    own = ("set vmcore symbols dump", f"target vmcore {dump.vmcore}")
    target = as_json(dump.oracle.tasks[1].files["fd/0"])
    assert printed(dump, ["$slab_object(&$task(1)->comm) == $task(1)", "$path($file(1, 0)->f_path)",
                          "$vma(1, $task(1)->mm->start_stack)->vm_end > $task(1)->mm->start_stack"], own) == ["1", f'"{target}"', "1"]


def test_where_per_cpu_variables_are_linked(dump):
    """There is nothing of theirs; on some machines other data of the kernel's have come there since, which is not to be printed for them."""
    text = dump.gdb("print 6*7", "print runqueues.nr_running", "print runqueues", status=1)
    assert "per-CPU variables are linked there" in text and "print $per_cpu(NAME, 1)" in text
    assert "$1 = 42" in text and "$2" not in text


def test_what_the_kernel_gave_back(dump):
    """Code and data for the boot alone are gone: what their memory has now is not printed for them. rd shows memory, whatever it is."""
    text = dump.gdb("print 6*7", "x/i start_kernel", "print *(int *)&start_kernel", "rd start_kernel 1", status=1)
    assert "has given that memory back" in text and "$1 = 42" in text and "$2" not in text
