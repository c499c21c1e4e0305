// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Questions to a parsed message.
#include "sip/lex.h"
#include "sip/msg.h"
#include "sip/usual.h"

int sip_walk_next(const struct sip_msg *msg, struct sip_walk *walk, struct str *ret_entry) {
	if (!walk->started) {
		walk->started = true;
		walk->at = msg->first[walk->id];
		walk->rest = sip_header_first(msg, walk->id);
	}
	while (walk->at >= 0) {
		int got = sip_list_next(&walk->rest, ret_entry);

		if (got != 0)
			return got;
		walk->at = msg->next[walk->at];
		if (walk->at >= 0)
			walk->rest = sip_header_value(msg, walk->at);
	}
	return 0;
}

struct str sip_contact_uri(const struct sip_msg *msg) {
	struct sip_walk walk = {.id = HDR_CONTACT};
	struct sip_name_addr contact = {0};
	struct str entry;

	if (msg->first[HDR_CONTACT] < 0)
		return (struct str){0};
	if (sip_usual_of(&msg->index)->read_entry(msg, msg->first[HDR_CONTACT], &contact))
		return contact.uri;
	if (sip_walk_next(msg, &walk, &entry) != 1 || !sip_name_addr_parse(entry, &contact))
		return (struct str){0};
	return contact.uri;
}

bool sip_has_option(const struct sip_msg *msg, enum sip_header_id id, struct str tag) {
	struct sip_walk walk = {.id = id};
	struct str entry;

	while (sip_walk_next(msg, &walk, &entry) == 1)
		if (str_eq_nocase(entry, tag))
			return true;
	return false;
}

static bool can_copy(const struct sip_msg *msg, enum sip_header_id id) {
	if (sip_header_first(msg, id).len == 0)
		return false;
	for (int i = msg->first[id]; i >= 0; i = msg->next[i])
		if (!lex_is_value(sip_header_value(msg, i)))
			return false;
	return true;
}

bool sip_can_answer(const struct sip_msg *msg) {
	if (msg->is_good)
		return msg->is_request;
	return msg->is_request && msg->via.text.len > 0 && can_copy(msg, HDR_VIA) && can_copy(msg, HDR_FROM) &&
	       can_copy(msg, HDR_TO) && can_copy(msg, HDR_CALL_ID) && can_copy(msg, HDR_CSEQ);
}
