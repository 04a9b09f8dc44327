// SPDX-License-Identifier: GPL-3.0-or-later
/* What signals, their codes and the flags of their actions are called: asm-generic/signal.h, siginfo.h and signal-defs.h. */
#include <stdio.h>
#include <string.h>

#include "kernel/tasks/signals.h"

#define REAL_TIME 32

void signal_name(unsigned number, char *name)
{
	static const char *const names[REAL_TIME] = {
		"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
		"CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
	};

	if (number == REAL_TIME)
		snprintf(name, SIGNAL_NAME, "SIGRTMIN");
	else if (number == SIGNALS_MAX)
		snprintf(name, SIGNAL_NAME, "SIGRTMAX");
	else if (number > REAL_TIME && number < SIGNALS_MAX)
		snprintf(name, SIGNAL_NAME, "SIGRTMIN+%u", number - REAL_TIME);
	else if (number && number < REAL_TIME)
		snprintf(name, SIGNAL_NAME, "SIG%s", names[number]);
	else
		snprintf(name, SIGNAL_NAME, "%u", number % 1000000);
}

void signal_set_names(uint64_t set, struct buffer *text)
{
	char name[SIGNAL_NAME];

	for (unsigned i = 0; i < SIGNALS_MAX; i++) {
		if (!(set >> i & 1))
			continue;
		signal_name(i + 1, name);
		buffer_printf(text, "%s%s", text->size ? " " : "", name);
	}
}

const char *signal_code_name(const struct signal_entry *entry)
{
	static const struct {
		int32_t number, code;	/* number 0 = of any signal */
		const char *name;
	} names[] = {
		{ 0, 0, "SI_USER" }, { 0, 0x80, "SI_KERNEL" }, { 0, -1, "SI_QUEUE" }, { 0, -2, "SI_TIMER" }, { 0, -3, "SI_MESGQ" },
		{ 0, -4, "SI_ASYNCIO" }, { 0, -5, "SI_SIGIO" }, { 0, -6, "SI_TKILL" }, { 0, -7, "SI_DETHREAD" }, { 0, -60, "SI_ASYNCNL" },
		{ 11, 1, "SEGV_MAPERR" }, { 11, 2, "SEGV_ACCERR" }, { 7, 1, "BUS_ADRALN" }, { 7, 2, "BUS_ADRERR" }, { 7, 3, "BUS_OBJERR" },
		{ 17, 1, "CLD_EXITED" }, { 17, 2, "CLD_KILLED" }, { 17, 3, "CLD_DUMPED" }, { 17, 4, "CLD_TRAPPED" }, { 17, 5, "CLD_STOPPED" },
		{ 17, 6, "CLD_CONTINUED" }, { 5, 1, "TRAP_BRKPT" }, { 5, 2, "TRAP_TRACE" }, { 31, 1, "SYS_SECCOMP" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == entry->code && (!names[i].number || names[i].number == entry->number))
			return names[i].name;
	return NULL;
}

void signal_flags_text(uint64_t flags, struct buffer *text)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{ 0x1, "SA_NOCLDSTOP" }, { 0x2, "SA_NOCLDWAIT" }, { 0x4, "SA_SIGINFO" }, { 0x800, "SA_EXPOSE_TAGBITS" },
		{ 0x800000, "SA_IMMUTABLE" }, { 0x4000000, "SA_RESTORER" }, { 0x8000000, "SA_ONSTACK" }, { 0x10000000, "SA_RESTART" },
		{ 0x40000000, "SA_NODEFER" }, { 0x80000000, "SA_RESETHAND" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (flags & names[i].flag)
			buffer_printf(text, "%s%s", text->size ? "|" : "", names[i].name);
		flags &= ~names[i].flag;
	}
	if (flags)
		buffer_printf(text, "%s0x%llx", text->size ? "|" : "", (unsigned long long)flags);
}
