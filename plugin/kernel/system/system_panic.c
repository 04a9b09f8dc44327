// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Why the machine died, in one line, out of its log.
 *
 * panic() says it best. With kdump an oops does not get that far (oops_end() goes to the second
 * kernel at once), so then it is the oops: the line that names the cause, a few records above the
 * one with the "[#1]" counter.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kernel/system/log.h"
#include "kernel/system/system_internal.h"

struct findings {
	char panic[200];		/* "Kernel panic - not syncing: ..." */
	char sysrq[200];
	char cause[200];		/* the last line that may head an oops */
	uint64_t cause_sequence;
	char oops[200];			/* the last oops: its cause or its own line */
};

/*
 * The text of an oops comes within this many records of its cause ("#PF: ...", "PGD ..." stand
 * between).
 */
#define OOPS_DISTANCE 8

static void keep(char *line, size_t size, const struct log_record *record)
{
	size_t length = record->size < size ? record->size : size - 1;
	const char *newline = memchr(record->text, '\n', length);

	if (newline)
		length = newline - record->text;
	memcpy(line, record->text, length);
	line[length] = 0;
}

static bool starts(const struct log_record *record, const char *prefix)
{
	size_t length = strlen(prefix);

	return record->size >= length && memcmp(record->text, prefix, length) == 0;
}

/* Lines that say what happened before die() says that it did. */
static bool is_cause(const struct log_record *record)
{
	return starts(record, "BUG: ") || starts(record, "kernel BUG at ") ||
	       starts(record, "Unable to handle kernel ") ||
	       starts(record, "kernel tried to execute ") ||
	       starts(record, "unchecked MSR access error") ||
	       starts(record, "PANIC: double fault");
}

/* "Oops: 0002 [#1] PREEMPT SMP": die()'s counter is in every architecture's line. */
static bool is_die(const struct log_record *record)
{
	const char *mark = memmem(record->text, record->size, "[#", 2);

	return mark && mark + 2 < record->text + record->size && isdigit((unsigned char)mark[2]);
}

static bool look(void *context, const struct log_record *record)
{
	struct findings *found = context;

	if (starts(record, "Kernel panic - not syncing")) {
		/* A panic in the panic is a consequence. */
		if (!found->panic[0])
			keep(found->panic, sizeof(found->panic), record);
	} else if (starts(record, "sysrq: Trigger a crash") ||
		   starts(record, "sysrq: SysRq : Trigger a crash")) {
		keep(found->sysrq, sizeof(found->sysrq), record);
	} else if (is_cause(record)) {
		keep(found->cause, sizeof(found->cause), record);
		found->cause_sequence = record->sequence;
	} else if (is_die(record)) {
		if (found->cause[0] && record->sequence - found->cause_sequence <= OOPS_DISTANCE)
			memcpy(found->oops, found->cause, sizeof(found->oops));
		else
			keep(found->oops, sizeof(found->oops), record);
	}
	return true;
}

void system_panic(struct kernel *kernel, char *text, size_t size)
{
	struct findings found = { .cause_sequence = 0 };

	/* What could be read of a damaged log counts. */
	log_for_each(kernel, look, &found, NULL);
	if (found.oops[0] && strstr(found.panic, "Fatal exception"))
		/* panic_on_oops: the panic only repeats that there was an oops */
		snprintf(text, size, "%s (%s)", found.oops, found.panic);
	else if (found.panic[0])
		snprintf(text, size, "%s", found.panic);
	else if (found.sysrq[0])
		snprintf(text, size, "%s", found.sysrq);
	else
		snprintf(text, size, "%s", found.oops);
}
