// SPDX-License-Identifier: GPL-2.0
/* vmcore_rig_patched.ko: who reads debugfs/vmcore_rig_patched waits for ever, in a function that can be patched. */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>

/* (No copy of it for its one caller, which would have another name.) */
static __attribute__((noipa)) long rig_patched_wait(long turns)
{
	while (turns) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
		barrier();
	}
	return turns;
}

static ssize_t patched_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	long left = rig_patched_wait(size);

	barrier();	/* no tail call */
	return left;
}

static const struct file_operations patched_operations = { .owner = THIS_MODULE, .read = patched_read };

static int __init patched_init(void)
{
	debugfs_create_file("vmcore_rig_patched", 0400, NULL, NULL, &patched_operations);
	return 0;
}
module_init(patched_init);
MODULE_LICENSE("GPL");
