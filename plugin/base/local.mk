core_sources += \
	plugin/base/array.c plugin/base/array.h \
	plugin/base/buffer.c plugin/base/buffer.h plugin/base/bytes.h plugin/base/cursor.h \
	plugin/base/error.c plugin/base/error.h plugin/base/library.c plugin/base/library.h plugin/base/patience.h \
	plugin/base/files.c plugin/base/files.h \
	plugin/base/guard.c plugin/base/guard.h \
	plugin/base/threads.c plugin/base/threads.h plugin/base/unicode.c plugin/base/unicode.h
