"""kernel kmem -c and -C, files -c: what is in memory of files, held against the kernel's own counter and the files' contents."""
import functools

import pytest

from test_kmem import view
from test_schemas import validator

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


@functools.lru_cache(maxsize=None)
def files(dump):
    return view(dump, "c")["cached_files"]


@functools.lru_cache(maxsize=None)
def named(dump):
    """{path: the page cache} of two large files, a small one, and one that the guest wrote its record into."""
    inodes = {file["path"]: file["inode"] for file in files(dump)}
    paths = [path for path in inodes if path and path.rsplit("/", 1)[-1] in ("busybox", "workload", "init", "uname")]
    found = dump.json(f"kernel kmem -c {' '.join(inodes[path] for path in paths)}")["page_caches"]
    assert [cache["path"] for cache in found] == paths and "/bin/busybox" in paths and "/oracle/uname" in paths
    return dict(zip(paths, found))


def test_all_pages_of_files_are_there(dump):
    """The kernel counts them by zone and node as they come and go, we by file."""
    counted = {counter["name"].lower(): counter["value"] for counter in view(dump, "V")["counters"]}
    swap = counted.get("nr_swapcache", 0)
    assert sum(file["nr_pages"] for file in files(dump)) == counted["nr_file_pages"] - swap


def test_pages_of_a_file(dump):
    """Its tree has as many as the kernel counts, and each of them says that it is of this file, at this place."""
    for path, cache in named(dump).items():
        pages = [page for page in cache["cached"] if page["page"]]
        assert sum(1 << page["order"] for page in pages) == cache["nr_pages"] and "notes" not in cache
        chosen = pages[:3] + pages[-3:]
        value = dump.json(f"kernel kmem -C {' '.join(page['page'] for page in chosen)}")
        validator("kmem").validate(value)
        assert [(row["page"], row["index"], row["inode"], row["path"]) for row in value["pages_of_files"]] == [
            (page["page"], page["index"], cache["inode"], path) for page in chosen]


def test_contents(dump):
    """The first page of a program is an ELF file's, that of the guest's record is what the record has."""
    for path, begin in (("/bin/busybox", b"\x7fELF"), ("/oracle/uname", dump.oracle.read("uname"))):
        page = named(dump)[path]["cached"][0]
        assert page["index"] == 0
        shown = dump.json(f"kernel rd -p -8 {page['physical']} {len(begin)}")
        assert bytes.fromhex("".join(row["bytes"] for row in shown["memory"])) == begin


def test_open_files_say_the_same(dump):
    of = {file["inode"]: file["nr_pages"] for file in files(dump)}
    open_files = [file for task in dump.json("kernel files -a")["tasks"] for file in task["files"] if file["type"] == "REG"]
    assert open_files and all(of.get(file["inode"], 0) == file["nr_pages"] for file in open_files)


def test_addresses(dump):
    page = named(dump)["/bin/busybox"]["cached"][1]
    address = dump.json(f"kernel ptov {page['physical']}")["addresses"][0]["virtual"] if dump.machine != "i386" else None
    if address:
        facts = {row["kind"]: row["what"] for row in dump.json(f"kernel kmem {address[2:]}")["addresses"]}
        assert facts["file"].startswith(f"page {page['index']} of /bin/busybox (rootfs rootfs, inode "), facts


def test_what_is_none(dump):
    """No file, and no page of one, each with a sentence."""
    assert "is no inode, address_space, struct file or page of a file" in dump.gdb("kernel kmem -c init_task", status=1)
    assert "is of no file" in dump.gdb("kernel kmem -C init_task", status=1)
