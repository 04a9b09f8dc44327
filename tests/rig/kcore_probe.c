// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Runs inside of a guest: opens the live /proc/kcore as the plugin would and compares what it finds in the running kernel's
 * memory with what the kernel says of itself. Prints one line per fact; "kcore: good" at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "arch/arch.h"
#include "dump/dump.h"

static int fail(const char *what, const struct error *error)
{
	printf("kcore: FAILED: %s: %s\n", what, error ? error->text : "");
	return 1;
}

/* The address of NAME in /proc/kallsyms; 0 if it is not there. */
static uint64_t kallsyms(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], symbol[256], letter;
	unsigned long long address, found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %c %255s", &address, &letter, symbol) == 3 && !strcmp(symbol, name))
			found = address;
	if (file)
		fclose(file);
	return found;
}

int main(void)
{
	const char *path = "/proc/kcore";
	char version[512] = "", banner[512] = "";
	struct error error = { 0 };
	struct memory *memory;
	struct utsname uts;
	struct dump *dump;
	FILE *file = fopen("/proc/version", "r");
	uint64_t uts_ns, offset = 0;
	bool named;
	char release[65] = "";
	size_t length;
	const char *said;

	if (!dump_probe(path))
		return fail("not recognized", NULL);
	if (!dump_open(&path, 1, &dump, &error))
		return fail("dump_open", &error);
	printf("kcore: %zu ranges, up to page 0x%llx, VMCOREINFO %s\n", dump->nr_ranges, (unsigned long long)dump->max_pfn,
	       dump->vmcoreinfo ? "there" : "missing");
	if (!memory_open(dump, &memory, &error))
		return fail("memory_open", &error);
	uname(&uts);
	said = dump_vmcoreinfo(dump, "OSRELEASE", &length);
	if (!said || length != strlen(uts.release) || memcmp(said, uts.release, length))
		return fail("OSRELEASE is not uname -r", NULL);
	if (!file || !fgets(version, sizeof(version), file))
		return fail("/proc/version", NULL);
	if (!memory_read(memory, kallsyms("linux_banner"), banner, strlen(version), &error))
		return fail("linux_banner", &error);
	if (strcmp(banner, version))
		return fail("linux_banner is not /proc/version", NULL);
	if (!dump_vmcoreinfo_number(dump, "SYMBOL(init_uts_ns)", 16, &uts_ns))
		return fail("no init_uts_ns in VMCOREINFO", NULL);
	/* Since 5.11 (ca4a9241cc5e). */
	named = dump_vmcoreinfo_number(dump, "OFFSET(uts_namespace.name)", 10, &offset);
	/* struct new_utsname: sysname, nodename, release, of 65 bytes each. */
	if (named && !memory_read_string(memory, uts_ns + offset + 2 * 65, release, sizeof(release), &error))
		return fail("init_uts_ns", &error);
	if (named && strcmp(release, uts.release))
		return fail("init_uts_ns's release is not uname -r", NULL);
	memory_close(memory);
	dump_close(dump);
	printf("kcore: good\n");
	return 0;
}
