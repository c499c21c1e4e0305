// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What makes a tandem deliberately wrong, so that a test can show that sipgen finds it out. Linked in front of the way
// out of the session (--wrap=output_datagram), it spoils SIP messages that are ready to be sent; FAULT says how.
#include "base/str.h"
#include "dataplane/output.h"

enum fault {
	FAULT_SWAPPED_ROUTE,	   // the two Record-Routes of an INVITE, each for its side, change places
	FAULT_LOST_TAG,		   // the tag of To is gone from the answer to an INVITE
	FAULT_DUPLICATED_RESPONSE, // the answer to an INVITE leaves twice
};

#define TEXT_MAX 4096

void __real_output_datagram(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to);
void __wrap_output_datagram(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to);

static struct str text_of(const struct rte_mbuf *m) {
	return str_of(rte_pktmbuf_mtod(m, char *), m->data_len);
}

static bool is_answer_to_invite(struct str text) {
	return str_starts(text, STR("SIP/2.0 200 ")) && memmem(text.ptr, text.len, " INVITE\r\n", 9);
}

// From this name on, the line with its end; empty when there is none.
static struct str line_find(struct str text, const char *name) {
	char *from = memmem(text.ptr, text.len, name, strlen(name)), *end;

	if (!from)
		return STR("");
	end = memmem(from, text.len - (size_t)(from - text.ptr), "\r\n", 2);
	return end ? str_of(from, (size_t)(end + 2 - from)) : STR("");
}

// Once: a message that waited for its next hop passes here again.
static void routes_swap(struct rte_mbuf *m, const struct endpoint *local) {
	struct str text = text_of(m), first = line_find(text, "Record-Route: "), rest, second;
	char kept[TEXT_MAX], ip[IP_TEXT_MAX], *at = (char *)(uintptr_t)first.ptr;

	if (!str_starts(text, STR("INVITE ")) || first.len > sizeof(kept) ||
	    !memmem(first.ptr, first.len, ip, ip_format(&local->addr, ip)))
		return;
	rest = str_of(first.ptr + first.len, text.len - (size_t)(first.ptr + first.len - text.ptr));
	second = line_find(rest, "Record-Route: ");
	if (second.len == 0 || second.ptr != rest.ptr)
		return;
	memcpy(kept, first.ptr, first.len);
	memmove(at, second.ptr, second.len);
	memcpy(at + second.len, kept, first.len);
}

static void tag_lose(struct rte_mbuf *m) {
	struct str text = text_of(m), line = line_find(text, "\nTo: ");
	char *tag = line.len ? memmem(line.ptr, line.len, ";tag=", 5) : NULL, *rest;

	if (!is_answer_to_invite(text) || !tag)
		return;
	rest = (char *)(uintptr_t)(line.ptr + line.len - 2);
	memmove(tag, rest, (size_t)(text.ptr + text.len - rest));
	rte_pktmbuf_trim(m, (uint16_t)(rest - tag));
}

static void answer_double(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to) {
	struct str text = text_of(m);
	struct rte_mbuf *copy = is_answer_to_invite(text) ? output_alloc(w) : NULL;
	char *room = copy ? rte_pktmbuf_append(copy, m->data_len) : NULL;

	if (room) {
		memcpy(room, text.ptr, text.len);
		__real_output_datagram(w, copy, listener, to);
	} else {
		rte_pktmbuf_free(copy);
	}
}

void __wrap_output_datagram(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to) {
	switch (FAULT) {
	case FAULT_SWAPPED_ROUTE:
		routes_swap(m, &w->cfg->listeners[listener].local);
		break;
	case FAULT_LOST_TAG:
		tag_lose(m);
		break;
	case FAULT_DUPLICATED_RESPONSE:
		answer_double(w, m, listener, to);
		break;
	}
	__real_output_datagram(w, m, listener, to);
}
