// SPDX-License-Identifier: GPL-3.0-or-later
/* The search itself and its threads: scan.h. */
#include "kernel/memory/scan.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/guard.h"
#include "base/threads.h"
#include "kernel/memory/match.h"

#define BATCH_SIZE (4u << 20) /* large: with 1 MiB handing over took a tenth of a mapped search */
/* Of a batch: read, then looked through while it is in the processor's own cache. */
#define STEP_SIZE	  (256u << 10)
#define WINDOW_PER_THREAD 4 /* batches that may be ready before their turn, for each thread */
#define POLL_NS		  (50 * 1000 * 1000)

/* A place in the list of runs. */
struct position {
	size_t run;
	uint64_t offset;
};

/* Up to BATCH_SIZE bytes of runs that follow each other, and what was found in them. */
struct batch {
	struct position first;
	uint64_t size;
	struct scan_hit *hits;
	size_t nr_hits, capacity;
	uint64_t pages_searched, pages_missing, first_missing;
	bool done, failed; /* failed: no memory */
};

struct job {
	struct kernel *kernel;
	const struct scan_request *request;
	struct matcher matcher;
	struct batch *batches; /* a ring of WINDOW, by number */
	size_t window;
	struct position next; /* where the next batch begins */
	uint64_t bytes_taken, bytes;
	size_t nr_taken, nr_delivered;
	bool stop, all_taken;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
};

/* --- one piece of memory without gaps --- */

struct piece {
	const uint8_t *data;
	size_t size, starts; /* hits begin within the first STARTS bytes */
	uint64_t address;
	uint32_t owner;
};

struct matching {
	const struct job *job;
	const struct piece *piece;
	struct batch *batch;
};

/* Hits are wanted with all their bytes in [start, last]. */
static bool is_wanted(const struct scan_request *request, uint64_t address, size_t size)
{
	return address >= request->start && address <= request->last &&
	       size - 1 <= request->last - address;
}

static bool add_hit(void *context, size_t at, uint32_t pattern, uint64_t value)
{
	struct matching *matching = context;
	const struct scan_request *request = matching->job->request;
	struct batch *batch = matching->batch;
	struct scan_hit hit = { matching->piece->address + at, value, pattern,
				matching->piece->owner };
	struct scan_hit *hits;

	if (!is_wanted(request, hit.address, request->patterns[pattern].size))
		return true;
	hits = array_room(batch->hits, batch->nr_hits, &batch->capacity, sizeof(*hits),
			  "what a search found", NULL);
	if (!hits) {
		batch->failed = true;
		return false;
	}
	batch->hits = hits;
	batch->hits[batch->nr_hits++] = hit;
	return !request->first;
}

/* Need the rest of the batch not be looked at? */
static bool has_enough(const struct job *job, const struct batch *batch)
{
	const struct scan_request *request = job->request;

	return batch->failed || (request->first && batch->nr_hits) ||
	       (request->whole && batch->first_missing != UINT64_MAX);
}

static void match(struct job *job, const struct piece *piece, struct batch *batch)
{
	struct matching matching = { job, piece, batch };

	if (piece->starts && !has_enough(job, batch))
		match_find(&job->matcher, piece->data, piece->size, piece->starts, add_hit,
			   &matching);
}

/* --- one batch --- */

/* How much of the run at AT can be taken, up to SIZE; 0 at the end of the list. */
static uint64_t room_at(const struct scan_runs *runs, const struct position *at, uint64_t size)
{
	uint64_t left = at->run < runs->count ? runs->runs[at->run].size - at->offset : 0;

	return left < size ? left : size;
}

static void advance(const struct scan_runs *runs, struct position *at, uint64_t size)
{
	at->offset += size;
	if (at->offset == runs->runs[at->run].size)
		*at = (struct position){ at->run + 1, 0 };
}

/* The worker's buffer: what it looks through, the page behind that, and one page to cut parts out of. */
static size_t buffer_size(const struct dump *dump)
{
	return STEP_SIZE + 2 * (size_t)dump->page_size;
}

