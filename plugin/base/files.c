// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

/* mkdir -p with mode 0700. */
static bool make_directories(char *path, struct error *error)
{
	for (char *slash = path + 1; ; slash++) {
		char was = *slash;

		if (was && was != '/')
			continue;
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_set(error, ERROR_IO, "cannot make the directory %s: %m", path);
		*slash = was;
		if (!was)
			return true;
	}
}

bool files_cache_directory(const char *subdirectory, char *path, size_t size, struct error *error)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int length;

	if (cache && *cache == '/')
		length = snprintf(path, size, "%s/gdb-vmcore/%s", cache, subdirectory);
	else if (home && *home == '/')
		length = snprintf(path, size, "%s/.cache/gdb-vmcore/%s", home, subdirectory);
	else
		return error_set(
			error, ERROR_IO,
			"there is no cache directory: neither XDG_CACHE_HOME nor HOME is set");
	if (length < 0 || (size_t)length >= size)
		return error_set(error, ERROR_IO, "the cache directory's name is too long");
	return make_directories(path, error);
}

bool files_make_directories(const char *path, struct error *error)
{
	char *copy = strdup(path);
	bool done = copy ? make_directories(copy, error) :
			   error_no_memory(error, "a file name", strlen(path));

	free(copy);
	return done;
}

void files_remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(path);
}

#define UNIQUE	   6  /* letters that mkdtemp() makes */
#define SURELY_OLD 60 /* seconds: one that was just made may not be locked yet */

/* Removes the directory NAME in PARENT if it is ours and nobody holds its lock. */
static void sweep_one(const char *parent, const char *name)
{
	char path[4096];
	struct stat status;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", parent, name) >= sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
	    time(NULL) - status.st_mtime > SURELY_OLD && flock(fd, LOCK_EX | LOCK_NB) == 0)
		files_remove_directory(path);
	close(fd);
}

static void sweep(const char *parent, const char *prefix)
{
	DIR *directory = opendir(parent);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) &&
		    strlen(entry->d_name) == strlen(prefix) + UNIQUE)
			sweep_one(parent, entry->d_name);
	if (directory)
		closedir(directory);
}

bool files_make_temporary(const char *parent, const char *prefix, char *path, size_t size,
			  int *lock_ret, struct error *error)
{
	sweep(parent, prefix);
	if ((size_t)snprintf(path, size, "%s/%sXXXXXX", parent, prefix) >= size) {
		path[0] = '\0';
		return error_set(error, ERROR_IO, "%s is too long a path for a directory", parent);
	}
	if (!mkdtemp(path)) {
		error_set(error, ERROR_IO,
			  "cannot make the directory %s for the files that gdb needs: %m", path);
		path[0] = '\0';
		return false;
	}
	*lock_ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock_ret >= 0)
		flock(*lock_ret, LOCK_SH);
	return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data += done;
		size -= done;
	}
	return true;
}

/* What a new file gets that says nothing about it. The mask cannot be asked for, only set. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return 0666 & ~mask;
}

bool files_write_atomically(const char *path, const void *data, size_t size, struct error *error)
{
	char temporary[4096];
	bool done;
	int fd;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return error_set(error, ERROR_IO, "the file name %s is too long", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_set(error, ERROR_IO, "cannot make a file beside %s: %m", path);
	done = write_all(fd, data, size) && fchmod(fd, usual_mode()) == 0;
	if (close(fd) < 0 || !done || rename(temporary, path) < 0) {
		error_set(error, ERROR_IO, "cannot write %s: %m", path);
		unlink(temporary);
		return false;
	}
	return true;
}

/* --- files that a person names --- */

char *files_expand_home(const char *path)
{
	const char *home = path[0] == '~' && path[1] == '/' ? getenv("HOME") : NULL;
	struct buffer name = { 0 };

	buffer_printf(&name, "%s%s", home ? home : "", home ? path + 1 : path);
	return name.data;
}

/* Is it something else than a file: a terminal, a pipe, /dev/null? To be written into, not
 * replaced. */
static bool is_special(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

bool files_check_named(const char *path, struct error *error)
{
	char *name = files_expand_home(path), *slash;
	bool special = name && is_special(name), good;
	struct stat info;

	if (!name)
		return error_no_memory(error, "a file name", strlen(path));
	if (!*name || (stat(name, &info) == 0 && S_ISDIR(info.st_mode))) {
		error_set(error, ERROR_USAGE, "%s is a directory; name a file in it",
			  *name ? name : "\"\"");
		free(name);
		return false;
	}
	slash = strrchr(name, '/');
	if (slash)
		slash[slash == name] = '\0';
	good = special || access(slash ? name : ".", W_OK | X_OK) == 0;
	if (!good)
		error_set(error, ERROR_IO, "cannot write %s: %m", path);
	free(name);
	return good;
}

static bool write_special(const char *path, const void *data, size_t size, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool done = fd >= 0 && write_all(fd, data, size);

	if (!done)
		error_set(error, ERROR_IO, "cannot write %s: %m", path);
	if (fd >= 0)
		close(fd);
	return done;
}

bool files_write_named(const char *path, const void *data, size_t size, struct error *error)
{
	char *name = files_expand_home(path), *target;
	bool done;

	if (!name)
		return error_no_memory(error, "a file name", strlen(path));
	/* Of a symbolic link the file behind it is replaced. */
	target = realpath(name, NULL);
	done = is_special(name) ? write_special(name, data, size, error)
				: files_write_atomically(target ? target : name, data, size, error);
	free(target);
	free(name);
	return done;
}
