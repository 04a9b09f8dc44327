core_sources += plugin/commands/command.c plugin/commands/command.h plugin/commands/table.c plugin/commands/select.c \
	plugin/commands/output.c plugin/commands/output.h plugin/commands/output_escape.c \
	plugin/commands/output_escape.h plugin/commands/output_text.c \
	plugin/commands/task_cells.c plugin/commands/task_cells.h plugin/commands/task_list.c plugin/commands/task_list.h \
	plugin/commands/ps.c plugin/commands/ps.h plugin/commands/ps_time.c plugin/commands/ps_tree.c \
	plugin/commands/ps_detail.c \
	plugin/commands/bt.c plugin/commands/bt.h plugin/commands/bt_stack.c plugin/commands/bt_registers.c \
	plugin/commands/bt_words.c plugin/commands/bt_group.c plugin/commands/bt_symbols.c \
	plugin/commands/value.c plugin/commands/rd.c plugin/commands/sym.c plugin/commands/dump.c plugin/commands/search.c plugin/commands/log.c plugin/commands/sys.c plugin/commands/mod.c \
	plugin/commands/document.c plugin/commands/document.h \
	plugin/commands/report.c plugin/commands/report.h plugin/commands/report_tasks.c plugin/commands/report_memory.c \
	plugin/commands/report_page.c plugin/commands/report_page.h plugin/commands/report_html.c plugin/commands/report_stacks.c \
	plugin/commands/report_flame.c plugin/commands/report_log.c plugin/commands/report_tables.c plugin/commands/report_style.c