/*
 * Reads what is at AT, up to SIZE bytes and the end of the dump's page, to TO; returns how much that is. QEMU's kdumps of arm64 have pages
 * of 64 KiB whatever the machine's are. *KIND_RET: why it is not there.
 */
static uint64_t read_part(struct job *job, const struct position *at, uint64_t size, uint8_t *buffer, uint8_t *to, uint8_t *kind_ret)
{
	const struct scan_run *run = &job->request->runs->runs[at->run];
	struct dump *dump = job->kernel->dump;
	uint64_t physical = run->physical + at->offset, within = physical & (dump->page_size - 1), left = dump->page_size - within;
	uint8_t *page = buffer + buffer_size(dump) - dump->page_size;
	struct error why = { .kind = ERROR_NONE };

	if (size > left)
		size = left;
	if (size > run->size - at->offset)
		size = run->size - at->offset;
	if (dump_scan_page(dump, physical >> dump->page_shift, page, &why)) {
		memcpy(to, page + within, size);
	} else if (dump->zero_excluded && why.kind == ERROR_EXCLUDED) {
		why.kind = ERROR_NONE;
		memset(to, 0, size);
	}
	*kind_ret = why.kind;
	return size;
}

/* A string can go on in the page behind PIECE, which comes next in the list. */
static void extend(struct job *job, struct piece *piece, uint8_t *buffer, uint8_t *end, const struct position *next)
{
	const struct scan_runs *runs = job->request->runs;
	const struct scan_run *run;
	uint64_t size;
	uint8_t kind;

	if (next->run == runs->count || !job->request->patterns[0].text)
		return;
	run = &runs->runs[next->run];
	if (run->address + next->offset != piece->address + piece->size || run->owner != piece->owner || !piece->size)
		return;
	size = read_part(job, next, job->kernel->dump->page_size, buffer, end, &kind);
	if (kind == ERROR_NONE)
		piece->size += size;
}

static void note_missing(struct batch *batch, uint8_t kind, uint64_t address)
{
	/* A device's memory, which is mapped too, was never going to be in a dump. */
	batch->pages_missing += kind != ERROR_NOT_MAPPED;
	if (batch->first_missing == UINT64_MAX)
		batch->first_missing = address;
}

/*
 * A page of which the dump has some bytes only (an ELF segment may begin and end anywhere). They
 * are looked through apart from what is before and behind; AT is the page's place in the buffer.
 * False if it has none at all.
 */
static bool match_parts(struct job *job, struct batch *batch, const struct scan_run *run,
			uint64_t address, uint8_t *at)
{
	struct dump *dump = job->kernel->dump;
	uint64_t physical = run->physical + (address - run->address);
	struct piece piece = { at, 0, 0, address, run->owner };
	struct dump_place place;
	bool any = false;

	if (!dump->format->read_bytes || !dump->format->find_page ||
	    !dump->format->find_page(dump, physical >> dump->page_shift, &place, NULL))
		return false;
	for (size_t i = 0; i < dump->page_size; i += 8) {
		if (dump->format->read_bytes(dump, physical + i, at + i, 8, NULL)) {
			piece.size += 8;
			piece.starts += 8;
			any = true;
			continue;
		}
		match(job, &piece, batch);
		piece = (struct piece){ at + i + 8, 0, 0, address + i + 8, run->owner };
	}
	match(job, &piece, batch);
	return any;
}

/*
 * NR pages at ADDRESS have been read into AT: they go on with PIECE where they continue it, and
 * begin new ones behind each that is missing.
 */
static void add_pages(struct job *job, struct batch *batch, struct piece *piece, uint8_t *at,
		      const struct scan_run *run, uint64_t address, const uint8_t *kinds, size_t nr)
{
	size_t page_size = job->kernel->dump->page_size;

	if (address != piece->address + piece->size || run->owner != piece->owner) {
		match(job, piece, batch);
		*piece = (struct piece){ at, 0, 0, address, run->owner };
	}
	for (size_t i = 0; i < nr; i++) {
		at += page_size;
		address += page_size;
		if (kinds[i] == ERROR_NONE) {
			batch->pages_searched++;
			piece->size += page_size;
			piece->starts += page_size;
			continue;
		}
		match(job, piece, batch);
		if (match_parts(job, batch, run, address - page_size, at - page_size))
			batch->pages_searched++;
		else
			note_missing(batch, kinds[i], address - page_size);
		*piece = (struct piece){ at, 0, 0, address, run->owner };
	}
}

