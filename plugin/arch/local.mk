core_sources += plugin/arch/arch.c plugin/arch/arch.h plugin/arch/instructions.h plugin/arch/memory.c plugin/arch/vmcoreinfo_check.c plugin/arch/entry_flags.c \
	plugin/arch/x86_64.c plugin/arch/x86_64_find.c plugin/arch/x86_64.h plugin/arch/x86_64_registers.c plugin/arch/x86_64_stack.c \
	plugin/arch/x86_64_instructions.c \
	plugin/arch/arm64.c plugin/arch/arm64.h plugin/arch/arm64_registers.c \
	plugin/arch/s390x.c plugin/arch/s390x.h plugin/arch/s390x_registers.c \
	plugin/arch/i386.c plugin/arch/i386.h plugin/arch/i386_registers.c
