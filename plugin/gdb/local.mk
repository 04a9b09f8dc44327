gdb_sources += \
	plugin/gdb/batch.c \
	plugin/gdb/class.c \
	plugin/gdb/commands.c \
	plugin/gdb/attach/attach.c plugin/gdb/attach/attach_own.c plugin/gdb/session.h plugin/gdb/session.c \
	plugin/gdb/front_ends/core_file.c plugin/gdb/front_ends/dap.c plugin/gdb/front_ends/mi.c plugin/gdb/front_ends/program_file.c \
	plugin/gdb/attach/find.c \
	plugin/gdb/formats.c \
	plugin/gdb/bad_pointers.c \
	plugin/gdb/frames.c \
	plugin/gdb/functions/functions.h plugin/gdb/functions/functions.c plugin/gdb/functions/tasks.c \
	plugin/gdb/functions/memory.c plugin/gdb/functions/files.c \
	plugin/gdb/printers/printers.h plugin/gdb/printers/printers.c plugin/gdb/printers/numbers.c plugin/gdb/printers/structures.c \
	plugin/gdb/glue.c plugin/gdb/glue.h \
	plugin/gdb/host.c plugin/gdb/host_types.c plugin/gdb/host_code.c \
	plugin/gdb/hooks.c \
	plugin/gdb/attach/index.c \
	plugin/gdb/attach/modules.c \
	plugin/gdb/python/output_python.c plugin/gdb/python/output_python.h \
	plugin/gdb/parameters.c \
	plugin/gdb/attach/source.c \
	plugin/gdb/plugin.h \
	plugin/gdb/terminal/progress.c plugin/gdb/terminal/progress.h \
	plugin/gdb/python/python.h plugin/gdb/python/python_cpus.c plugin/gdb/python/python_module.c \
	plugin/gdb/python/python_lists.c plugin/gdb/python/python_walk.c plugin/gdb/python/python_objects.c plugin/gdb/python/python_read.c \
	plugin/gdb/python/python_run.c \
	plugin/gdb/register.c plugin/gdb/crash_names.c \
	plugin/gdb/command_line.c plugin/gdb/command_line.h \
	plugin/gdb/relaunch.c \
	plugin/gdb/terminal/shell.c plugin/gdb/terminal/shell.h \
	plugin/gdb/terminal/style.c plugin/gdb/terminal/style.h \
	plugin/gdb/attach/threads.c
