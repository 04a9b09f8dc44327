// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/find/debuginfod.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/library.h"

typedef struct debuginfod_client client;

/* elfutils/debuginfod.h, whose package is larger than what is needed of it. */
struct library {
	void *handle;
	client *(*begin)(void);
	void (*end)(client *);
	int (*find_debuginfo)(client *, const unsigned char *, int, char **);
	void (*set_progressfn)(client *, int (*)(client *, long, long));
	void (*set_user_data)(client *, void *);
	void *(*get_user_data)(client *);
};

struct request {
	const struct patience *patience;
	bool interrupted;
};

static bool load(struct library *library)
{
	const struct library_function functions[] = {
		{ "debuginfod_begin", &library->begin },
		{ "debuginfod_end", &library->end },
		{ "debuginfod_find_debuginfo", &library->find_debuginfo },
		{ "debuginfod_set_progressfn", &library->set_progressfn },
		{ "debuginfod_set_user_data", &library->set_user_data },
		{ "debuginfod_get_user_data", &library->get_user_data },
	};

	library->handle = library_load("libdebuginfod.so.1", functions,
				       sizeof(functions) / sizeof(functions[0]));
	return library->handle != NULL;
}

/* progressfn gets the client only, so the library's function to ask it is looked up once more. */
static struct request *request_of(client *client)
{
	struct library library;
	struct request *request;

	if (!load(&library))
		return NULL;
	request = library.get_user_data(client);
	dlclose(library.handle);
	return request;
}

static int on_progress(client *client, long done, long total)
{
	struct request *request = request_of(client);
	const struct patience *patience = request ? request->patience : NULL;

	if (!patience)
		return 0;
	if (patience->progress && total > 0)
		patience->progress(patience->context, "Downloading", done, total);
	if (patience->interrupted && patience->interrupted(patience->context))
		request->interrupted = true;
	return request->interrupted;
}

/*
 * libdebuginfod (seen in elfutils 0.188) notes a download that was given up as a file that the
 * server has not got, and does not ask again for ten minutes. The note is an empty file.
 */
static void forget_miss(const char *build_id)
{
	static const struct {
		const char *variable, *below;
	} caches[] = {
		{ "DEBUGINFOD_CACHE_PATH", "" },
		{ "XDG_CACHE_HOME", "/debuginfod_client" },
		{ "HOME", "/.cache/debuginfod_client" },
		{ "HOME", "/.debuginfod_client_cache" },
	};
	char path[PATH_MAX];
	struct stat status;

	for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
		const char *start = getenv(caches[i].variable);

		if (!start || (size_t)snprintf(path, sizeof(path), "%s%s/%s/debuginfo", start,
					       caches[i].below, build_id) >= sizeof(path))
			continue;
		if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && !status.st_size)
			unlink(path);
	}
}

static bool find(const struct library *library, const char *build_id,
		 const struct patience *patience, char **path_ret, struct error *error)
{
	struct request request = { .patience = patience };
	client *client = library->begin();
	int fd;

	if (!client)
		return error_no_memory(error, "libdebuginfod", 0);
	library->set_user_data(client, &request);
	library->set_progressfn(client, on_progress);
	/* Length 0: the build-id is hexadecimal text. */
	fd = library->find_debuginfo(client, (const unsigned char *)build_id, 0, path_ret);
	library->end(client);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (request.interrupted) {
		forget_miss(build_id);
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	}
	return error_set(error, ERROR_IO, "debuginfod (%.200s) has no build-id %s: %s",
			 getenv("DEBUGINFOD_URLS"), build_id, strerror(-fd));
}

bool debuginfod_find(const char *build_id, const struct patience *patience, char **path_ret,
		     struct error *error)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct library library;
	bool done;

	if (!urls || !*urls)
		return error_set(error, ERROR_UNSUPPORTED,
				 "no debuginfod server is named (DEBUGINFOD_URLS)");
	if (!load(&library))
		return error_set(error, ERROR_UNSUPPORTED,
				 "DEBUGINFOD_URLS is set but libdebuginfod.so.1 is not installed "
				 "(Debian: libdebuginfod1)");
	done = find(&library, build_id, patience, path_ret, error);
	dlclose(library.handle);
	return done;
}
