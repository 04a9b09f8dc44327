core_sources += plugin/kernel/kernel.c plugin/kernel/kernel.h \
	plugin/kernel/open/open.c plugin/kernel/open/open.h \
	plugin/kernel/modules/symbolize.c plugin/kernel/modules/symbolize.h \
	plugin/kernel/open/vmlinux.c plugin/kernel/open/vmlinux.h \
	plugin/kernel/open/own.c plugin/kernel/open/own.h plugin/kernel/open/own_write.c \
	plugin/kernel/tasks/cpu.c plugin/kernel/tasks/cpu.h plugin/kernel/tasks/cpu_internal.h \
	plugin/kernel/tasks/cpu_infer.c plugin/kernel/tasks/cpu_notes.c plugin/kernel/tasks/task_stack.c \
	plugin/kernel/containers.c plugin/kernel/containers.h \
	plugin/kernel/tasks/task.c plugin/kernel/tasks/task_read.c plugin/kernel/tasks/task_read.h plugin/kernel/tasks/task_pid.c plugin/kernel/tasks/task_ways.c plugin/kernel/tasks/task_ways.h plugin/kernel/tasks/task_memory.c \
	plugin/kernel/tasks/task_state.c plugin/kernel/tasks/task.h \
	plugin/kernel/memory/vmalloc.c plugin/kernel/memory/vmalloc.h \
	plugin/kernel/memory/memory_use.c plugin/kernel/memory/memory_use.h plugin/kernel/memory/memory_counters.c plugin/kernel/memory/memory_counters.h \
	plugin/kernel/tasks/blocked.c plugin/kernel/tasks/blocked.h plugin/kernel/tasks/blocked_locks.c plugin/kernel/tasks/blocked_locks.h \
	plugin/kernel/stacks/bad_pointer.c plugin/kernel/stacks/bad_pointer.h \
	plugin/kernel/stacks/unwind.c plugin/kernel/stacks/unwind.h \
	plugin/kernel/stacks/unwind_row.c plugin/kernel/stacks/unwind_row.h \
	plugin/kernel/stacks/frame_info.c plugin/kernel/stacks/frame_info.h \
	plugin/kernel/stacks/return_traced.c plugin/kernel/stacks/return_traced.h \
	plugin/kernel/stacks/dynamic_rows.c plugin/kernel/stacks/dynamic_rows.h \
	plugin/kernel/stacks/dynamic_write.c plugin/kernel/stacks/dynamic_write.h \
	plugin/kernel/stacks/unwind_table.c plugin/kernel/stacks/unwind_table.h \
	plugin/kernel/modules/dynamic_code.c plugin/kernel/modules/dynamic_code.h \
	plugin/kernel/modules/livepatch.c plugin/kernel/modules/livepatch.h \
	plugin/kernel/modules/dynamic_bpf.c plugin/kernel/modules/dynamic_probes.c plugin/kernel/modules/dynamic_thunks.c plugin/kernel/modules/dynamic_internal.h \
	plugin/kernel/memory/scan.c plugin/kernel/memory/scan_runs.c plugin/kernel/memory/scan.h \
	plugin/kernel/memory/match.c plugin/kernel/memory/match.h \
	plugin/kernel/system/log.c plugin/kernel/system/log.h \
	plugin/kernel/modules/module.c plugin/kernel/modules/module.h plugin/kernel/modules/module_frames.c plugin/kernel/modules/module_frames.h \
	plugin/kernel/stacks/source.c plugin/kernel/stacks/source.h \
	plugin/kernel/system/system.c plugin/kernel/system/system.h
core_sources += plugin/kernel/system/log_ring.c plugin/kernel/system/log_records.c plugin/kernel/system/log_internal.h \
	plugin/kernel/modules/module_list.c plugin/kernel/modules/module_read.c plugin/kernel/modules/module_debug.c \
	plugin/kernel/modules/module_internal.h plugin/kernel/modules/module_sections.c \
	plugin/kernel/system/system_config.c plugin/kernel/system/config_file.c plugin/kernel/system/system_panic.c plugin/kernel/system/system_internal.h
core_sources += plugin/kernel/memory/page.c plugin/kernel/memory/page.h plugin/kernel/memory/page_map.c \
	plugin/kernel/memory/nodes.c plugin/kernel/memory/nodes.h
