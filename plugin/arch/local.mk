core_sources += plugin/arch/arch.c plugin/arch/arch.h plugin/arch/memory.c \
	plugin/arch/x86_64.c plugin/arch/x86_64_find.c plugin/arch/x86_64.h plugin/arch/x86_64_registers.c \
	plugin/arch/arm64.c plugin/arch/arm64.h plugin/arch/arm64_registers.c
