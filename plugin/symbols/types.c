// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The front of every types source: a cache of answers.
 *
 * Commands ask for the same few hundred members again and again, some once per page or task, so an
 * answer that is known must cost no more than a hash lookup. Answers never change. Readers take no
 * lock: entries are immutable once published, and a table that was outgrown stays allocated until
 * the end. Asking the source is serialised, because the DWARF one reads lazily.
 */
#include "symbols/types.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum question { QUESTION_MEMBER, QUESTION_SIZE, QUESTION_ENUMERATOR };

struct answer {
	uint64_t hash;
	enum question question;
	enum error_kind error;		/* ERROR_NONE = found */
	union {
		struct member member;
		uint64_t size;
		int64_t value;
		char *error_text;
	};
	size_t type_length, path_length;
	char key[];			/* type, then path */
};

struct answers {
	struct answers *outgrown;	/* the table before this one */
	size_t mask;			/* number of slots - 1 */
	size_t used;
	_Atomic(struct answer *) slots[];
};

struct types {
	const struct types_source *source;
	void *private;
	char *origin;
	pthread_mutex_t lock;
	_Atomic(struct answers *) answers;
};

struct key {
	enum question question;
	const char *type, *path;
	size_t type_length, path_length;
	uint64_t hash;
};

static uint64_t hash_string(uint64_t hash, const char *string, size_t length)
{
	while (length) {
		size_t piece = length < 8 ? length : 8;
		uint64_t word = 0;

		memcpy(&word, string, piece);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
		string += piece;
		length -= piece;
	}
	return (hash ^ 0xff) * 0x9e3779b97f4a7c15ull;
}

static struct key key_make(enum question question, const char *type, const char *path)
{
	struct key key = { .question = question,
			   .type = type,
			   .path = path,
			   .type_length = strlen(type),
			   .path_length = strlen(path) };

	key.hash = hash_string(question + 1, type, key.type_length);
	key.hash = hash_string(key.hash, path, key.path_length);
	key.hash ^= key.hash >> 29;
	return key;
}

static bool key_matches(const struct key *key, const struct answer *answer)
{
	return answer->hash == key->hash && answer->question == key->question &&
	       answer->type_length == key->type_length && answer->path_length == key->path_length &&
	       memcmp(answer->key, key->type, key->type_length) == 0 &&
	       memcmp(answer->key + key->type_length, key->path, key->path_length) == 0;
}

static const struct answer *answers_find(struct types *types, const struct key *key)
{
	struct answers *answers = atomic_load_explicit(&types->answers, memory_order_acquire);

	/* Never more than half full, so there is an empty slot. */
	for (size_t i = key->hash & answers->mask;; i = (i + 1) & answers->mask) {
		struct answer *answer =
			atomic_load_explicit(&answers->slots[i], memory_order_acquire);

		if (!answer || key_matches(key, answer))
			return answer;
	}
}

static struct answers *answers_new(size_t slots, struct answers *outgrown)
{
	struct answers *answers = calloc(1, sizeof(*answers) + slots * sizeof(answers->slots[0]));

	if (answers) {
		answers->mask = slots - 1;
		answers->outgrown = outgrown;
	}
	return answers;
}

static void answers_insert(struct answers *answers, struct answer *answer)
{
	size_t i = answer->hash & answers->mask;

	while (atomic_load_explicit(&answers->slots[i], memory_order_relaxed))
		i = (i + 1) & answers->mask;
	atomic_store_explicit(&answers->slots[i], answer, memory_order_release);
	answers->used++;
}

/* Under the lock. Without memory the answer is just not remembered. */
static bool answers_add(struct types *types, struct answer *answer)
{
	struct answers *answers = atomic_load_explicit(&types->answers, memory_order_relaxed);

	if (answers->used >= answers->mask / 2) {
		struct answers *bigger = answers_new((answers->mask + 1) * 2, answers);

		if (!bigger)
			return false;
		for (size_t i = 0; i <= answers->mask; i++)
			if (answers->slots[i])
				answers_insert(bigger, answers->slots[i]);
		atomic_store_explicit(&types->answers, bigger, memory_order_release);
		answers = bigger;
	}
	answers_insert(answers, answer);
	return true;
}

