// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Transactions and dialogs: ns to insert, find and remove one at 1 thousand, 1 million and 10 million held, and what
// one takes in memory, everything included (record, table, text, allocator).
#include <inttypes.h>

#include "base/hash.h"
#include "bench.h"
#include "dialog/dialog.h"
#include "dialog/txn.h"

// One carrier call's request and answer; branch, Call-ID and tags are set anew for each record.
static const char invite_text[] = "INVITE sip:+441632960083@198.51.100.10:5060;user=phone SIP/2.0\r\n"
				  "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-0123456789abcdef;rport\r\n"
				  "Max-Forwards: 70\r\n"
				  "From: \"Alice\" <sip:+441632960001@192.0.2.10;user=phone>;tag=0123456789abcdef\r\n"
				  "To: <sip:+441632960083@198.51.100.10;user=phone>\r\n"
				  "Call-ID: 0123456789abcdef0123456789abcdef@192.0.2.10\r\n"
				  "CSeq: 1 INVITE\r\n"
				  "Contact: <sip:+441632960001@192.0.2.10:5060>\r\n"
				  "Content-Length: 0\r\n\r\n";

static const char answer_text[] =
	"SIP/2.0 200 OK\r\n"
	"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-0123456789abcdef;rport\r\n"
	"Record-Route: <sip:198.51.100.1:5060;lr;d=0000000000000000000000000000000000;r2=on>\r\n"
	"Record-Route: <sip:192.0.2.1:5060;lr;d=0000000000000000000000000000000000;r2=on>\r\n"
	"From: \"Alice\" <sip:+441632960001@192.0.2.10;user=phone>;tag=0123456789abcdef\r\n"
	"To: <sip:+441632960083@198.51.100.10;user=phone>;tag=0123456789abcdef\r\n"
	"Call-ID: 0123456789abcdef0123456789abcdef@192.0.2.10\r\n"
	"CSeq: 1 INVITE\r\n"
	"Contact: <sip:+441632960083@198.51.100.10:5060>\r\n"
	"Content-Length: 0\r\n\r\n";

static const struct config_timers timers = {
	.t1_ms = 500,
	.t2_ms = 4000,
	.b_ms = 32000,
	.j_ms = 32000,
	.l_ms = 32000,
	.m_ms = 32000,
};

struct story {
	struct sip_msg invite, answer;
	char branch[24], call_id[48], tag[16];
};

static void parse(struct sip_msg *msg, const char *text) {
	static const struct sip_limits limits = {.headers_max = 64, .vias_max = 16};
	struct sip_locator locator;

	if (sip_locator_init(&locator, LOCATOR_AUTO) != 0 ||
	    sip_parse(msg, text, strlen(text), &limits, &locator) != SIP_OK) {
		fputs("the bench's own message does not parse\n", stderr);
		exit(1);
	}
	sip_locator_fini(&locator);
}

static void story_init(struct story *story) {
	parse(&story->invite, invite_text);
	parse(&story->answer, answer_text);
	memcpy(story->branch, "z9hG4bK-0000000000000000", 24);
	memcpy(story->call_id, "0000000000000000000000000000000000000@192.0.2.10", 48);
	memset(story->tag, '0', sizeof(story->tag));
}

// Makes both messages those of call number n.
static void story_of(struct story *story, uint64_t n) {
	struct str call_id = str_of(story->call_id, sizeof(story->call_id));
	struct str tag = str_of(story->tag, sizeof(story->tag));

	mint_hex(story->branch + 8, n * 0x9e3779b97f4a7c15u, 16);
	mint_hex(story->call_id, n * 0xbf58476d1ce4e5b9u, 16);
	mint_hex(story->tag, n * 0x94d049bb133111ebu, 16);
	story->invite.via.branch = str_of(story->branch, sizeof(story->branch));
	story->invite.call_id = story->answer.call_id = call_id;
	story->invite.from.tag = story->answer.from.tag = tag;
	story->answer.to.tag = tag;
}

// The arena grows in big steps, which say nothing of one record while there are few.
static void print_bytes(const char *what, uint32_t count, double record, double table, double text) {
	if (count < 1000000)
		return;
	printf("%-44s %10.0f bytes (record %.0f, table %.0f, text %.0f)\n",
	       what,
	       record + table + text,
	       record,
	       table,
	       text);
}

static void fail(const char *what) {
	fprintf(stderr, "%s: out of memory or not found\n", what);
	exit(1);
}

// Records are visited in a scrambled order, as the wire would; count is a power of ten, the step coprime to it.
static uint64_t scrambled(uint64_t i, uint64_t count) {
	return i * 7919 % count;
}

