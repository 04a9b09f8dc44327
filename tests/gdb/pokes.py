"""
Copies of an ELF dump with something changed: memory, pages left out as makedumpfile does, or the end cut off.

    with Poked(dump) as copy:
        copy.exclude(address)           # kernel addresses; the dump's own page tables are walked, on other machines than x86-64 by vtop
        copy.write(address, bytes)
        copy.write_word(address, 1)     # a pointer's or a long's worth, in the machine's order
        dump.gdb("kernel bt -a", vmcore=copy.save())
"""
import pathlib
import re
import shutil
import struct
import tempfile

from images import PAGE, PHNUM, PHOFF, elf_kind, note, notes, pack_program_header, program_headers

START_KERNEL_MAP = 0xffffffff80000000
ADDRESS_BITS = 0x000ffffffffff000


class Poked:
    def __init__(self, dump):
        names = ("vmcore.elf", "vmcore.qemu-elf")
        self.source = next(dump.directory / n for n in names if (dump.directory / n).exists())
        self.dump, self.known = dump, {}

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name) / "vmcore"
        shutil.copyfile(self.source, self.path)
        self.bits, self.order = elf_kind(self.path)
        self.headers = program_headers(self.path)
        text = next((data for name, _, data in notes(self.path) if name == "VMCOREINFO"), b"").decode()
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

    def locate(self, *addresses):
        """Where the pages of kernel addresses are. The whole dump is asked: what is to be damaged is found, and is not what is tested."""
        if self.dump.machine != "amd64":
            new = [address for address in dict.fromkeys(addresses) if address not in self.known]
            for at in range(0, len(new), 60):
                found = self.dump.json("kernel vtop " + " ".join(map(hex, new[at:at + 60])))["translations"]
                self.known.update({address: int(row["physical"], 16) for address, row in zip(new[at:at + 60], found, strict=True)})
        return [self.physical(address) for address in addresses]

    def physical(self, address):
        if self.dump.machine != "amd64":
            if address not in self.known:
                self.locate(address)
            return self.known[address]
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

    @property
    def word(self):
        return self.bits // 8

    def pack(self, value, size=None):
        """VALUE in the machine's order; SIZE: of a word."""
        return (value % (1 << 8 * (size or self.word))).to_bytes(size or self.word, "little" if self.order == "<" else "big")

    def write_word(self, address, value, size=None):
        self.write(address, self.pack(value, size))

    def read_word(self, address, size=None):
        return int.from_bytes(self.read(address, size or self.word), "little" if self.order == "<" else "big")

    def exclude(self, *addresses):
        """The pages that the addresses are in."""
        self.exclude_physical(*self.locate(*addresses))     # first all, then none is gone

    def exclude_physical(self, *addresses):
        for physical in {physical & -PAGE for physical in addresses}:
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

    def set_notes(self, given):
        """(name, type, data) each, in place of those there are; at the end of the file."""
        area = b"".join(note(*one, self.order) for one in given)
        with open(self.path, "r+b") as file:
            at = file.seek(0, 2)
            file.write(area)
        self.headers = [(kind, flags, at, virtual, start, len(area), len(area), align) if kind == 4 else
                        (kind, flags, offset, virtual, start, size, memory, align)
                        for kind, flags, offset, virtual, start, size, memory, align in self.headers]

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
                file.write(pack_program_header(self.bits, self.order, header))
            file.seek(PHOFF[self.bits])
            file.write(self.pack(at))
            file.seek(PHNUM[self.bits])
            file.write(self.pack(len(self.headers), 2))
        return self.path
