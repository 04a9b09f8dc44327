// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files in memory, without system calls: the plugin's open(), pread() and fstat() (and libelf's elf_begin()) of a path that
 * fuzz_file() gave come here, by ld --wrap. A run of the parsers then costs microseconds, not the kernel's time.
 */
#include <elf.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "fuzz.h"

#define NR_FILES 4
#define FIRST_FD (1 << 20)	/* above any real one */

static struct { const uint8_t *data; size_t size; } files[NR_FILES];
static char *image;		/* what libelf was given last */

int __real_open64(const char *path, int flags, mode_t mode);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_pread64(int fd, void *buffer, size_t size, off64_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off64_t offset);
int __real_fstat64(int fd, struct stat64 *status);
int __wrap_fstat64(int fd, struct stat64 *status);
int __real_close(int fd);
int __wrap_close(int fd);
Elf *__real_elf_begin(int fd, Elf_Cmd command, Elf *reference);
Elf *__wrap_elf_begin(int fd, Elf_Cmd command, Elf *reference);

const char *fuzz_file(unsigned which, const void *data, size_t size)
{
	static const char *const paths[NR_FILES] = { "fuzz:0", "fuzz:1", "fuzz:2", "fuzz:3" };

	files[which].data = data;
	files[which].size = size;
	return paths[which];
}

static bool is_ours(int fd)
{
	return fd >= FIRST_FD && fd < FIRST_FD + NR_FILES;
}

/* "fuzz:1" and "fuzz:1.vmss" are number 1, "fuzz:1.vmem" the next one; -1 for real files. */
static int number_of(const char *path)
{
	int number;

	if (strncmp(path, "fuzz:", 5) != 0 || path[5] < '0' || path[5] >= '0' + NR_FILES)
		return -1;
	number = path[5] - '0';
	if (!path[6] || strcmp(path + 6, ".vmss") == 0)
		return number;
	return strcmp(path + 6, ".vmem") == 0 && number + 1 < NR_FILES ? number + 1 : -1;
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	if (number_of(path) >= 0)
		return FIRST_FD + number_of(path);
	va_start(list, flags);
	mode = flags & O_CREAT ? va_arg(list, unsigned) : 0;
	va_end(list);
	return __real_open64(path, flags, mode);
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off64_t offset)
{
	size_t left;

	if (!is_ours(fd))
		return __real_pread64(fd, buffer, size, offset);
	FUZZ_CHECK(offset >= 0);
	if ((uint64_t)offset >= files[fd - FIRST_FD].size)
		return 0;
	left = files[fd - FIRST_FD].size - offset;
	size = size < left ? size : left;
	memcpy(buffer, files[fd - FIRST_FD].data + offset, size);
	return size;
}

int __wrap_fstat64(int fd, struct stat64 *status)
{
	if (!is_ours(fd))
		return __real_fstat64(fd, status);
	memset(status, 0, sizeof(*status));
	status->st_mode = S_IFREG | 0600;
	status->st_size = files[fd - FIRST_FD].size;
	return 0;
}

int __wrap_close(int fd)
{
	return is_ours(fd) ? 0 : __real_close(fd);
}

/* libelf would map the file. It gets a copy of exactly its size, so that reads beyond it are seen; fuzz_free_image() frees that. */
Elf *__wrap_elf_begin(int fd, Elf_Cmd command, Elf *reference)
{
	size_t size;

	if (!is_ours(fd))
		return __real_elf_begin(fd, command, reference);
	fuzz_free_image();
	size = files[fd - FIRST_FD].size;
	image = malloc(size + !size);
	FUZZ_CHECK(image);
	memcpy(image, files[fd - FIRST_FD].data, size);
	return elf_memory(image, size);
}

void fuzz_free_image(void)
{
	free(image);
	image = NULL;
}
