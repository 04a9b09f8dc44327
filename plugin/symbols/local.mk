core_sources += plugin/symbols/debug_find.c plugin/symbols/debug_find.h plugin/symbols/debuginfod.c plugin/symbols/debuginfod.h \
	plugin/symbols/unpack.c plugin/symbols/unpack.h \
	plugin/symbols/symtab.c plugin/symbols/symtab.h plugin/symbols/symtab_elf.c plugin/symbols/symtab_map.c \
	plugin/symbols/elf_file.c plugin/symbols/elf_file.h \
	plugin/symbols/elf_relocatable.c plugin/symbols/elf_relocatable.h \
	plugin/symbols/elf_writer.c plugin/symbols/elf_writer.h \
	plugin/symbols/prologue.c plugin/symbols/prologue.h \
	plugin/symbols/orc.c plugin/symbols/orc.h \
	plugin/symbols/cfi.c plugin/symbols/cfi.h plugin/symbols/cfi_convert.h plugin/symbols/cfi_module.c \
	plugin/symbols/cfi_cover.c plugin/symbols/cfi_cover.h \
	plugin/symbols/cfi_frame.c plugin/symbols/cfi_frame.h \
	plugin/symbols/kallsyms.c plugin/symbols/kallsyms.h plugin/symbols/kallsyms_kernel.c plugin/symbols/kallsyms_search.c \
	plugin/symbols/types.c plugin/symbols/types.h plugin/symbols/btf.c plugin/symbols/btf.h plugin/symbols/btf_format.c \
	plugin/symbols/btf_dwarf.c plugin/symbols/btf_dwarf.h plugin/symbols/btf_dwarf_internal.h \
	plugin/symbols/btf_dwarf_types.c plugin/symbols/btf_dwarf_code.c plugin/symbols/dwarf_types.c \
	plugin/symbols/dwarf_index.c plugin/symbols/dwarf_index.h \
	plugin/symbols/source_map.c plugin/symbols/source_map.h plugin/symbols/source_line.c plugin/symbols/source_line.h \
	plugin/symbols/gdb_index.c plugin/symbols/gdb_index.h plugin/symbols/gdb_index_internal.h \
	plugin/symbols/gdb_index_units.c plugin/symbols/gdb_index_abbrev.c plugin/symbols/gdb_index_scan.c \
	plugin/symbols/gdb_index_die.c plugin/symbols/gdb_index_ranges.c plugin/symbols/gdb_index_names.c
