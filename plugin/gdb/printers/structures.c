// SPDX-License-Identifier: GPL-3.0-or-later
/* Sets of CPUs and nodes, heads of lists, names, pages. */
#include "gdb/printers/printers.h"

#include <inttypes.h>

#include "commands/output_escape.h"
#include "gdb/python/python.h"
#include "kernel/containers.h"
#include "kernel/memory/page.h"

#define MAX_COUNTED 1000	/* entries of a list: it may be one of very many that are shown at once */
#define MAX_NAME    255		/* NAME_MAX */

/* --- sets --- */

struct set {
	struct buffer *text;
	int64_t first, last;	/* of the run that grows; -1 = none */
};

static void end_run(struct set *set)
{
	if (set->first < 0)
		return;
	buffer_printf(set->text, "%s%" PRId64, set->text->size ? "," : "", set->first);
	if (set->last > set->first)
		buffer_printf(set->text, "-%" PRId64, set->last);
	set->first = -1;
}

static void add_bit(struct set *set, int64_t bit)
{
	if (set->first >= 0 && bit == set->last + 1) {
		set->last = bit;
		return;
	}
	end_run(set);
	set->first = set->last = bit;
}

/* VALUE.bits as "0-3,8", of LIMIT bits at most (0: all that there are). */
static bool bits_text(PyObject *value, int64_t limit, uint64_t word_bits, struct buffer *text)
{
	struct set set = { .text = text, .first = -1 };
	PyObject *bits = PyMapping_GetItemString(value, "bits"), *type = bits ? PyObject_GetAttrString(bits, "type") : NULL;
	PyObject *size = type ? PyObject_GetAttrString(type, "sizeof") : NULL;
	uint64_t bytes, word;
	bool done = size && value_to_u64(size, &bytes);

	for (uint64_t i = 0; done && i < bytes * 8 / word_bits && (!limit || (int64_t)(i * word_bits) < limit); i++) {
		PyObject *index = PyLong_FromUnsignedLongLong(i), *item = index ? PyObject_GetItem(bits, index) : NULL;

		done = item && value_to_u64(item, &word);
		for (uint64_t bit = 0; done && bit < word_bits; bit++)
			if (word >> bit & 1 && (!limit || (int64_t)(i * word_bits + bit) < limit))
				add_bit(&set, (int64_t)(i * word_bits + bit));
		Py_XDECREF(item);
		Py_XDECREF(index);
	}
	end_run(&set);
	if (done && !text->size)
		buffer_string(text, "none");
	Py_XDECREF(size);
	Py_XDECREF(type);
	Py_XDECREF(bits);
	return done;
}

/* Where masks are allocated they have room for the CPUs that there may be, and what is behind is another's (CONFIG_CPUMASK_OFFSTACK). */
static bool cpumask_text(struct session *session, PyObject *value, struct buffer *text)
{
	return session->kernel->nr_cpu_ids && bits_text(value, session->kernel->nr_cpu_ids, session->kernel->arch->pointer_size * 8, text);
}

static bool nodemask_text(struct session *session, PyObject *value, struct buffer *text)
{
	return bits_text(value, 0, session->kernel->arch->pointer_size * 8, text);
}

/* --- lists --- */

static bool count_entry(void *context, uint64_t entry, struct error *error)
{
	(void)entry;
	(void)error;
	return ++*(unsigned *)context <= MAX_COUNTED;
}

/* It may be a head or an entry, which looks the same: others on the list are counted. */
static bool list_text(struct session *session, PyObject *value, struct buffer *text)
{
	struct error error = { 0 };
	unsigned count = 0;
	uint64_t head, next;
	bool whole;

	if (!python_member(value, "address", &head) || !printer_number(value, "next", &next) || !session->kernel->arch->is_kernel_address(session->kernel->memory, head))
		return false;
	session_hold(session);
	whole = next == head || list_for_each(session->kernel, head, 0, count_entry, &count, &error);
	session_release(session);
	if (count > MAX_COUNTED)
		buffer_printf(text, "more than %u others", MAX_COUNTED);
	else if (whole && !count)
		buffer_string(text, "empty");
	else if (whole)
		buffer_printf(text, "%u other%s", count, count == 1 ? "" : "s");
	return count > MAX_COUNTED || whole;
}

/* --- names --- */

static bool name_text(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t name, length;
	char string[MAX_NAME];
	bool known;

	if (!printer_number(value, "name", &name) || !printer_number(value, "len", &length) || !name || length > MAX_NAME)
		return false;
	session_hold(session);
	known = memory_read(session->kernel->memory, name, string, length, NULL);
	session_release(session);
	if (known) {
		buffer_char(text, '"');
		escape_text(text, string, length, false);
		buffer_char(text, '"');
	}
	return known;
}

static bool dentry_text(struct session *session, PyObject *value, struct buffer *text)
{
	PyObject *name = PyMapping_GetItemString(value, "d_name");
	bool known = name && name_text(session, name, text);

	Py_XDECREF(name);
	return known;
}

static bool page_text(struct session *session, PyObject *value, struct buffer *text)
{
	uint64_t flags;

	if (!printer_number(value, "flags", &flags))
		return false;
	session_hold(session);
	page_flags_text(session->kernel, flags, text);
	session_release(session);
	return text->size > 0;
}

const struct printer printers_structures[] = {
	{ "cpumask", .text = cpumask_text },
	{ "cpumask_t", .text = cpumask_text },
	{ "nodemask_t", .text = nodemask_text },
	{ "list_head", .text = list_text, .members = true },
	{ "qstr", .text = name_text },
	{ "dentry", .text = dentry_text, .members = true },
	{ "page", .text = page_text, .members = true },
	{ 0 },
};
