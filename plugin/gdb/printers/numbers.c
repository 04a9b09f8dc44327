// SPDX-License-Identifier: GPL-3.0-or-later
/* Structures and typedefs that are one number: counters, ids, device numbers, times, flags. */
#include "gdb/printers/printers.h"

#include <inttypes.h>

#include "kernel/memory/page.h"

#define MAX_NAMED_FLAGS 128	/* of gfpflag_names, which ends with a NULL */

/* include/linux/kdev_t.h: MINORBITS is 20. */
static bool device_text(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t number;

	(void)session;
	if (!printer_number(value, "", &number))
		return false;
	buffer_printf(text, "%" PRIu64 ":%" PRIu64, (number & UINT32_MAX) >> 20, number & 0xfffff);
	return true;
}

/* Nanoseconds; a union with the one member tv64 before 4.10 (2456e8553544). */
static bool time_text(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t number, size;
	int64_t time;

	(void)session;
	if (!printer_number(value, "", &number)) {
		PyErr_Clear();
		if (!printer_number(value, "tv64", &number))
			return false;
	}
	time = (int64_t)number;
	size = time < 0 ? -number : number;
	if (time == INT64_MAX)
		buffer_string(text, "KTIME_MAX");
	else
		buffer_printf(text, "%s%" PRIu64 ".%09" PRIu64 " s", time < 0 ? "-" : "", size / 1000000000, size % 1000000000);
	return true;
}

/* By the kernel's own table of names, with which it prints %pGg (since 4.6: edf14cdbf9a0). */
static bool gfp_names(struct kernel *kernel, uint64_t flags, struct buffer *text)
{
	struct member mask, name;
	uint64_t table, at, bits, string, size;
	char word[48];

	if (!kernel_symbol(kernel, "gfpflag_names", &table, NULL) || !types_member(kernel->types, "trace_print_flags", "mask", &mask, NULL) ||
	    !types_member(kernel->types, "trace_print_flags", "name", &name, NULL) || !types_size(kernel->types, "trace_print_flags", &size, NULL))
		return false;
	for (at = table; flags && at < table + MAX_NAMED_FLAGS * size; at += size) {
		if (!kernel_read_field(kernel, at, &mask, &bits, NULL) || !kernel_read_field(kernel, at, &name, &string, NULL))
			return false;
		if (!string)
			break;
		if (!bits || (flags & bits) != bits)
			continue;
		if (!memory_read_string(kernel->memory, string, word, sizeof(word), NULL))
			return false;
		buffer_printf(text, "%s%s", text->size ? "|" : "", word);
		flags &= ~bits;
	}
	if (flags || !text->size)
		buffer_printf(text, "%s%s%" PRIx64, text->size ? "|" : "", flags ? "0x" : "", flags);
	return true;
}

static bool gfp_text(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t flags;
	bool known;

	if (!printer_number(value, "", &flags))
		return false;
	session_hold(session);
	known = gfp_names(session->kernel, flags & UINT32_MAX, text);
	session_release(session);
	return known;
}

/* A type of its own since 6.18 (memdesc_flags_t). */
static bool page_flags(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t flags;

	if (!printer_number(value, "f", &flags))
		return false;
	session_hold(session);
	page_flags_text(session->kernel, flags, text);
	session_release(session);
	return text->size > 0;
}

const struct printer printers_numbers[] = {
	{ "atomic_t", .member = "counter" },
	{ "atomic64_t", .member = "counter" },
	{ "atomic_long_t", .member = "counter" },
	{ "refcount_t", .member = "refs.counter" },
	{ "refcount_struct", .member = "refs.counter" },
	{ "kuid_t", .member = "val" },
	{ "kgid_t", .member = "val" },
	{ "kprojid_t", .member = "val" },
	{ "dev_t", .text = device_text },
	{ "ktime_t", .text = time_text },
	{ "ktime", .text = time_text },
	{ "gfp_t", .text = gfp_text },
	{ "memdesc_flags_t", .text = page_flags },
	{ 0 },
};
