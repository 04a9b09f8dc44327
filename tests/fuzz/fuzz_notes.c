// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Note areas and the registers in them. The first byte of the input: bit 0 big endian, bit 1 x86_64's registers too; the rest
 * is the area, and where the file holds less than the area is said to have.
 */
/* max_len=2048 */
#include "fuzz.h"

#include "arch/arch.h"
#include "dump/file.h"
#include "dump/notes.h"
#include "kernel/open/vmlinux.h"

static void registers_of(const struct dump *dump)
{
	for (size_t i = 0; i < dump->nr_notes; i++) {
		const struct dump_note *note = &dump->notes[i];
		struct registers registers = { 0 };
		struct error error = { 0 };
		char hex[65] = "";
		uint32_t pid;

		arch_x86_64.prstatus_pid(note->data, note->size, &pid);
		if (!arch_x86_64.prstatus_registers(note->data, note->size, &registers, &error))
			fuzz_failed(&error);
		else
			arch_x86_64.is_user(&registers);
		if (!arch_x86_64.qemu_registers(note->data, note->size, &registers, &error))
			fuzz_failed(&error);
		FUZZ_CHECK(!(registers.valid >> X86_NR_REGISTERS));
		vmlinux_build_id_from_notes(note->data, note->size, false, hex, sizeof(hex));
		FUZZ_CHECK(strlen(hex) < sizeof(hex));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dump_file *file;
	struct dump dump = { .is_64bit = true, .page_size = 4096, .page_shift = 12 };
	struct error error = { 0 };
	uint64_t value, said;

	if (size < 2 || size > 16384)
		return 0;
	said = size - 1 + data[0] / 4;
	dump.big_endian = data[0] & 1;
	const char *path = fuzz_file(0, data + 1, size - 1);

	/* The file stays open; only its contents change. */
	if (!file && !dump_file_open(path, &file, &error))
		return fuzz_failed(&error);
	file->raw_size = file->size = size - 1;
	FUZZ_CHECK(notes_read(&dump, file, 0, said, &error));
	FUZZ_CHECK(notes_read(&dump, file, size / 2, UINT64_MAX, &error));
	for (size_t i = 0; i < dump.nr_notes; i++)
		FUZZ_CHECK(dump.notes[i].size < size);
	if (data[0] & 2)
		registers_of(&dump);
	notes_find(&dump, "CORE", 1);
	dump_vmcoreinfo_number(&dump, "PAGESIZE", 10, &value);
	notes_free(&dump);
	return 0;
}
