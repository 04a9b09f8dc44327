core_sources += \
	plugin/dump/cache.c plugin/dump/cache.h \
	plugin/dump/compress.c plugin/dump/compress.h \
	plugin/dump/count.c plugin/dump/count.h \
	plugin/dump/dump.c plugin/dump/dump.h \
	plugin/dump/elf.c \
	plugin/dump/file.c plugin/dump/file.h \
	plugin/dump/flattened.c plugin/dump/flattened.h \
	plugin/dump/foreign.c plugin/dump/foreign.h \
	plugin/dump/kdump.c plugin/dump/kdump_scan.c plugin/dump/kdump_cut.c plugin/dump/kdump_internal.h \
	plugin/dump/kdump_header.c plugin/dump/kdump_header.h \
	plugin/dump/notes.c plugin/dump/notes.h \
	plugin/dump/packed/packed.c plugin/dump/packed/packed.h plugin/dump/packed/unpacked.c \
	plugin/dump/packed/stream.c plugin/dump/packed/stream.h \
	plugin/dump/packed/blocks.c plugin/dump/packed/blocks.h \
	plugin/dump/packed/gzip.c plugin/dump/packed/xz.c plugin/dump/packed/zstd.c plugin/dump/packed/lz4.c \
	plugin/dump/packed/bzip2.c \
	plugin/dump/raw.c plugin/dump/raw.h \
	plugin/dump/rank.c plugin/dump/rank.h \
	plugin/dump/vmware.c \
	plugin/dump/vmcoreinfo.c plugin/dump/vmcoreinfo.h
