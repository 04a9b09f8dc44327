// SPDX-License-Identifier: GPL-3.0-or-later
/* Which log buffer the kernel has, and what its readers share; see log.h and log_internal.h. */
#include "kernel/system/log_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/system/system.h"

void log_window_open(struct log_window *window, struct kernel *kernel, uint64_t address,
		     uint64_t size)
{
	window->kernel = kernel;
	window->address = address;
	window->size = size;
	window->start = 0;
}

/* Moves the window so that it begins with the page of ADDRESS. */
static void window_move(struct log_window *window, uint64_t address)
{
	struct memory *memory = window->kernel->memory;
	uint64_t end = window->address + window->size;
	unsigned pages = LOG_WINDOW_PAGES;

	window->start = address & ~(uint64_t)(LOG_PAGE - 1);
	if ((end - window->start + LOG_PAGE - 1) / LOG_PAGE < pages)
		pages = (end - window->start + LOG_PAGE - 1) / LOG_PAGE;
	memset(window->valid, 0, sizeof(window->valid));
	if (memory_read(memory, window->start, window->data, pages * LOG_PAGE, NULL)) {
		memset(window->valid, 1, pages);
		return;
	}
	for (unsigned i = 0; i < pages; i++)
		window->valid[i] = memory_read(memory, window->start + i * LOG_PAGE,
					       window->data + i * LOG_PAGE, LOG_PAGE, NULL);
}

bool log_window_read(struct log_window *window, uint64_t offset, void *buffer, size_t size,
		     struct error *error)
{
	uint8_t *to = buffer;

	if (offset > window->size || size > window->size - offset)
		return error_set(error, ERROR_CORRUPT,
				 "%zu bytes at offset 0x%llx lie outside of the log buffer", size,
				 (unsigned long long)offset);
	while (size) {
		uint64_t address = window->address + offset;
		size_t run;

		if (!window->start || address < window->start ||
		    address - window->start >= sizeof(window->data))
			window_move(window, address);
		run = LOG_PAGE - address % LOG_PAGE;
		if (run > size)
			run = size;
		if (window->valid[(address - window->start) / LOG_PAGE])
			memcpy(to, window->data + (address - window->start), run);
		else if (!memory_read(window->kernel->memory, address, to, run,
				      error)) /* says why */
			return error_prefix(error, "the log buffer");
		to += run;
		offset += run;
		size -= run;
	}
	return true;
}

void log_lost(struct log_losses *losses, const struct error *why, const char *format, ...)
{
	va_list arguments;

	if (losses->lost++)
		return;
	if (why) {
		losses->first = *why;
		return;
	}
	losses->first.kind = ERROR_CORRUPT;
	va_start(arguments, format);
	vsnprintf(losses->first.text, sizeof(losses->first.text), format, arguments);
	va_end(arguments);
}

void log_damaged(struct log_losses *losses, const char *format, ...)
{
	va_list arguments;

	if (losses->damaged++)
		return;
	va_start(arguments, format);
	vsnprintf(losses->first_damaged.text, sizeof(losses->first_damaged.text), format, arguments);
	va_end(arguments);
}

void log_set_time(struct log_losses *losses, struct log_record *record, uint64_t number, uint64_t timestamp)
{
	record->timestamp = timestamp;
	record->timestamp_unknown = timestamp > LONGEST_UPTIME_NS;
	if (record->timestamp_unknown)
		log_damaged(losses, "record %llu: no machine has been up for %llu seconds", (unsigned long long)number,
			    (unsigned long long)(timestamp / 1000000000));
}

bool log_finish(const struct log_losses *losses, struct error *error)
{
	struct error damaged = { .kind = ERROR_NONE };

	if (losses->damaged)
		error_set(&damaged, ERROR_PARTIAL, "%llu record%s of the log %s damaged; the first: %s",
			  (unsigned long long)losses->damaged, losses->damaged == 1 ? "" : "s", losses->damaged == 1 ? "is" : "are",
			  losses->first_damaged.text);
	if (!losses->lost)
		return !losses->damaged || error_set(error, damaged.kind, "%s", damaged.text);
	return error_set(error, losses->first.kind,
			 "%llu record%s of the log could not be read; the first: %s%s%s",
			 (unsigned long long)losses->lost, losses->lost == 1 ? "" : "s",
			 losses->first.text, losses->damaged ? "; " : "", damaged.text);
}

