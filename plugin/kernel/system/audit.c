// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/audit.h"

#include <string.h>

#include "kernel/containers.h"

#define HEADER 16	/* struct nlmsghdr: length (4), type (2), flags (2), sequence (4), port (4); user space's, it never changes */

static const struct {
	const char *symbol, *name;
} queues[] = {
	/* from 4.11 on */
	{ "audit_queue", "waiting" },
	{ "audit_retry_queue", "to be sent again" },
	{ "audit_hold_queue", "held" },
	/* before */
	{ "audit_skb_queue", "waiting" },
	{ "audit_skb_hold_queue", "held" },
};

struct walk {
	struct kernel *kernel;
	const char *queue;
	bool (*callback)(void *context, const struct audit_record *record);
	void *context;
	struct error *damage;
	bool enough;
	char text[AUDIT_MAX_TEXT];
};

static void damaged(struct walk *walk, const struct error *why)
{
	if (walk->damage->kind == ERROR_NONE)
		*walk->damage = *why;
}

static bool each_skb(void *context, uint64_t skb, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	struct audit_record record = { .queue = walk->queue, .skb = skb, .text = walk->text };
	struct error why = { .kind = ERROR_NONE };
	uint64_t data, length, size;
	uint8_t header[HEADER];

	if (!kernel_check_interrupt(kernel, error))
		return false;
	if (!kernel_read_member(kernel, skb, "sk_buff", "data", &data, &why) || !kernel_read_member(kernel, skb, "sk_buff", "len", &length, &why) ||
	    !memory_read(kernel->memory, data, header, HEADER, &why)) {
		damaged(walk, &why);
		return true;
	}
	if (length < HEADER) {
		error_set(&why, ERROR_CORRUPT, "the sk_buff at 0x%llx has %llu bytes, which is no message", (unsigned long long)skb,
			  (unsigned long long)length);
		damaged(walk, &why);
		return true;
	}
	record.type = memory_decode(kernel->memory, header + 4, 2);
	size = length - HEADER;
	record.size = size < AUDIT_MAX_TEXT ? size : AUDIT_MAX_TEXT;
	record.lost = size - record.size;
	if (record.size && !memory_read(kernel->memory, data + HEADER, walk->text, record.size, &why)) {
		record.lost = size;
		record.size = 0;
		damaged(walk, &why);
	} else if (record.lost) {
		error_set(&why, ERROR_CORRUPT, "the sk_buff at 0x%llx has %llu bytes, which no record has", (unsigned long long)skb,
			  (unsigned long long)length);
		damaged(walk, &why);
	}
	while (record.size && !walk->text[record.size - 1])
		record.size--;
	walk->enough = !walk->callback(walk->context, &record);
	return !walk->enough;
}

bool audit_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct audit_record *record), void *context,
		    struct error *damage, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context, .damage = damage };
	struct member next, first;
	bool any = false;

	if (!types_member(kernel->types, "sk_buff", "next", &next, error) || !types_member(kernel->types, "sk_buff_head", "next", &first, error))
		return false;
	if (next.offset || first.offset)
		return error_set(error, ERROR_UNSUPPORTED, "an sk_buff of this kernel does not begin with its links");
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]) && !walk.enough; i++) {
		struct error why = { .kind = ERROR_NONE };
		uint64_t head;

		if (!kernel_symbol(kernel, queues[i].symbol, &head, NULL))
			continue;
		any = true;
		walk.queue = queues[i].name;
		if (list_for_each(kernel, head, 0, each_skb, &walk, &why) || walk.enough)
			continue;
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			*error = why;
			return false;
		}
		damaged(&walk, &why);
	}
	return any || error_set(error, ERROR_NO_SYMBOL, "this kernel has no queue of audit records, or no name of it is known");
}