/* The same that dump_read_phys makes of pages that were left out, where the person wants that. */
static void fill_excluded(const struct dump *dump, uint8_t *pages, uint8_t *kinds, size_t nr)
{
	for (size_t i = 0; dump->zero_excluded && i < nr; i++) {
		if (kinds[i] != ERROR_EXCLUDED)
			continue;
		memset(pages + i * dump->page_size, 0, dump->page_size);
		kinds[i] = ERROR_NONE;
	}
}

/* The same for a part of a page, of SIZE bytes. */
static void add_part(struct job *job, struct batch *batch, struct piece *piece, uint8_t *at, const struct scan_run *run, uint64_t address,
		     uint8_t kind, uint64_t size)
{
	size_t pages = 1 + (size - 1) / memory_page_size(job->kernel->memory);

	if (address != piece->address + piece->size || run->owner != piece->owner || kind != ERROR_NONE) {
		match(job, piece, batch);
		*piece = (struct piece){ at, 0, 0, address, run->owner };
	}
	if (kind == ERROR_NONE) {
		batch->pages_searched += pages;
		piece->size += size;
		piece->starts += size;
		return;
	}
	for (size_t i = 0; i < pages; i++)
		note_missing(batch, kind, address);
	*piece = (struct piece){ at + size, 0, 0, address + size, run->owner };
}

/* STEP_SIZE bytes from *FROM on, but at most SIZE. BUFFER has buffer_size(). */
static uint64_t scan_step(struct job *job, struct batch *batch, struct position *from,
			  uint64_t size, uint8_t *buffer)
{
	const struct scan_runs *runs = job->request->runs;
	struct dump *dump = job->kernel->dump;
	uint8_t kinds[STEP_SIZE / 4096];
	struct piece piece = { .data = buffer };
	uint64_t done = 0, room;

	if (size > STEP_SIZE)
		size = STEP_SIZE;
	for (; (room = room_at(runs, from, size - done)) > 0; done += room) {
		const struct scan_run *run = &runs->runs[from->run];
		size_t nr = (room + dump->page_size - 1) >> dump->page_shift;

		if (((run->physical + from->offset) | room) & (dump->page_size - 1)) {
			uint8_t kind;

			room = read_part(job, from, room, buffer, buffer + done, &kind);
			add_part(job, batch, &piece, buffer + done, run, run->address + from->offset, kind, room);
			advance(runs, from, room);
			continue;
		}
		dump_scan_pages(dump, (run->physical + from->offset) >> dump->page_shift, nr,
				buffer + done, kinds);
		fill_excluded(dump, buffer + done, kinds, nr);
		add_pages(job, batch, &piece, buffer + done, run, run->address + from->offset,
			  kinds, nr);
		advance(runs, from, room);
	}
	extend(job, &piece, buffer, buffer + done, from);
	match(job, &piece, batch);
	return done;
}

struct mapped_piece {
	struct job *job;
	struct batch *batch;
	struct piece piece;
};

static void match_mapped(void *context)
{
	struct mapped_piece *mapped = context;

	match(mapped->job, &mapped->piece, mapped->batch);
}

/*
 * The same for what the file holds as it is: it is looked through where it is mapped, which saves
 * the copy, two thirds of the time. 0: do it the other way. A string can go on in the next page,
 * wherever that is: the last page is left to scan_step().
 */
