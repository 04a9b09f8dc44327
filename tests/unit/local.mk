# One program per module. Tests that need a real dump take the set from VMCORE_TEST_SET and skip without it.
# To add one: test_NAME.c here, and its name in the list below; headers that tests share go to the last line.
LDADD = libvmcore-core.la $(core_libs) -lcmocka
check_PROGRAMS += \
	tests/unit/test_arch \
	tests/unit/test_arch_registers \
	tests/unit/test_arch_arm64 \
	tests/unit/test_arch_s390x \
	tests/unit/test_arch_i386 \
	tests/unit/test_frame_table \
	tests/unit/test_blocked \
	tests/unit/test_waits \
	tests/unit/test_bt \
	tests/unit/test_cfi \
	tests/unit/test_command \
	tests/unit/test_data \
	tests/unit/test_debug_find \
	tests/unit/test_dump_cache \
	tests/unit/test_dump_elf \
	tests/unit/test_dump_flattened \
	tests/unit/test_dump_foreign \
	tests/unit/test_dump_kdump \
	tests/unit/test_dump_packed \
	tests/unit/test_dump_raw \
	tests/unit/test_dump_vmcoreinfo \
	tests/unit/test_dump_vmware \
	tests/unit/test_dynamic_rows \
	tests/unit/test_elf_place \
	tests/unit/test_elf_relocatable \
	tests/unit/test_inflate \
	tests/unit/test_files \
	tests/unit/test_gdb_index \
	tests/unit/test_kallsyms \
	tests/unit/test_kallsyms_kernel \
	tests/unit/test_btf_dwarf \
	tests/unit/test_own \
	tests/unit/test_kernel_core \
	tests/unit/test_livepatch \
	tests/unit/test_lockups \
	tests/unit/test_log \
	tests/unit/test_memory_use \
	tests/unit/test_module \
	tests/unit/test_orc \
	tests/unit/test_mapping \
	tests/unit/test_maple \
	tests/unit/test_output \
	tests/unit/test_pages \
	tests/unit/test_ps \
	tests/unit/test_scan \
	tests/unit/test_rd \
	tests/unit/test_report \
	tests/unit/test_return_traced \
	tests/unit/test_search \
	tests/unit/test_source_map \
	tests/unit/test_symtab \
	tests/unit/test_symtab_map \
	tests/unit/test_system \
	tests/unit/test_target \
	tests/unit/test_target_packet \
	tests/unit/test_target_server \
	tests/unit/test_target_threads \
	tests/unit/test_task \
	tests/unit/test_types \
	tests/unit/test_unwind \
	tests/unit/test_vmalloc
EXTRA_DIST += tests/unit/test_arch_image.h tests/unit/test_command_image.h tests/unit/test_dump_image.h tests/unit/test_gdb_index_image.h tests/unit/test_kernel_image.h tests/unit/test_kernel_set.h tests/unit/test_orc_rows.h tests/unit/test_target_machine.h tests/unit/test_whole_file.h
