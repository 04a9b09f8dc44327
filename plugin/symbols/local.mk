core_sources += plugin/symbols/find/debug_find.c plugin/symbols/find/debug_find.h plugin/symbols/find/debuginfod.c plugin/symbols/find/debuginfod.h \
	plugin/symbols/elf/unpack.c plugin/symbols/elf/unpack.h plugin/symbols/elf/inflate.c plugin/symbols/elf/inflate.h \
	plugin/symbols/find/debug_link.c plugin/symbols/find/debug_link.h \
	plugin/symbols/find/source_tree.c plugin/symbols/find/source_tree.h \
	plugin/symbols/symtab.c plugin/symbols/symtab.h plugin/symbols/symtab_elf.c plugin/symbols/symtab_map.c \
	plugin/symbols/elf/elf_file.c plugin/symbols/elf/elf_file.h plugin/symbols/elf/elf_place.c plugin/symbols/elf/elf_place.h \
	plugin/symbols/elf/elf_relocatable.c plugin/symbols/elf/elf_relocatable.h \
	plugin/symbols/elf/elf_writer.c plugin/symbols/elf/elf_writer.h \
	plugin/symbols/cfi/stack_switch.c plugin/symbols/cfi/stack_switch.h plugin/symbols/cfi/prologue.c plugin/symbols/cfi/prologue.h \
	plugin/symbols/cfi/orc.c plugin/symbols/cfi/orc.h plugin/symbols/cfi/orc_frame.c plugin/symbols/cfi/orc_frame.h \
	plugin/symbols/cfi/cfi.c plugin/symbols/cfi/cfi.h plugin/symbols/cfi/cfi_convert.h plugin/symbols/cfi/cfi_module.c \
	plugin/symbols/cfi/frame_table.c plugin/symbols/cfi/frame_table.h \
	plugin/symbols/cfi/frame_writer.c plugin/symbols/cfi/frame_writer.h \
	plugin/symbols/cfi/companion.c plugin/symbols/cfi/companion.h plugin/symbols/cfi/code_row.c plugin/symbols/cfi/code_row.h \
	plugin/symbols/cfi/per_cpu_names.c plugin/symbols/cfi/per_cpu_names.h \
	plugin/symbols/cfi/frame_value.c plugin/symbols/cfi/frame_value.h \
	plugin/symbols/cfi/cfi_cover.c plugin/symbols/cfi/cfi_cover.h \
	plugin/symbols/cfi/cfi_frame.c plugin/symbols/cfi/cfi_frame.h \
	plugin/symbols/kallsyms/kallsyms.c plugin/symbols/kallsyms/kallsyms.h plugin/symbols/kallsyms/kallsyms_kernel.c plugin/symbols/kallsyms/kallsyms_search.c \
	plugin/symbols/types.c plugin/symbols/types.h plugin/symbols/btf/btf.c plugin/symbols/btf/btf.h plugin/symbols/btf/btf_format.c \
	plugin/symbols/btf/btf_dwarf.c plugin/symbols/btf/btf_dwarf.h plugin/symbols/btf/btf_dwarf_internal.h \
	plugin/symbols/btf/btf_dwarf_types.c plugin/symbols/btf/btf_dwarf_code.c plugin/symbols/dwarf/dwarf_types.c \
	plugin/symbols/dwarf/dwarf_index.c plugin/symbols/dwarf/dwarf_index.h \
	plugin/symbols/dwarf/source_map.c plugin/symbols/dwarf/source_map.h plugin/symbols/dwarf/source_line.c plugin/symbols/dwarf/source_line.h \
	plugin/symbols/gdb_index/gdb_index.c plugin/symbols/gdb_index/gdb_index.h plugin/symbols/gdb_index/gdb_index_internal.h \
	plugin/symbols/gdb_index/gdb_index_units.c plugin/symbols/gdb_index/gdb_index_abbrev.c plugin/symbols/gdb_index/gdb_index_scan.c \
	plugin/symbols/gdb_index/gdb_index_die.c plugin/symbols/gdb_index/gdb_index_ranges.c plugin/symbols/gdb_index/gdb_index_names.c