static void bench_transactions(uint32_t count) {
	static struct story story;
	struct bench insert = {.name = "transaction insert"}, find = {.name = "transaction find"};
	struct bench end = {.name = "transaction remove"};
	struct blob_arena *text;
	struct txn_table table;
	char title[64];

	snprintf(title, sizeof(title), "server transactions, %" PRIu32, count);
	bench_title(title);
	if (blob_arena_create((size_t)count * 256 + (64 << 20), MEM_HUGE_AUTO, &text) ||
	    txn_table_init(&table, count, MEM_HUGE_AUTO, text, &timers))
		fail("transactions");
	story_init(&story);
	for (int run = 0; run < 3; run++) {
		bench_begin(&insert);
		for (uint32_t i = 0; i < count; i++) {
			story_of(&story, i);
			if (!txn_server_create(&table, &story.invite, 0))
				fail("insert");
		}
		bench_end(&insert, count);
		if (run == 0)
			print_bytes(
				"a server transaction without its message",
				count,
				table.pool.record_size,
				(double)table.servers.mem.size / count,
				(double)blob_mapped(text) / count
			);
		bench_begin(&find);
		for (uint32_t i = 0; i < count; i++) {
			story_of(&story, scrambled(i, count));
			if (!txn_server_find(&table, &story.invite))
				fail("find");
		}
		bench_end(&find, count);
		bench_begin(&end);
		for (uint32_t i = 0; i < count; i++)
			txn_free(&table, pool_at(&table.pool, (uint32_t)scrambled(i, count)));
		bench_end(&end, count);
	}
	bench_print(&insert);
	bench_print(&find);
	bench_print(&end);
	txn_table_fini(&table);
	blob_arena_destroy(text);
}

static struct dialog *dialog_insert(struct dialog_table *table, struct story *story) {
	struct dialog *dialog = dialog_create(table, &story->invite, 0);

	if (!dialog || !dialog_response(table, dialog, &story->answer, 0))
		fail("dialog insert");
	return dialog;
}

static void find_all(struct dialog_table *table, struct story *story, struct bench *bench, bool by_name) {
	uint32_t count = table->pool.capacity;
	bool by_caller;
	char id[MINT_LEN];

	bench_begin(bench);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (uint32_t)scrambled(i, count);
		struct str name = STR("");

		story_of(story, slot);
		story->invite.to.tag = story->answer.to.tag;
		if (by_name) {
			const struct pool_head *head = pool_at(&table->pool, slot);
			struct mint_id wire = {.slot = slot, .generation = head->generation};

			mint_write(id, MINT_DIALOG, wire, table->seed, hash_str(table->seed, story->invite.call_id));
			name = str_of(id, MINT_LEN);
		}
		if (!dialog_find(table, &story->invite, name, &by_caller))
			fail("dialog find");
	}
	bench_end(bench, count);
}

static void bench_dialogs(uint32_t count) {
	static struct story story;
	struct bench insert = {.name = "dialog insert, INVITE and 200"};
	struct bench by_name = {.name = "dialog find by our identifier, minting it"};
	struct bench by_text = {.name = "dialog find by Call-ID and tags"};
	struct bench end = {.name = "dialog remove"};
	struct blob_arena *text;
	struct dialog_table table;
	char title[64];

	snprintf(title, sizeof(title), "dialogs, %" PRIu32, count);
	bench_title(title);
	if (blob_arena_create((size_t)count * 640 + (64 << 20), MEM_HUGE_AUTO, &text) ||
	    dialog_table_init(&table, count, MEM_HUGE_AUTO, text, 43200000))
		fail("dialogs");
	for (int run = 0; run < 3; run++) {
		story_init(&story);
		bench_begin(&insert);
		for (uint32_t i = 0; i < count; i++) {
			// A pool gives back the slot freed last: keep record n in slot n.
			story_of(&story, run == 0 ? i : count - 1 - i);
			dialog_insert(&table, &story);
		}
		bench_end(&insert, count);
		if (run == 0)
			print_bytes(
				"a confirmed dialog",
				count,
				table.pool.record_size,
				(double)table.heads.mem.size / count,
				(double)blob_mapped(text) / count
			);
		find_all(&table, &story, &by_name, true);
		find_all(&table, &story, &by_text, false);
		bench_begin(&end);
		for (uint32_t i = 0; i < count; i++)
			dialog_free(&table, pool_at(&table.pool, i));
		bench_end(&end, count);
	}
	bench_print(&insert);
	bench_print(&by_name);
	bench_print(&by_text);
	bench_print(&end);
	dialog_table_fini(&table);
	blob_arena_destroy(text);
}

int main(int argc, char **argv) {
	static const uint32_t counts[] = {1000, 1000000, 10000000};
	struct bench_options options = bench_options(argc, argv);

	for (unsigned i = 0; i < ARRAY_LEN(counts) - options.quick; i++) {
		bench_transactions(options.quick && i == 1 ? 100000 : counts[i]);
		bench_dialogs(options.quick && i == 1 ? 100000 : counts[i]);
	}
	return 0;
}
