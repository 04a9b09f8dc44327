// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A damaged kernel (machine.h): then commands run on it, and gdb's thread list is made. Nothing may crash, hang or be refused
 * without a reason. The input: a byte that chooses the command, then changes.
 */
/* max_len=256 */
#include "machine.h"

#include "kernel/system/log.h"
#include "kernel/stacks/unwind.h"
#include "target/threads.h"

static void make_threads(struct kernel *kernel)
{
	struct threads threads = { 0 };
	struct buffer xml = { 0 };
	struct error error = { 0 };

	if (!threads_load(&threads, kernel, SIZE_MAX, &error)) {
		fuzz_failed(&error);
		return;
	}
	threads_xml(kernel, &threads, threads.count, &xml);
	FUZZ_CHECK(xml.data && !xml.failed);
	/* Ids are unique, or gdb mixes threads up. */
	for (size_t i = 0; i < threads.count; i++)
		FUZZ_CHECK(threads_find(&threads, threads.list[i].id) == &threads.list[i]);
	threads_free(&threads);
	buffer_free(&xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const commands[] = {
		"ps", "ps -p", "ps -c", "ps -g", "ps -t", "ps -l", "ps -a", "ps -r", "ps -S", "ps -m", "ps -s",
		"log", "log -Tdmc", "sys", "sys -c", "sys -t", "kmem -i", "kmem -v", "kmem -V",
		"kmem init_task fff", "kmem -c",
		"files -a", "files -f 1",
		"kmem -s", "kmem -s dentry", "kmem -S kmalloc-64",
		"vm 1", "vm -p 1", "vm -f 73",
		"vtop linux_banner init_task", "vtop -c 1 -u 400000", "ptov 1000000", "pte 8000000005c9b063 0",
		"list -h -o task_struct.tasks init_task", "list -H -r -o module.list modules", "tree -o vmap_area.rb_node vmap_area_root",
		"whatis -r 100-200 -m mutex",
		"eval init_task + 4k", "ascii 65762078756e694c",
		"kmem -z", "kmem -g", "kmem -g ffff", "kmem -h", "kmem -f", "kmem -F", "kmem -n", "kmem -p 0-20000", "kmem -m flags,lru.next 100000",
		"bt -a", "bt -A", "bt -f 300", "bt -r 400",
		"mount -l",
		"timer", "timer -r",
		"sig -g 1", "sig -a 1",
		"irq -u", "irq -s", "irq -a",
		"foreach user sig", "foreach active bt", "set 1",
		"bt -t 500", "bt -g 400", "bt -A -u", "report", "report -o /dev/null",
		"runq", "runq -g", "runq -m",
	};
	unsigned choice;
	struct kernel *kernel = machine_of(data, size, 2048, 0, PLACES, &choice);

	if (!kernel)
		return 0;
	if (choice >= 0xf0)
		make_threads(kernel);
	else
		machine_run(kernel, commands[choice % ARRAY_SIZE(commands)]);
	kernel_forget(kernel);
	return 0;
}
