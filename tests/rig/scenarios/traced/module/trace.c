// SPDX-License-Identifier: GPL-2.0
/*
 * Spins in the handler of an optimized kprobe, and in the callback of an ftrace_ops, on a CPU of its own each.
 * "optprobe CPU", "ftrace CPU" and "bpf CPU" (who calls the traced function is a process of its own then) are written to
 * debugfs' vmcore_rig_trace; reading it tells how many spin.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/version.h>

static atomic_t spinning = ATOMIC_INIT(0);
static bool stop;
static struct dentry *file;

noinline notrace void rig_trace_spin(void)
{
	atomic_inc(&spinning);
	while (!READ_ONCE(stop))
		cpu_relax();
}

/* --- an optimized kprobe: on an instruction of five bytes, so that the jump replaces nothing else --- */

extern char rig_trace_here[];

noinline notrace int rig_optprobe_target(int number)
{
	asm volatile(".globl rig_trace_here\nrig_trace_here: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00" : "+r"(number));
	return number + 1;
}

static int on_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	if (!strcmp(current->comm, "rig-optprobe"))
		rig_trace_spin();
	return 0;
}

static struct kprobe probe = { .addr = (kprobe_opcode_t *)rig_trace_here, .pre_handler = on_kprobe };

/* --- an ftrace_ops of our own, which gets a trampoline of its own --- */

noinline int rig_ftrace_target(int number)
{
	barrier();
	return number + 2;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
static void notrace on_ftrace(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct ftrace_regs *regs)
#else
static void notrace on_ftrace(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct pt_regs *regs)
#endif
{
	if (!strcmp(current->comm, "rig-ftrace") || !strcmp(current->comm, "rig-bpf"))
		rig_trace_spin();
}

static struct ftrace_ops ops = { .func = on_ftrace };

/* --- what starts them --- */

static int run_optprobe(void *unused)
{
	return rig_optprobe_target(1);
}

static int run_ftrace(void *unused)
{
	return rig_ftrace_target(1);
}

static ssize_t do_write(struct file *unused, const char __user *buffer, size_t size, loff_t *position)
{
	int cpu, before = atomic_read(&spinning);
	char text[32] = "", what[16];
	struct task_struct *thread;

	if (size >= sizeof(text) || copy_from_user(text, buffer, size) || sscanf(text, "%15s %d", what, &cpu) != 2)
		return -EINVAL;
	if (!strcmp(what, "bpf"))
		return size;
	thread = kthread_create(strcmp(what, "ftrace") ? run_optprobe : run_ftrace, NULL, "rig-%s", what);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	while (atomic_read(&spinning) == before)
		msleep(10);
	return size;
}

static ssize_t do_read(struct file *unused, char __user *buffer, size_t size, loff_t *position)
{
	char text[16];

	return simple_read_from_buffer(buffer, size, position, text,
				       scnprintf(text, sizeof(text), "%d\n", atomic_read(&spinning)));
}

static const struct file_operations operations = { .owner = THIS_MODULE, .write = do_write, .read = do_read };

static int __init rig_trace_init(void)
{
	int error = register_kprobe(&probe);

	if (error)
		return error;
	error = ftrace_set_filter(&ops, "rig_ftrace_target", strlen("rig_ftrace_target"), 1);
	if (!error)
		error = ftrace_set_filter(&ops, "bpf_user_rnd_u32", strlen("bpf_user_rnd_u32"), 0);
	if (!error)
		error = register_ftrace_function(&ops);
	if (error) {
		unregister_kprobe(&probe);
		return error;
	}
	file = debugfs_create_file("vmcore_rig_trace", 0600, NULL, NULL, &operations);
	return 0;
}

static void __exit rig_trace_exit(void)
{
	WRITE_ONCE(stop, true);
	debugfs_remove(file);
	unregister_ftrace_function(&ops);
	unregister_kprobe(&probe);
}

module_init(rig_trace_init);
module_exit(rig_trace_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("vmcore rig: CPUs caught in tracing");
