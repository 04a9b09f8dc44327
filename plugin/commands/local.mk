core_sources += plugin/commands/command.c plugin/commands/command.h plugin/commands/table.c plugin/commands/select.c \
	plugin/commands/output.c plugin/commands/output.h plugin/commands/output_escape.c \
	plugin/commands/output_escape.h plugin/commands/output_text.c \
	plugin/commands/tasks/task_cells.c plugin/commands/tasks/task_cells.h plugin/commands/tasks/task_list.c plugin/commands/tasks/task_list.h \
	plugin/commands/tasks/ps.c plugin/commands/tasks/ps.h plugin/commands/tasks/ps_time.c plugin/commands/tasks/ps_tree.c \
	plugin/commands/tasks/ps_detail.c \
	plugin/commands/stacks/bt.c plugin/commands/stacks/bt.h plugin/commands/stacks/bt_stack.c plugin/commands/stacks/bt_registers.c \
	plugin/commands/stacks/bt_words.c plugin/commands/stacks/bt_group.c plugin/commands/stacks/bt_symbols.c \
	plugin/commands/value.c plugin/commands/memory/rd.c \
	plugin/commands/memory/kmem.c plugin/commands/memory/kmem.h plugin/commands/memory/kmem_counters.c plugin/commands/memory/kmem_per_cpu.c \
	plugin/commands/memory/kmem_vmalloc.c plugin/commands/memory/memory_tables.c plugin/commands/memory/memory_tables.h \
	plugin/commands/data/sym.c plugin/commands/system/dump.c plugin/commands/memory/search.c plugin/commands/system/log.c plugin/commands/system/log.h plugin/commands/system/log_audit.c plugin/commands/system/sys.c plugin/commands/data/mod.c \
	plugin/commands/report/document.c plugin/commands/report/document.h \
	plugin/commands/report/report.c plugin/commands/report/report.h plugin/commands/report/report_tasks.c plugin/commands/report/report_memory.c \
	plugin/commands/report/report_page.c plugin/commands/report/report_page.h plugin/commands/report/report_html.c plugin/commands/report/report_stacks.c \
	plugin/commands/report/report_flame.c plugin/commands/report/report_log.c plugin/commands/report/report_tables.c plugin/commands/report/report_style.c
core_sources += plugin/commands/data/entries.c plugin/commands/data/entries.h plugin/commands/data/list.c plugin/commands/data/tree.c plugin/commands/data/p.c
core_sources += plugin/commands/stacks/bt_exceptions.c plugin/commands/stacks/bt_check.c
core_sources += plugin/commands/system/sys_dmi.c plugin/commands/system/sys.h
core_sources += plugin/commands/memory/kmem_pages.c
core_sources += plugin/commands/memory/kmem_zones.c plugin/commands/memory/kmem_nodes.c
core_sources += plugin/commands/memory/kmem_free.c
core_sources += plugin/commands/memory/kmem_flags.c plugin/commands/memory/kmem_hugetlb.c
core_sources += plugin/commands/memory/slabtop.c plugin/commands/memory/leak.c plugin/commands/memory/who_maps.c
core_sources += plugin/commands/memory/oom.c plugin/commands/memory/vtop.c plugin/commands/memory/pte.c plugin/commands/memory/entry_cells.h
core_sources += plugin/commands/memory/vm.c
core_sources += plugin/commands/scheduler/runq.c plugin/commands/scheduler/runq.h plugin/commands/scheduler/runq_clocks.c plugin/commands/scheduler/runq_groups.c
core_sources += plugin/commands/memory/kmem_page_cache.c
core_sources += plugin/commands/memory/kmem_slab.c
core_sources += plugin/commands/memory/kmem_objects.c
core_sources += plugin/commands/memory/kmem_what.c
core_sources += plugin/commands/files/files.c plugin/commands/files/mount.c
core_sources += plugin/commands/scheduler/timer.c plugin/commands/scheduler/workqueue.c
core_sources += plugin/commands/locks/locks.c plugin/commands/locks/waitq.c
core_sources += plugin/commands/tasks/sig.c
core_sources += plugin/commands/tasks/task.c
core_sources += plugin/commands/system/irq.c plugin/commands/system/irq.h plugin/commands/system/irq_counters.c plugin/commands/system/cpu_counts.c plugin/commands/system/cpu_counts.h plugin/commands/system/irq_vectors.c
core_sources += plugin/commands/tasks/set.c
core_sources += plugin/commands/tasks/foreach.c plugin/commands/tasks/foreach.h plugin/commands/tasks/foreach_host.c plugin/commands/tasks/foreach_select.c
core_sources += plugin/commands/data/eval.c plugin/commands/data/ascii.c
core_sources += plugin/commands/data/struct.c plugin/commands/data/layout.c plugin/commands/data/layout.h \
	plugin/commands/data/cpus.c plugin/commands/data/cpus.h
core_sources += plugin/commands/data/dis.c plugin/commands/data/dis.h plugin/commands/data/dis_source.c
core_sources += plugin/commands/data/whatis.c
core_sources += plugin/commands/system/ipcs.c
core_sources += plugin/commands/locks/rcu.c
core_sources += plugin/commands/locks/lockup.c
core_sources += plugin/commands/system/softirq.c
core_sources += plugin/commands/system/config.c
core_sources += plugin/commands/tasks/cgroup.c plugin/commands/tasks/ps_namespaces.c
core_sources += plugin/commands/data/repeat.c
core_sources += plugin/commands/locks/hung.c plugin/commands/locks/locks.h
core_sources += plugin/commands/files/fuser.c
core_sources += plugin/commands/system/bpf.c
core_sources += plugin/commands/devices/dev.c
core_sources += plugin/commands/system/mach.c
core_sources += plugin/commands/network/namespace.c plugin/commands/network/namespace.h plugin/commands/network/net.c plugin/commands/network/sockets.c
