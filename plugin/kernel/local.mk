core_sources += plugin/kernel/kernel.c plugin/kernel/kernel.h \
	plugin/kernel/vmlinux.c plugin/kernel/vmlinux.h \
	plugin/kernel/own.c plugin/kernel/own.h plugin/kernel/own_write.c \
	plugin/kernel/cpu.c plugin/kernel/cpu.h \
	plugin/kernel/containers.c plugin/kernel/containers.h \
	plugin/kernel/task.c plugin/kernel/task_read.c plugin/kernel/task_read.h plugin/kernel/task_memory.c \
	plugin/kernel/task_state.c plugin/kernel/task.h \
	plugin/kernel/memory_use.c plugin/kernel/memory_use.h plugin/kernel/memory_counters.c plugin/kernel/memory_counters.h \
	plugin/kernel/blocked.c plugin/kernel/blocked.h plugin/kernel/blocked_locks.c plugin/kernel/blocked_locks.h \
	plugin/kernel/unwind.c plugin/kernel/unwind.h \
	plugin/kernel/unwind_dwarf.c plugin/kernel/unwind_dwarf.h \
	plugin/kernel/scan.c plugin/kernel/scan_runs.c plugin/kernel/scan.h \
	plugin/kernel/match.c plugin/kernel/match.h \
	plugin/kernel/log.c plugin/kernel/log.h \
	plugin/kernel/module.c plugin/kernel/module.h \
	plugin/kernel/source.c plugin/kernel/source.h \
	plugin/kernel/system.c plugin/kernel/system.h
core_sources += plugin/kernel/log_ring.c plugin/kernel/log_records.c plugin/kernel/log_internal.h \
	plugin/kernel/module_read.c plugin/kernel/module_debug.c plugin/kernel/module_internal.h \
	plugin/kernel/system_config.c plugin/kernel/system_panic.c plugin/kernel/system_internal.h