bool log_member(struct kernel *kernel, const char *type, const char *name, size_t size,
		struct member *member_ret, struct error *error)
{
	uint64_t offset;
	char key[128];

	if (kernel->types && types_member(kernel->types, type, name, member_ret, NULL))
		return true;
	snprintf(key, sizeof(key), "OFFSET(%s.%s)", type, name);
	if (!dump_vmcoreinfo_number(kernel->dump, key, 10, &offset) || offset > UINT16_MAX)
		return error_set(error, ERROR_NO_MEMBER,
				 "neither the types nor VMCOREINFO know where %s.%s is", type,
				 name);
	*member_ret = (struct member){
		.offset = offset, .size = size, .kind = TYPE_INTEGER, .type_name = ""
	};
	return true;
}

bool log_type_size(struct kernel *kernel, const char *type, uint64_t *size_ret, struct error *error)
{
	char key[128];

	if (kernel->types && types_size(kernel->types, type, size_ret, NULL) && *size_ret)
		return true;
	snprintf(key, sizeof(key), "SIZE(%s)", type);
	if (!dump_vmcoreinfo_number(kernel->dump, key, 10, size_ret) || *size_ret == 0)
		return error_set(error, ERROR_NO_MEMBER,
				 "neither the types nor VMCOREINFO know how big %s is", type);
	return true;
}

/* A log buffer is in memory that can be read; `prb` and the like are pointers or numbers, never both 0 and alone. */
static bool is_plausible(struct kernel *kernel, uint64_t address)
{
	uint64_t pointer, word;

	return kernel_read_pointer(kernel, address, &pointer, NULL) && pointer &&
	       (!kernel->arch->is_kernel_address(kernel->memory, pointer) ||
		kernel_read_pointer(kernel, pointer, &word, NULL));
}

bool log_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret, struct error *error)
{
	char key[128];

	/* The kernel's own word goes first: the name may be there twice. */
	if (kernel->symbols && kernel_symbol_like(kernel, name, is_plausible, address_ret, NULL))
		return true;
	/* vmcore_info.c prints run-time addresses. */
	snprintf(key, sizeof(key), "SYMBOL(%s)", name);
	if (!dump_vmcoreinfo_number(kernel->dump, key, 16, address_ret))
		return error_set(error, ERROR_NO_SYMBOL, "the kernel has no symbol %s", name);
	return true;
}

struct counting {
	bool (*callback)(void *context, const struct log_record *record);
	void *context;
	bool any;
};

static bool count_record(void *context, const struct log_record *record)
{
	struct counting *counting = context;

	counting->any = true;
	return counting->callback(counting->context, record);
}

bool log_for_each(struct kernel *kernel,
		  bool (*callback)(void *context, const struct log_record *record), void *context,
		  struct error *error)
{
	struct counting counting = { .callback = callback, .context = context };
	uint64_t address;
	bool whole;

	if (log_symbol(kernel, "prb", &address, NULL))
		whole = log_ring_for_each(kernel, count_record, &counting, error);
	else if (log_symbol(kernel, "log_first_idx", &address, NULL))
		whole = log_records_for_each(kernel, count_record, &counting, error);
	else
		return error_set(error, ERROR_NO_SYMBOL,
			 "the kernel log cannot be found: vmlinux has neither the symbol prb (5.10 "
			 "and later) nor "
			 "log_first_idx (3.5 to 5.9); was the kernel built without CONFIG_PRINTK?");
	/* The first thing that a kernel does is to say its name, and clearing (dmesg -C) takes nothing out. */
	if (whole && !counting.any)
		return error_set(error, ERROR_CORRUPT, "the kernel log says of itself that it is empty: its indices are damaged");
	return whole;
}