core_sources += plugin/kernel/memory/zones.c plugin/kernel/memory/zones.h
core_sources += plugin/kernel/memory/free_lists.c plugin/kernel/memory/free_lists.h
core_sources += plugin/kernel/memory/oom.c plugin/kernel/memory/oom.h
core_sources += plugin/kernel/memory/rmap.c plugin/kernel/memory/rmap.h
core_sources += plugin/kernel/maple.c plugin/kernel/memory/vma.c plugin/kernel/memory/vma.h
core_sources += plugin/kernel/stacks/cpu_stacks.c plugin/kernel/stacks/cpu_stacks.h plugin/kernel/stacks/exceptions.c plugin/kernel/stacks/exceptions.h
core_sources += plugin/kernel/scheduler/runqueue.c plugin/kernel/scheduler/runqueue.h plugin/kernel/scheduler/task_group.c
core_sources += plugin/kernel/slab/slab.c plugin/kernel/slab/slab.h plugin/kernel/slab/slab_members.h plugin/kernel/slab/slab_places.c
core_sources += plugin/kernel/slab/slab_objects.c plugin/kernel/slab/slab_objects.h
core_sources += plugin/kernel/slab/slab_leaks.c plugin/kernel/slab/slab_leaks.h
core_sources += plugin/kernel/files/mapping.c plugin/kernel/files/mapping.h
core_sources += plugin/kernel/files/path.c plugin/kernel/files/path.h plugin/kernel/files/files.c plugin/kernel/files/files.h \
	plugin/kernel/files/file_kinds.c plugin/kernel/files/socket.c plugin/kernel/files/socket.h \
	plugin/kernel/files/mounts.c plugin/kernel/files/mounts.h
core_sources += plugin/kernel/scheduler/timers.c plugin/kernel/scheduler/timers.h plugin/kernel/scheduler/timers_internal.h plugin/kernel/scheduler/hrtimers.c \
	plugin/kernel/scheduler/timer_owner.c
core_sources += plugin/kernel/tasks/signals.c plugin/kernel/tasks/signals.h plugin/kernel/tasks/signal_names.c
core_sources += plugin/kernel/scheduler/workqueues.c plugin/kernel/scheduler/workqueues.h
core_sources += plugin/kernel/locks/waits.c plugin/kernel/locks/waits.h plugin/kernel/locks/waits_internal.h plugin/kernel/locks/wait_objects.c \
	plugin/kernel/locks/wait_owners.c plugin/kernel/locks/futex_owner.c plugin/kernel/locks/wait_chains.c plugin/kernel/locks/wait_queue.c plugin/kernel/locks/wait_queue.h
core_sources += plugin/kernel/system/irqs.c plugin/kernel/system/irqs.h
core_sources += plugin/kernel/system/ipc.c plugin/kernel/system/ipc.h
core_sources += plugin/kernel/locks/rcu.c plugin/kernel/locks/rcu.h
core_sources += plugin/kernel/system/softirqs.c plugin/kernel/system/softirqs.h
core_sources += plugin/kernel/system/irq_counters.c plugin/kernel/system/irq_counters.h plugin/kernel/system/idt.c plugin/kernel/system/idt.h
core_sources += plugin/kernel/system/lockups.c plugin/kernel/system/lockups.h
core_sources += plugin/kernel/tasks/namespaces.c plugin/kernel/tasks/namespaces.h
core_sources += plugin/kernel/tasks/cgroups.c plugin/kernel/tasks/cgroups.h
core_sources += plugin/kernel/system/audit.c plugin/kernel/system/audit.h
core_sources += plugin/kernel/devices/devices.h plugin/kernel/devices/numbers.c plugin/kernel/devices/resources.c plugin/kernel/devices/disks.c \
	plugin/kernel/devices/pci.c
core_sources += plugin/kernel/system/memory_layout.c plugin/kernel/system/memory_layout.h
core_sources += plugin/kernel/network/network.h plugin/kernel/network/namespaces.c plugin/kernel/network/devices.c plugin/kernel/network/neighbours.c \
	plugin/kernel/network/sockets.c plugin/kernel/network/sockets.h plugin/kernel/network/socket_details.c plugin/kernel/network/owners.c
