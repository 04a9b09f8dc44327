// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is built into the kernel image: its configuration (IKCONFIG) and the system call table; see
 * system.h.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "kernel/system/system.h"

/* A configuration has 300 KB, compressed 70 KB; more than this is damage. */
#define MAX_COMPRESSED (4u << 20)
#define MAX_CONFIG (32u << 20)
#define MAX_SYSTEM_CALLS 4096

/* Up to where kernel_config_data may go. */
static uint64_t config_end(struct kernel *kernel, const struct symbol *start)
{
	const struct symbol *end = symtab_find(kernel->symbols, "kernel_config_data_end");

	if (end && end->address > start->address)	/* 5.1 and later, 13610aa908dc */
		return end->address;
	return start->address + (start->size ? start->size : MAX_COMPRESSED);
}

static bool inflate_config(const uint8_t *data, size_t size, struct buffer *text,
			   struct error *error)
{
	z_stream stream = { .next_in = (Bytef *)data, .avail_in = size };
	uint8_t piece[16384];
	int status = Z_OK;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)	/* 16: a gzip header */
		return error_no_memory(error, "the kernel's configuration", size);
	while (status == Z_OK && text->size < MAX_CONFIG && !text->failed) {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		status = inflate(&stream, Z_NO_FLUSH);
		buffer_append(text, piece, sizeof(piece) - stream.avail_out);
	}
	inflateEnd(&stream);
	if (text->failed)
		return error_no_memory(error, "the kernel's configuration", text->size);
	if (status != Z_STREAM_END)
		return error_set(error, ERROR_CORRUPT,
				 "the kernel's configuration cannot be decompressed");
	return true;
}

bool system_config(struct kernel *kernel, struct buffer *text, struct error *error)
{
	const struct symbol *start = symtab_find(kernel->symbols, "kernel_config_data");
	const uint8_t *gzip;
	uint64_t size;
	uint8_t *data;
	bool good;

	if (!start)
		return error_set(error, ERROR_NO_SYMBOL,
				 "the kernel does not carry its configuration: it was built without CONFIG_IKCONFIG=y");
	size = config_end(kernel, start) - start->address;
	if (size > MAX_COMPRESSED)
		size = MAX_COMPRESSED;
	data = malloc(size);
	if (!data)
		return error_no_memory(error, "the kernel's configuration", size);
	good = memory_read(kernel->memory, start->address, data, size, error);
	if (good) {
		/* Before 5.1 the array begins with the marker IKCFG_ST. */
		gzip = memmem(data, size < 64 ? size : 64, "\x1f\x8b\x08", 3);
		good = gzip ? inflate_config(gzip, size - (gzip - data), text, error)
			    : error_set(error, ERROR_CORRUPT,
					"kernel_config_data does not hold gzip data");
	}
	free(data);
	return good;
}

/* "__x64_sys_read" -> "read". NAME of something else stays as it is. */
static const char *call_name(const char *name)
{
	static const char *const prefixes[] = {
		"__x64_sys_",	"__ia32_sys_", "__x32_compat_sys_", "__ia32_compat_sys_",
		"__arm64_sys_", "__s390x_sys_", "__s390_sys_", "__se_sys_", "__do_sys_", "sys_",
		"SyS_", "compat_SyS_", "compat_sys_", "stub_",	/* before 4.17 */
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], length) == 0)
			return name + length;
	}
	return name;
}

/* Assembly gives its symbols no size (s390x): such a table ends where the next symbol is. */
static uint64_t table_size(const struct symtab *symbols, const struct symbol *table)
{
	uint64_t end = UINT64_MAX;

	if (table->size)
		return table->size;
	for (size_t i = 0; i < symtab_count(symbols); i++) {
		uint64_t address = symtab_get(symbols, i)->address;

		if (address > table->address && address < end)
			end = address;
	}
	return end - table->address;
}

bool system_calls(struct kernel *kernel,
		  bool (*callback)(void *context, unsigned number, uint64_t address,
				   const char *name),
		  void *context, struct error *error)
{
	/*
	 * Since 6.9 (1e3ad78334a6) x86 calls through a switch in x64_sys_call(); the table is still
	 * there, with the same contents, for tracing.
	 */
	const struct symbol *table = symtab_find(kernel->symbols, "sys_call_table");
	unsigned word = kernel->arch->pointer_size;
	uint8_t *entries;
	uint64_t size, count;

	if (!table)
		return error_set(error, ERROR_NO_SYMBOL, "the kernel has no symbol sys_call_table");
	size = table_size(kernel->symbols, table);
	count = size / word;
	if (count == 0 || count > MAX_SYSTEM_CALLS)
		return error_set(error, ERROR_CORRUPT, "sys_call_table has %llu bytes",
				 (unsigned long long)size);
	entries = malloc(count * word);
	if (!entries)
		return error_no_memory(error, "the system call table", count * word);
	if (!memory_read(kernel->memory, table->address, entries, count * word, error)) {
		free(entries);
		return error_prefix(error, "sys_call_table");
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t address = memory_decode(kernel->memory, entries + i * word, word);
		const struct symbol *symbol = symtab_lookup(kernel->symbols, address);

		if (!callback(context, i, address,
			      symbol && symbol->address == address ? call_name(symbol->name) : ""))
			break;
	}
	free(entries);
	return true;
}
