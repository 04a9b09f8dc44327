/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine as a whole: what `sys` shows. Every field may be missing on its own; then it is "", 0
 * where 0 cannot be, or its _valid or _known is false, and `unknown` says why.
 */
#ifndef VMCORE_KERNEL_SYSTEM_H
#define VMCORE_KERNEL_SYSTEM_H

#include "base/buffer.h"
#include "kernel/kernel.h"

#define SYSTEM_MAX_SURVIVED 16

/* A hundred years: what says that it is more is damaged. */
#define LONGEST_UPTIME_NS (100ull * 365 * 86400 * 1000000000)

/* An oops that killed a task and not the machine. */
struct system_oops {
	uint64_t timestamp;	/* as struct log_record's */
	bool timestamp_unknown;
	char text[200];
};

struct system_info {
	char nodename[65], release[65], version[65], machine[65], domainname[65];
	uint64_t memory_bytes;		/* totalram, as the kernel counts it */
	uint64_t uptime_ns;		/* since boot, at the crash; 0 = unknown */
	uint64_t wall_seconds;		/* date of the crash, seconds since 1970; 0 = unknown */
	double load[3];
	bool load_valid;
	bool taint_known;
	uint64_t taint_mask;
	/* "G  OE": as the kernel prints them, without spaces; "" = not tainted */
	char taint_letters[40];
	/* the panic message, or the oops's headline from the log; "" = did not panic */
	char panic[420];
	bool panic_known;	/* the log could be read as a whole; else panic is "" */
	char panic_hint[420];	/* what the rest of the log says, where it could not */
	bool running;		/* the kernel's own word: nobody panicked */
	struct system_oops survived[SYSTEM_MAX_SURVIVED];
	size_t nr_survived;	/* may be more than there is room for */
	unsigned cpus_online, cpus_possible;	/* 0 = unknown */
	char cpus_offline[256];			/* of those that were there: "1,4-9"; "" = none */
	bool cpus_offline_known;
	size_t nr_tasks;
	bool tasks_whole;	/* else there are at least nr_tasks */
	bool uptime_from_jiffies;
	/* "" or "the load average (why); ...": what could not be read */
	char unknown[1024];
};

/*
 * The clocks at the last tick before the end. The offset holds for then: earlier corrections of the
 * clock are not known.
 */
struct system_clock {
	/* since boot, with time asleep, as /proc/uptime; 0 = unknown */
	uint64_t uptime_ns;
	uint64_t wall_seconds;		/* since 1970; 0 = unknown */
	/* wall clock minus monotonic clock, that is the date of boot if it never slept */
	int64_t wall_offset_ns;
	bool wall_valid;
	/* the timekeeper was not readable: uptime is counted ticks */
	bool from_jiffies;
};

bool system_clock(struct kernel *kernel, struct system_clock *clock, struct error *error);
bool system_info(struct kernel *kernel, struct system_info *info, struct error *error);
/*
 * The letters of the bits set in MASK; with OTHERS also those the kernel prints for clear bits
 * ("G").
 */
void system_taint_letters(struct kernel *kernel, uint64_t mask, bool others, char *buffer,
			  size_t size);
/* Appends each taint's letter and meaning for MASK, one per line. */
void system_taint_text(struct kernel *kernel, uint64_t mask, struct buffer *text);
/*
 * The configuration (IKCONFIG), decompressed. ERROR_NO_SYMBOL where the kernel was built without.
 */
bool system_config(struct kernel *kernel, struct buffer *text, struct error *error);
/* That of a file which has nothing but its name to tell that it is this kernel's; *path gets the name. ERROR_NO_SYMBOL where there is none. */
bool system_config_file(struct kernel *kernel, struct buffer *text, struct buffer *path, struct error *error);
/*
 * The system call table: calls back number, entry address, name ("read"; "ni_syscall" where there
 * is none; "" unknown).
 */
bool system_calls(struct kernel *kernel,
		  bool (*callback)(void *context, unsigned number, uint64_t address,
				   const char *name),
		  void *context, struct error *error);

#endif