static uint64_t scan_mapped(struct job *job, struct batch *batch, struct position *from,
			    uint64_t size)
{
	const struct scan_runs *runs = job->request->runs;
	const struct scan_run *run = &runs->runs[from->run];
	struct dump *dump = job->kernel->dump;
	struct mapped_piece mapped = { job, batch, { .owner = run->owner } };
	size_t nr, nr_hits = batch->nr_hits;

	if (!dump->format->map_pages || (run->physical + from->offset) & (dump->page_size - 1))
		return 0;
	mapped.piece.data = dump->format->map_pages(
		dump, (run->physical + from->offset) >> dump->page_shift,
		room_at(runs, from, size) >> dump->page_shift, &nr);
	if (!mapped.piece.data)
		return 0;
	mapped.piece.address = run->address + from->offset;
	mapped.piece.size = nr << dump->page_shift;
	mapped.piece.starts = job->request->patterns[0].text ? mapped.piece.size - dump->page_size
							     : mapped.piece.size;
	if (!guard_run(match_mapped, &mapped)) {
		batch->nr_hits = nr_hits;
		return 0;
	}
	batch->pages_searched += mapped.piece.starts >> dump->page_shift;
	if (mapped.piece.starts)
		advance(runs, from, mapped.piece.starts);
	return mapped.piece.starts;
}

static void scan_batch(struct job *job, struct batch *batch, uint8_t *buffer)
{
	struct position at = batch->first;
	uint64_t done = 0, step = 0;

	while (done < batch->size && !has_enough(job, batch)) {
		/* Behind what is mapped only the page that was left over. */
		uint64_t most = step ? job->kernel->dump->page_size : STEP_SIZE;

		step = scan_mapped(job, batch, &at, batch->size - done);
		if (step) {
			done += step;
			continue;
		}
		if (most > batch->size - done)
			most = batch->size - done;
		done += scan_step(job, batch, &at, most, buffer);
	}
}

/* --- threads --- */

/* The next batch to work on; NULL at the end. Called with the lock held. */
static struct batch *take_batch(struct job *job)
{
	const struct scan_runs *runs = job->request->runs;
	struct batch *batch;
	uint64_t room;

	while (!job->stop && !job->all_taken && job->nr_taken == job->nr_delivered + job->window)
		pthread_cond_wait(&job->work, &job->lock);
	if (job->stop || job->all_taken)
		return NULL;
	batch = &job->batches[job->nr_taken++ % job->window];
	batch->first = job->next;
	batch->size = batch->nr_hits = 0;
	batch->pages_searched = batch->pages_missing = 0;
	batch->first_missing = UINT64_MAX;
	batch->done = false;
	while ((room = room_at(runs, &job->next, BATCH_SIZE - batch->size)) > 0) {
		advance(runs, &job->next, room);
		batch->size += room;
	}
	job->bytes_taken += batch->size;
	job->all_taken = job->next.run == runs->count;
	return batch;
}

static void *work(void *argument)
{
	struct job *job = argument;
	uint8_t *buffer = malloc(buffer_size(job->kernel->dump));
	struct batch *batch;

	pthread_mutex_lock(&job->lock);
	while ((batch = take_batch(job)) != NULL) {
		pthread_mutex_unlock(&job->lock);
		if (buffer)
			scan_batch(job, batch, buffer);
		else
			batch->failed = true;
		pthread_mutex_lock(&job->lock);
		batch->done = true;
		pthread_cond_signal(&job->ready);
	}
	pthread_mutex_unlock(&job->lock);
	free(buffer);
	return NULL;
}

static bool may_go_on(struct job *job, uint64_t taken, struct error *error)
{
	const struct scan_request *request = job->request;

	if (!request->interrupted)
		return kernel_step(job->kernel, "searching", taken, job->bytes, error);
	return !request->interrupted(request->context) ||
	       error_set(error, ERROR_INTERRUPTED, "interrupted");
}

/* Waits until BATCH is done; looks for Ctrl-C meanwhile. Called with the lock held. */
static bool wait_for(struct job *job, const struct batch *batch, struct error *error)
{
	while (!batch->done) {
		struct timespec until;
		uint64_t taken;
		bool go_on;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += POLL_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&job->ready, &job->lock, &until);
		taken = job->bytes_taken;
		pthread_mutex_unlock(&job->lock);
		go_on = may_go_on(job, taken, error);
		pthread_mutex_lock(&job->lock);
		if (!go_on)
			return false;
	}
	return true;
}

