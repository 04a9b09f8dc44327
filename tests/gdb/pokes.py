"""
Copies of an ELF dump with something changed: memory, pages left out as makedumpfile does, or the end cut off.

    with Poked(dump) as copy:
        copy.exclude(address)           # kernel addresses; the dump's own page tables are walked
        copy.write(address, bytes)
        dump.gdb("kernel bt -a", vmcore=copy.save())
"""
import pathlib
import re
import shutil
import struct
import tempfile

from images import PAGE, notes, program_headers

START_KERNEL_MAP = 0xffffffff80000000
ADDRESS_BITS = 0x000ffffffffff000


class Poked:
    def __init__(self, dump):
        names = ("vmcore.elf", "vmcore.qemu-elf")
        self.source = next(dump.directory / n for n in names if (dump.directory / n).exists())

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name) / "vmcore"
        shutil.copyfile(self.source, self.path)
        self.headers = program_headers(self.path)
        text = next(data for name, _, data in notes(self.path) if name == "VMCOREINFO").decode()
        self.info = dict(re.findall(r"^([^=\n]+)=(.*)$", text, re.M))
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def offsets(self, physical):
        """In the file; a kdump has the kernel's image twice."""
        found = [offset + physical - start for kind, _, offset, _, start, size, _, _ in self.headers
                 if kind == 1 and start <= physical < start + size]
        assert found, f"physical {physical:#x} is not in the dump"
        return found

    def _word(self, physical):
        with open(self.path, "rb") as file:
            file.seek(self.offsets(physical)[0])
            return struct.unpack("<Q", file.read(8))[0]

    def physical(self, address):
        levels = 5 if self.info.get("NUMBER(pgtable_l5_enabled)") == "1" else 4
        table = int(self.info["SYMBOL(swapper_pg_dir)"], 16) - START_KERNEL_MAP + int(self.info["NUMBER(phys_base)"])
        for shift in range(12 + 9 * (levels - 1), 0, -9):
            entry = self._word(table + (address >> shift & 511) * 8)
            assert entry & 1, f"{address:#x} is not mapped"
            if shift == 12 or (entry & 0x80 and shift <= 30):
                return (entry & ADDRESS_BITS & ~((1 << shift) - 1)) + (address & ((1 << shift) - 1))
            table = entry & ADDRESS_BITS
        raise AssertionError

    def read(self, address, size=8):
        with open(self.path, "rb") as file:
            file.seek(self.offsets(self.physical(address))[0])
            return file.read(size)

    def write(self, address, data):
        with open(self.path, "r+b") as file:
            for offset in self.offsets(self.physical(address)):
                file.seek(offset)
                file.write(data)

    def exclude(self, *addresses):
        """The pages that the addresses are in."""
        for physical in {self.physical(address) & -PAGE for address in addresses}:     # first all, then none is gone
            self.headers = [part for header in self.headers for part in self._without(header, physical)]

    @staticmethod
    def _without(header, physical):
        """The segment as one that ends before the page, and is longer in memory than in the file, and the rest."""
        kind, flags, offset, virtual, start, size, memory, align = header
        if kind != 1 or not start <= physical < start + size:
            return [header]
        rest = physical - start + PAGE
        return [(kind, flags, offset, virtual, start, rest - PAGE, rest, align),
                (kind, flags, offset + rest, virtual + rest if virtual else 0, start + rest, size - rest, memory - rest, align)]

    def replace_in_notes(self, old, new):
        """The same bytes in the file's notes, which are copies of the kernel's."""
        offset, size = next((h[2], h[5]) for h in self.headers if h[0] == 4)
        with open(self.path, "r+b") as file:
            file.seek(offset)
            data = file.read(size)
            assert old in data
            file.seek(offset)
            file.write(data.replace(old, new))

    def only_notes(self):
        """The file ends where memory begins."""
        first = min(offset for kind, _, offset, _, _, size, *_ in self.headers if kind == 1 and size)
        with open(self.path, "r+b") as file:
            file.truncate(first)
        return self.path

    def save(self):
        """The path. The program headers go to the end: there are more of them."""
        with open(self.path, "r+b") as file:
            at = file.seek(0, 2)
            for header in self.headers:
                file.write(struct.pack("<IIQQQQQQ", *header))
            file.seek(32)
            file.write(struct.pack("<Q", at))
            file.seek(56)
            file.write(struct.pack("<H", len(self.headers)))
        return self.path