struct enumerator_search {
	const char *name;
	bool found;
	int64_t value;
};

static bool enumerator_matches(void *context, const char *name, int64_t value)
{
	struct enumerator_search *search = context;

	if (strcmp(name, search->name) != 0)
		return true;
	search->found = true;
	search->value = value;
	return false;
}

static bool ask_enumerator(struct types *types, const char *type, const char *name,
			   int64_t *value_ret, struct error *error)
{
	struct enumerator_search search = { .name = name };

	if (!types->source->for_each_enumerator(types->private, *type ? type : NULL,
						enumerator_matches, &search, error))
		return false;
	if (!search.found)
		return error_set(error, ERROR_NO_MEMBER, "the kernel has no enumerator %s%s%s",
				 name, *type ? " in enum " : "", type);
	*value_ret = search.value;
	return true;
}

/* Does the source know, cheaply, that one of the question's names does not exist at all? */
static bool names_exist(struct types *types, const struct key *key, struct error *error)
{
	const char *at = key->path;
	char name[128];

	if (!types->source->has_name)
		return true;
	if (*key->type && !types->source->has_name(types->private, key->type))
		return error_set(error, ERROR_NO_MEMBER, "the kernel has no type %s", key->type);
	while (*at) {
		size_t length = strcspn(at, ".");

		if (length < sizeof(name)) {
			memcpy(name, at, length);
			name[length] = 0;
			if (!types->source->has_name(types->private, name))
				return error_set(error, ERROR_NO_MEMBER, "the kernel has no %s%s%s",
						 key->type, *key->type ? "." : "", key->path);
		}
		at += length + (at[length] == '.');
	}
	return true;
}

static void ask_source(struct types *types, const struct key *key, struct answer *answer,
		       struct error *error)
{
	bool found = names_exist(types, key, error);

	if (found && key->question == QUESTION_MEMBER)
		found = types->source->member(types->private, key->type, key->path, &answer->member,
					      error);
	else if (found && key->question == QUESTION_SIZE)
		found = types->source->size(types->private, key->type, &answer->size, error);
	else if (found)
		found = ask_enumerator(types, key->type, key->path, &answer->value, error);
	if (!found) {
		answer->error = error->kind;
		answer->error_text = NULL;
	}
}

static struct answer *answer_new(const struct key *key)
{
	struct answer *answer = calloc(1, sizeof(*answer) + key->type_length + key->path_length);

	if (!answer)
		return NULL;
	answer->hash = key->hash;
	answer->question = key->question;
	answer->type_length = key->type_length;
	answer->path_length = key->path_length;
	memcpy(answer->key, key->type, key->type_length);
	memcpy(answer->key + key->type_length, key->path, key->path_length);
	return answer;
}

static void answer_free(struct answer *answer)
{
	if (answer && answer->error != ERROR_NONE)
		free(answer->error_text);
	free(answer);
}

/* Asks the source under the lock. The answer goes to *ANSWER_RET if it is to be remembered. */
static bool learn(struct types *types, const struct key *key, const struct answer **answer_ret,
		  struct error *error)
{
	struct error reason = { 0 };
	struct answer *answer = answer_new(key);

	if (!answer)
		return error_no_memory(error, "a type", sizeof(*answer));
	ask_source(types, key, answer, &reason);
	if (answer->error != ERROR_NONE) {
		answer->error_text = strdup(reason.text);
		/* These may go better next time. */
		if (!answer->error_text || answer->error == ERROR_NO_MEMORY ||
		    answer->error == ERROR_INTERRUPTED) {
			answer_free(answer);
			if (error)
				*error = reason;
			return false;
		}
	}
	if (!answers_add(types, answer)) {
		answer_free(answer);
		return error_no_memory(error, "the cache of types", sizeof(*answer));
	}
	*answer_ret = answer;
	return true;
}

