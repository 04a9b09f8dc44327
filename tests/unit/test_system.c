// SPDX-License-Identifier: GPL-3.0-or-later
/* Clocks, taint, panic message, configuration and system calls of a hand-made kernel, and of a real dump where there is one. */
#include "test_kernel_image.h"
#include "kernel/open/open.h"
#include "test_kernel_set.h"

#include <zlib.h>

#include "base/buffer.h"
#include "kernel/modules/module.h"
#include "kernel/system/system.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

/* struct timekeeper of 6.1; tk_core is struct { seqcount; timekeeper } without a name. */
#define TIMEKEEPER \
	SIZE_OF("timekeeper", 280), \
	MEMBER("timekeeper", "tkr_mono.shift", 28, 4), \
	MEMBER("timekeeper", "tkr_mono.xtime_nsec", 32, 8), \
	MEMBER("timekeeper", "tkr_mono.base", 40, 8), \
	MEMBER("timekeeper", "xtime_sec", 112, 8), \
	MEMBER("timekeeper", "offs_real", 144, 8), \
	MEMBER("timekeeper", "offs_boot", 152, 8)

static const struct image_member members[] = {
	TIMEKEEPER,
	MEMBER("uts_namespace", "name", 0x10, 390),
	MEMBER("new_utsname", "nodename", 65, 65),
	MEMBER("new_utsname", "version", 195, 65),
	SIZE_OF("taint_flag", 4),
	MEMBER("taint_flag", "c_true", 0, 1),
	MEMBER("taint_flag", "c_false", 1, 1),
	{ 0 }
};
static const struct image_member members_613[] = {
	TIMEKEEPER,
	MEMBER("tk_data", "timekeeper", 16, 280),
	{ 0 }
};
static const struct image_member members_jiffies[] = {
	MEMBER("clocksource", "mult", 24, 4),
	MEMBER("clocksource", "shift", 28, 4),
	{ 0 }
};

static void put_timekeeper(struct image *image, uint64_t at)
{
	image_put_number(image, at + 28, 10, 4);
	image_put_number(image, at + 32, 500000000ull << 10, 8);
	image_put_number(image, at + 40, 7000000000, 8);
	image_put_number(image, at + 112, 1795322367, 8);
	image_put_number(image, at + 144, 1795322360000000000, 8);
	image_put_number(image, at + 152, 3000000000, 8);
}

static void check_clock(struct image *image)
{
	struct system_clock clock;

	assert_true(system_clock(&image->kernel, &clock, NULL));
	assert_int_equal(clock.uptime_ns, 10500000000);		/* 7 s, half a second since the tick, 3 s asleep */
	assert_int_equal(clock.wall_seconds, 1795322367);
	assert_true(clock.wall_valid);
	assert_int_equal(clock.wall_offset_ns, 1795322360000000000);
	assert_false(clock.from_jiffies);
	image_free(image);
}

static void clocks(void **state)
{
	struct image *image = image_new(members, NULL);

	(void)state;
	image_symbol(image, "tk_core", 0x1000, 288);		/* up to 6.12 */
	image_ready(image);
	put_timekeeper(image, 0x1008);
	check_clock(image);

	image = image_new(members_613, NULL);
	image_symbol(image, "tk_core", 0x1000, 600);		/* with a named type */
	image_ready(image);
	put_timekeeper(image, 0x1010);
	check_clock(image);

	image = image_new(members_613, NULL);
	image_symbol(image, "timekeeper_data", 0x1000, 600);	/* 7.2 */
	image_ready(image);
	put_timekeeper(image, 0x1010);
	check_clock(image);

	image = image_new(members, NULL);
	image_symbol(image, "timekeeper", 0x1000, 280);		/* 3.10 of RHEL 7 */
	image_ready(image);
	put_timekeeper(image, 0x1000);
	check_clock(image);
}