/* Hands out a finished batch's hits. */
static bool deliver(struct job *job, struct batch *batch, struct scan_totals *totals, bool *enough,
		    struct error *error)
{
	const struct scan_request *request = job->request;

	totals->pages_searched += batch->pages_searched;
	totals->pages_missing += batch->pages_missing;
	for (size_t i = 0; i < batch->nr_hits && !*enough; i++) {
		const struct scan_hit *hit = &batch->hits[i];

		if (i % 4096 == 0 && !may_go_on(job, job->bytes_taken, error))
			return false;
		if (request->whole && hit->address > batch->first_missing)
			break;
		*enough = !request->hit(request->context, hit);
	}
	if (request->whole && !*enough && batch->first_missing != UINT64_MAX) {
		totals->first_missing = batch->first_missing;
		*enough = true;
	}
	return !batch->failed || error_no_memory(error, "what a search found",
						 batch->capacity * sizeof(struct scan_hit));
}

static int compare_hits(const void *a, const void *b)
{
	const struct scan_hit *x = a, *y = b;

	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static bool collect(struct job *job, struct scan_totals *totals, struct error *error)
{
	bool good = true, enough = false;

	pthread_mutex_lock(&job->lock);
	while (good && !enough && !(job->all_taken && job->nr_delivered == job->nr_taken)) {
		struct batch *batch = &job->batches[job->nr_delivered % job->window];

		good = wait_for(job, batch, error);
		if (!good)
			break;
		pthread_mutex_unlock(&job->lock);
		/*
		 * The hits of several strings come mixed; owners and addresses ascend within a
		 * batch.
		 */
		if (job->request->patterns[0].text && job->request->nr_patterns > 1 &&
		    batch->nr_hits)
			qsort(batch->hits, batch->nr_hits, sizeof(*batch->hits), compare_hits);
		good = deliver(job, batch, totals, &enough, error);
		pthread_mutex_lock(&job->lock);
		batch->done = false;
		job->nr_delivered++;
		pthread_cond_broadcast(&job->work);
	}
	job->stop = true;
	pthread_cond_broadcast(&job->work);
	pthread_mutex_unlock(&job->lock);
	return good;
}

bool scan(struct kernel *kernel, const struct scan_request *request, struct scan_totals *totals,
	  struct error *error)
{
	struct job job = { .kernel = kernel, .request = request };
	pthread_t threads[THREADS_MAX];
	unsigned wanted = threads_useful();
	bool good;

	*totals = (struct scan_totals){ .first_missing = UINT64_MAX };
	match_prepare(&job.matcher, request->patterns, request->nr_patterns,
		      kernel->dump->big_endian);
	for (size_t i = 0; i < request->runs->count; i++)
		job.bytes += request->runs->runs[i].size;
	if (!request->runs->count || !request->nr_patterns)
		return true;
	job.window = wanted * WINDOW_PER_THREAD;
	job.batches = calloc(job.window, sizeof(*job.batches));
	if (!job.batches)
		return error_no_memory(error, "a search", job.window * sizeof(*job.batches));
	pthread_mutex_init(&job.lock, NULL);
	pthread_cond_init(&job.work, NULL);
	pthread_cond_init(&job.ready, NULL);
	while (totals->threads < wanted && threads_start(&threads[totals->threads], work, &job))
		totals->threads++;
	if (totals->threads)
		good = collect(&job, totals, error);
	else
		good = error_set(error, ERROR_NO_MEMORY, "no thread can be started to search with");
	for (unsigned i = 0; i < totals->threads; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < job.window; i++)
		free(job.batches[i].hits);
	free(job.batches);
	pthread_cond_destroy(&job.ready);
	pthread_cond_destroy(&job.work);
	pthread_mutex_destroy(&job.lock);
	return good;
}