static const struct answer *ask(struct types *types, enum question question, const char *type,
				const char *path, struct error *error)
{
	struct key key = key_make(question, type, path);
	const struct answer *answer = answers_find(types, &key);
	bool learned = true;

	if (!answer) {
		pthread_mutex_lock(&types->lock);
		answer = answers_find(types, &key);	/* another thread may have been quicker */
		if (!answer)
			learned = learn(types, &key, &answer, error);
		pthread_mutex_unlock(&types->lock);
		if (!learned)
			return NULL;
	}
	if (answer->error != ERROR_NONE) {
		error_set(error, answer->error, "%s", answer->error_text);
		return NULL;
	}
	return answer;
}

bool types_member(struct types *types, const char *type, const char *path,
		  struct member *member_ret, struct error *error)
{
	const struct answer *answer = ask(types, QUESTION_MEMBER, type, path, error);

	if (answer)
		*member_ret = answer->member;
	return answer;
}

bool types_has_member(struct types *types, const char *type, const char *path)
{
	return ask(types, QUESTION_MEMBER, type, path, NULL);
}

bool types_size(struct types *types, const char *type, uint64_t *size_ret, struct error *error)
{
	const struct answer *answer = ask(types, QUESTION_SIZE, type, "", error);

	if (answer)
		*size_ret = answer->size;
	return answer;
}

bool types_enumerator(struct types *types, const char *type, const char *name, int64_t *value_ret,
		      struct error *error)
{
	const struct answer *answer =
		ask(types, QUESTION_ENUMERATOR, type ? type : "", name, error);

	if (answer)
		*value_ret = answer->value;
	return answer;
}

bool types_for_each_enumerator(struct types *types, const char *type,
			       bool (*callback)(void *context, const char *name, int64_t value),
			       void *context, struct error *error)
{
	bool done;

	pthread_mutex_lock(&types->lock);
	done = types->source->for_each_enumerator(types->private, type, callback, context, error);
	pthread_mutex_unlock(&types->lock);
	return done;
}

bool types_for_each_structure(struct types *types, const char *member_type, structure_callback *callback, void *context,
			      struct error *error)
{
	bool done;

	if (!types->source->for_each_structure)
		return error_set(error, ERROR_UNSUPPORTED, "%s cannot list its types; kernels with BTF can (CONFIG_DEBUG_INFO_BTF)", types->origin);
	pthread_mutex_lock(&types->lock);
	done = types->source->for_each_structure(types->private, member_type, callback, context, error);
	pthread_mutex_unlock(&types->lock);
	return done;
}

const char *types_origin(const struct types *types)
{
	return types->origin;
}

bool types_new(const struct types_source *source, void *private, const char *origin,
	       struct types **types_ret, struct error *error)
{
	struct types *types = calloc(1, sizeof(*types));
	struct answers *answers = answers_new(1024, NULL);
	char *copy = strdup(origin);
	pthread_mutexattr_t attributes;

	if (!types || !answers || !copy) {
		free(types);
		free(answers);
		free(copy);
		source->close(private);
		return error_no_memory(error, "types", sizeof(*types));
	}
	types->source = source;
	types->private = private;
	types->origin = copy;
	atomic_init(&types->answers, answers);
	/* Recursive: a callback for enumerators may ask for types. */
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&types->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	*types_ret = types;
	return true;
}

void types_close(struct types *types)
{
	struct answers *answers;

	if (!types)
		return;
	answers = types->answers;
	for (size_t i = 0; i <= answers->mask; i++)
		answer_free(answers->slots[i]);
	while (answers) {
		struct answers *outgrown = answers->outgrown;

		free(answers);
		answers = outgrown;
	}
	types->source->close(types->private);
	pthread_mutex_destroy(&types->lock);
	free(types->origin);
	free(types);
}