static void clock_without_timekeeper(void **state)
{
	struct image *image = image_new(members_jiffies, NULL);
	struct system_clock clock;
	struct error error;

	(void)state;
	image_symbol(image, "jiffies_64", 0x100, 8);
	image_symbol(image, "clocksource_jiffies", 0x200, 64);
	image_ready(image);
	image_put_number(image, 0x200 + 24, 4000000 << 8, 4);	/* HZ 250 */
	image_put_number(image, 0x200 + 28, 8, 4);
	/* INITIAL_JIFFIES is -300 * HZ in 32 bits; 100 s later */
	image_put_number(image, 0x100, (uint32_t)(-300 * 250) + 100 * 250ull, 8);
	assert_true(system_clock(&image->kernel, &clock, &error));
	assert_int_equal(clock.uptime_ns, 100000000000);
	assert_true(clock.from_jiffies);
	assert_false(clock.wall_valid);
	image_put_number(image, 0x200 + 24, 0, 4);
	assert_false(system_clock(&image->kernel, &clock, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	image_free(image);
}

static void taint(void **state)
{
	struct image *image = image_new(members, NULL);
	struct buffer text = { 0 };
	char letters[64];

	(void)state;
	image_ready(image);
	/* P (bit 0), O (12), E (13): Documentation/admin-guide/tainted-kernels.rst */
	system_taint_letters(&image->kernel, 0x3001, true, letters, sizeof(letters));
	assert_string_equal(letters, "POE");
	system_taint_letters(&image->kernel, 0x3000, true, letters, sizeof(letters));
	assert_string_equal(letters, "GOE");
	system_taint_letters(&image->kernel, 0x3000, false, letters, sizeof(letters));
	assert_string_equal(letters, "OE");
	system_taint_text(&image->kernel, 1u << 9, &text);
	assert_string_equal(text.data, "W  kernel issued warning\n");
	buffer_clear(&text);
	system_taint_text(&image->kernel, 1ull << 40, &text);
	assert_string_equal(text.data, "?  bit 40, meaning not known\n");
	/* every bit set does not overflow a small buffer */
	system_taint_letters(&image->kernel, ~0ull, true, letters, 5);
	assert_int_equal(strlen(letters), 4);
	buffer_free(&text);
	image_free(image);

	/* the kernel's own table decides about letters */
	image = image_new(members, NULL);
	image_symbol(image, "taint_flags", 0x1000, 4 * 2);
	image_ready(image);
	image_put(image, 0x1000, "ZY\0\0Q \0\0", 8);
	system_taint_letters(&image->kernel, 2, true, letters, sizeof(letters));
	assert_string_equal(letters, "YQ");
	image_free(image);
}

static void check_panic(const char *const *lines, const char *expected)
{
	struct image *image = image_new(members, RING_VMCOREINFO);
	struct system_info info;

	image_symbol(image, "prb", RING_POINTER, 8);
	image_ready(image);
	ring_of(image, lines);
	assert_true(system_info(&image->kernel, &info, NULL));
	assert_string_equal(info.panic, expected);
	kernel_forget(&image->kernel);
	image_free(image);
}

#define LINES(...) (const char *const[]){ __VA_ARGS__, NULL }

static void panic_message(void **state)
{
	(void)state;
	check_panic(LINES("sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash", "CPU: 0"),
		    "Kernel panic - not syncing: sysrq triggered crash");
	/* kdump takes over from an oops before there is a panic */
	check_panic(LINES("BUG: kernel NULL pointer dereference, address: 0000000000000010",
			  "#PF: supervisor read access in kernel mode", "#PF: error_code(0x0000) - not-present page",
			  "PGD 0 P4D 0", "Oops: 0000 [#1] PREEMPT SMP PTI"),
		    "BUG: kernel NULL pointer dereference, address: 0000000000000010");
	check_panic(LINES("kernel BUG at fs/inode.c:1234!", "invalid opcode: 0000 [#1] SMP"), "kernel BUG at fs/inode.c:1234!");
	check_panic(LINES("Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]"),
		    "Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]");
	check_panic(LINES("kernel BUG at a.c:1!", "invalid opcode: 0000 [#1] SMP",
			  "Kernel panic - not syncing: Fatal exception in interrupt"),
		    "kernel BUG at a.c:1! (Kernel panic - not syncing: Fatal exception in interrupt)");
	/* a bug that was survived is not how the machine ended */
	check_panic(LINES("BUG: sleeping function called from invalid context at a.c:1", "all is well"), "");
	check_panic(LINES("all is well"), "");
	/* an oops long ago does not explain a later one */
	check_panic(LINES("BUG: one", "1", "2", "3", "4", "5", "6", "7", "8", "divide error: 0000 [#2] SMP"),
		    "divide error: 0000 [#2] SMP");
}

/* --- who wrote it --- */

struct line {
	const char *text;
	uint32_t caller;	/* pid, or CPU_CALLER(n) */
	uint8_t facility;
};
#define CPU_CALLER(n) (0x80000000u + (n))
#define RUNNING 0x3000		/* the task that CPU 1 was running */

/* A log with callers, of a machine whose CPU 1 panicked in the task with pid 42; PANIC_CPU -1: none did. */
static void read_panic(const struct line *lines, size_t count, int panic_cpu, struct system_info *info)
{
	static const struct image_member with_pid[] = { MEMBER("task_struct", "pid", 0, 4),
							  MEMBER("printk_info", "facility", 18, 1), { 0 } };
	struct image *image = image_new(with_pid, RING_VMCOREINFO);
	struct cpu cpus[2] = { { .number = 0 }, { .number = 1, .task = IMAGE_BASE + RUNNING, .panicked = panic_cpu == 1 } };

	image_symbol(image, "prb", RING_POINTER, 8);
	image_symbol(image, "panic_cpu", 0x3100, 4);
	image_ready(image);
	image->kernel.cpus = cpus;
	image->kernel.nr_cpus = 2;
	image_put_number(image, RUNNING, 42, 4);
	image_put_number(image, 0x3100, (uint32_t)panic_cpu, 4);
	for (size_t i = 0; i < count; i++) {
		ring_block(image, i * 128, i, lines[i].text);
		ring_desc(image, i, i, RING_FINALIZED, i * 128, i * 128 + 128, i * 1000000000ull, strlen(lines[i].text),
			  lines[i].facility, 6);
		image_put_number(image, RING_INFOS + i * 88 + 20, lines[i].caller, 4);
	}
	ring_init(image, 6, 13, 0, count - 1);
	assert_true(system_info(&image->kernel, info, NULL));
	kernel_forget(&image->kernel);
	image->kernel.cpus = NULL;
	image->kernel.nr_cpus = 0;
	image_free(image);
}

static void panic_by_whom(void **state)
{
	static const struct line fake[] = {
		{ "Kernel panic - not syncing: fake", 7, 1 },	/* written into /dev/kmsg */
		{ "BUG: kernel NULL pointer dereference, address: 0000000000000010", 30, 0 },
		{ "Oops: 0002 [#1] PREEMPT SMP", 30, 0 },	/* killed pid 30 */
		{ "BUG: by another CPU, meanwhile", CPU_CALLER(0), 0 },
		{ "sysrq: Trigger a crash", 42, 0 },
		{ "Kernel panic - not syncing: sysrq triggered crash", 42, 0 },
		{ "Kernel panic - not syncing: in the panic", 42, 0 },
	};
	static const struct line oops[] = {
		{ "kernel BUG at a.c:1!", 30, 0 },
		{ "invalid opcode: 0000 [#1] SMP", 30, 0 },
		{ "BUG: unable to handle page fault for address: 00000000dead0000", CPU_CALLER(1), 0 },
		{ "kernel BUG at b.c:2!", 31, 0 },		/* between the lines of the other */
		{ "Oops: 0000 [#2] SMP", CPU_CALLER(1), 0 },
	};
	struct system_info info;

	(void)state;
	read_panic(fake, 7, 1, &info);
	assert_string_equal(info.panic, "Kernel panic - not syncing: sysrq triggered crash");
	assert_true(info.panic_known);
	assert_int_equal(info.nr_survived, 1);
	assert_string_equal(info.survived[0].text, fake[1].text);
	read_panic(fake, 1, 1, &info);
	assert_string_equal(info.panic, "");
	read_panic(oops, 5, 1, &info);
	assert_string_equal(info.panic, oops[2].text);
	assert_int_equal(info.nr_survived, 1);
	assert_string_equal(info.survived[0].text, oops[0].text);
	assert_int_equal(info.survived[0].timestamp, 0);	/* of the line that is shown */
	/* A machine that was running: all of them were survived. */
	read_panic(oops, 5, -1, &info);
	assert_string_equal(info.panic, "");
	assert_true(info.running);
	assert_int_equal(info.nr_survived, 2);
}

/* Before 4.5 the masks are the kernel's cpu_online_bits and cpu_possible_bits. */
static void cpus_of_3_10(void **state)
{
	struct image *image = image_new(members, NULL);
	struct system_info info;

	(void)state;
	image_symbol(image, "cpu_online_bits", 0x2000, 8);
	image_symbol(image, "cpu_possible_bits", 0x2008, 8);
	image_ready(image);
	image->kernel.nr_cpu_ids = 6;
	image_put_number(image, 0x2000, 0x15, 8);
	image_put_number(image, 0x2008, 0x1f, 8);
	assert_true(system_info(&image->kernel, &info, NULL));
	assert_int_equal(info.cpus_online, 3);
	assert_int_equal(info.cpus_possible, 5);
	kernel_forget(&image->kernel);
	image_free(image);
}

static void machine(void **state)
{
	struct image *image = image_new(members, NULL);
	struct system_info info;

	(void)state;
	image_symbol(image, "init_uts_ns", 0x1000, 400);
	image_symbol(image, "_totalram_pages", 0x2000, 8);
	image_symbol(image, "avenrun", 0x2008, 24);
	image_symbol(image, "tainted_mask", 0x2020, 8);
	image_symbol(image, "__cpu_possible_mask", 0x2028, 8);
	image_symbol(image, "__cpu_online_mask", 0x2030, 8);
	image_symbol(image, "__cpu_present_mask", 0x2038, 8);
	image_ready(image);
	image->kernel.nr_cpu_ids = 6;
	image_put_string(image, 0x1010 + 65, "box.example");
	image_put_string(image, 0x1010 + 195, "#1 SMP test");
	image_put_number(image, 0x2000, 262144, 8);
	image_put_number(image, 0x2008, 2048 * 3 / 2, 8);
	image_put_number(image, 0x2010, 512, 8);
	image_put_number(image, 0x2020, 1u << 12, 8);
	image_put_number(image, 0x2028, 0xff2f, 8);	/* bits beyond nr_cpu_ids do not count */
	image_put_number(image, 0x2030, 0xff02, 8);
	image_put_number(image, 0x2038, 0xff2f, 8);
	assert_true(system_info(&image->kernel, &info, NULL));
	assert_string_equal(info.nodename, "box.example");
	assert_string_equal(info.version, "#1 SMP test");
	assert_int_equal(info.memory_bytes, 1ull << 30);
	assert_true(info.load_valid);
	assert_true(info.load[0] == 1.5 && info.load[1] == 0.25 && info.load[2] == 0);
	assert_string_equal(info.taint_letters, "GO");
	assert_int_equal(info.cpus_possible, 5);
	assert_int_equal(info.cpus_online, 1);
	assert_true(info.cpus_offline_known);
	assert_string_equal(info.cpus_offline, "0,2-3,5");
	assert_int_equal(info.uptime_ns, 0);
	kernel_forget(&image->kernel);
	image_free(image);
}

/* --- configuration --- */

static size_t gzip(const char *text, uint8_t *out, size_t size)
{
	z_stream stream = { .next_in = (Bytef *)text, .avail_in = strlen(text), .next_out = out, .avail_out = size };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static void configuration(void **state)
{
	static const char config[] = "#\n# Linux/x86 6.1.0 Kernel Configuration\n#\nCONFIG_SMP=y\n# CONFIG_IA32 is not set\n";
	struct buffer text = { 0 };
	uint8_t packed[512];
	size_t size = gzip(config, packed, sizeof(packed));
	struct image *image = image_new(NULL, NULL);
	struct error error;

	(void)state;
	image_symbol(image, "kernel_config_data", 0x3000, 0);		/* 5.1 and later */
	image_symbol(image, "kernel_config_data_end", 0x3000 + size, 0);
	image_ready(image);
	image_put(image, 0x3000, packed, size);
	assert_true(system_config(&image->kernel, &text, &error));
	assert_string_equal(text.data, config);
	buffer_clear(&text);
	image->memory[0x3000 + size - 12] ^= 0x55;
	assert_false(system_config(&image->kernel, &text, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	image->memory[0x3001] = 0;
	assert_false(system_config(&image->kernel, &text, &error));
	image_free(image);

	buffer_clear(&text);
	image = image_new(NULL, NULL);
	image_symbol(image, "kernel_config_data", 0x3000, size + 16);	/* up to 5.0: marker, data, marker */
	image_ready(image);
	image_put(image, 0x3000, "IKCFG_ST", 8);
	image_put(image, 0x3008, packed, size);
	image_put(image, 0x3008 + size, "IKCFG_ED", 8);
	assert_true(system_config(&image->kernel, &text, &error));
	assert_string_equal(text.data, config);
	image_free(image);

	image = image_new(NULL, NULL);
	image_ready(image);
	assert_false(system_config(&image->kernel, &text, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	image_free(image);
	buffer_free(&text);
}

static bool check_call(void *context, unsigned number, uint64_t address, const char *name)
{
	static const char *const names[] = { "read", "ni_syscall", "", "open" };
	static const uint64_t where[] = { 0x5000, 0x5010, 0x5008, 0x5020 };
	unsigned *count = context;

	assert_int_equal(number, *count);
	assert_true(number < 4);
	assert_string_equal(name, names[number]);
	assert_int_equal(address, IMAGE_BASE + where[number]);
	++*count;
	return true;
}

static void call_table(void **state)
{
	struct image *image = image_new(NULL, NULL);
	struct error error;
	unsigned count = 0;

	(void)state;
	image_symbol(image, "sys_call_table", 0x4000, 32);
	image_symbol(image, "__x64_sys_read", 0x5000, 16);
	image_symbol(image, "__x64_sys_ni_syscall", 0x5010, 16);
	image_symbol(image, "SyS_open", 0x5020, 16);
	image_ready(image);
	image_put_number(image, 0x4000, IMAGE_BASE + 0x5000, 8);
	image_put_number(image, 0x4008, IMAGE_BASE + 0x5010, 8);
	image_put_number(image, 0x4010, IMAGE_BASE + 0x5008, 8);	/* hooked: the middle of something */
	image_put_number(image, 0x4018, IMAGE_BASE + 0x5020, 8);	/* as before 4.17 */
	assert_true(system_calls(&image->kernel, check_call, &count, &error));
	assert_int_equal(count, 4);
	image->missing[4] = true;
	assert_false(system_calls(&image->kernel, check_call, &count, &error));
	image_free(image);
}

/* --- a real dump --- */

/* The guest wrote its uptime a moment before it crashed. */
static void real_uptime(void **state)
{
	const char *set = getenv("VMCORE_TEST_SET");
	struct system_clock clock;
	struct kernel *kernel;
	char path[4096];
	double uptime;
	FILE *file;

	(void)state;
	if (!set)
		skip();
	snprintf(path, sizeof(path), "%s/oracle/proc/uptime", set);
	file = fopen(path, "r");
	if (!file)
		skip();
	assert_int_equal(fscanf(file, "%lf", &uptime), 1);
	fclose(file);
	kernel = set_open();
	assert_true(system_clock(kernel, &clock, NULL));
	assert_true(clock.uptime_ns / 1e9 >= uptime && clock.uptime_ns / 1e9 < uptime + 120);
	kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks),	 cmocka_unit_test(clock_without_timekeeper), cmocka_unit_test(taint),
		cmocka_unit_test(panic_message),
		cmocka_unit_test(panic_by_whom), cmocka_unit_test(machine), cmocka_unit_test(cpus_of_3_10),		     cmocka_unit_test(configuration),
		cmocka_unit_test(call_table),	 cmocka_unit_test(real_uptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
