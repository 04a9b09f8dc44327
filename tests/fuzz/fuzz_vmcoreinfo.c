// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * VMCOREINFO's text: taken from memory, looked up, and what the machine's page tables are set up from. The input is the text;
 * memory are pages that hold it, so that the search is run too, and page tables full of it.
 */
/* max_len=1024 */
#include "fuzz.h"

#include <elf.h>

#include "arch/arch.h"
#include "dump/notes.h"
#include "dump/vmcoreinfo.h"

struct text {
	const uint8_t *data;
	size_t size;
};

static bool read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	const struct text *text = dump->private;
	uint8_t *page = buffer;

	if (pfn >= 8)
		return error_set(error, ERROR_NOT_MAPPED, "no page %llu", (unsigned long long)pfn);
	memset(page, 0, 4096);
	/* Page 3 holds the text as the kernel's own page does; the others start somewhere in it. */
	if (pfn == 3)
		memcpy(page, text->data, text->size);
	else if (pfn < text->size)
		memcpy(page, text->data + pfn, text->size - pfn);
	return true;
}

static const struct dump_format format = { .name = "text", .read_page = read_page };

static void translate(struct dump *dump)
{
	static const uint64_t addresses[] = { 0, 0xffffffff81000000, 0xffff888000000000, 0xffffc90000001000, 0x7fff00001000, UINT64_MAX };
	struct memory *memory = NULL;
	struct error error = { 0 };
	uint8_t bytes[64];

	if (!memory_open(dump, &memory, &error)) {
		fuzz_failed(&error);
		return;
	}
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct translation translation;

		if (!memory_translate(memory, 0, addresses[i], &translation, &error))
			fuzz_failed(&error);
		else
			FUZZ_CHECK(translation.run && translation.run <= translation.page_size);
		if (!memory_translate(memory, 0x2000, addresses[i], &translation, &error))
			fuzz_failed(&error);
		if (!memory_read(memory, addresses[i], bytes, sizeof(bytes), &error))
			fuzz_failed(&error);
	}
	memory_close(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "OSRELEASE", "PAGESIZE", "NUMBER(phys_base)", "KERNELOFFSET", "SYMBOL(prb)", "" };
	static struct dump_range range = { .size = 8 * 4096 };
	struct text text = { data, size };
	struct dump dump = { .format = &format, .private = &text, .machine = EM_X86_64, .is_64bit = true, .page_size = 4096,
			     .page_shift = 12, .max_pfn = 8, .ranges = &range, .nr_ranges = 1 };
	struct error error = { 0 };
	uint64_t value;

	if (size > 4096)
		return 0;
	FUZZ_CHECK(vmcoreinfo_search(&dump, &error));
	if (!dump.vmcoreinfo)
		FUZZ_CHECK(notes_set_vmcoreinfo(&dump, data, size, &error));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t length = 0;
		const char *found = dump_vmcoreinfo(&dump, keys[i], &length);

		FUZZ_CHECK(!found || (found > dump.vmcoreinfo &&
				      found + length <= dump.vmcoreinfo + dump.vmcoreinfo_size));
		dump_vmcoreinfo_number(&dump, keys[i], i % 2 ? 10 : 16, &value);
	}
	translate(&dump);
	notes_free(&dump);
	return 0;
}
