// SPDX-License-Identifier: GPL-2.0
/*
 * vmcore_rig_livepatch.ko: replaces a function of vmlinux and one of vmcore_rig_patched.ko.
 *
 *	echo CPU > /sys/module/vmcore_rig_livepatch/parameters/spin	who reads /proc/cmdline there from now on spins
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

static int spin = -1;
module_param(spin, int, 0600);

static noinline int livepatch_cmdline_proc_show(struct seq_file *file, void *value)
{
	while (READ_ONCE(spin) == raw_smp_processor_id())
		cpu_relax();
	seq_puts(file, "livepatched\n");
	return 0;
}

static noinline long livepatch_wait(long turns)
{
	while (turns) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
		barrier();
	}
	return turns;
}

static struct klp_func of_vmlinux[] = {
	{ .old_name = "cmdline_proc_show", .new_func = livepatch_cmdline_proc_show },
	{ }
};

static struct klp_func of_module[] = {
	{ .old_name = "rig_patched_wait", .new_func = livepatch_wait },
	{ }
};

static struct klp_object objects[] = {
	{ .funcs = of_vmlinux },
	{ .name = "vmcore_rig_patched", .funcs = of_module },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_exit(void)
{
}
module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
