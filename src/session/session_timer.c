// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Session timers as a proxy (RFC 4028 section 8): calls are asked to be refreshed, so that who lost them can be told
// from who says nothing.
#include "session/forward.h"

// The number a header begins with; 0 when it is not there or no number.
static uint32_t seconds_of(const struct sip_msg *msg, enum sip_header_id id, struct str *ret_digits) {
	struct str value = sip_header_first(msg, id);
	uint64_t seconds = 0;

	ret_digits->ptr = value.ptr;
	ret_digits->len = 0;
	while (ret_digits->len < value.len && value.ptr[ret_digits->len] >= '0' && value.ptr[ret_digits->len] <= '9')
		ret_digits->len++;
	if (ret_digits->len == 0 || !str_to_u64(*ret_digits, UINT32_MAX, &seconds))
		return ret_digits->len == 0 ? 0 : UINT32_MAX;
	return (uint32_t)seconds;
}

static bool knows_timers(const struct sip_msg *msg) {
	return sip_has_option(msg, HDR_SUPPORTED, STR("timer")) || sip_has_option(msg, HDR_REQUIRE, STR("timer"));
}

static bool is_too_short(const struct session *s, uint32_t asked) {
	return asked > 0 && asked < s->w->cfg->session_min_s;
}

bool session_timer_check(struct session *s, struct rte_mbuf *m) {
	struct sip_writer w = {.buf = s->scratch, .size = sizeof(s->scratch)};
	struct str digits;

	// We would set the first, and the callee might go by the second.
	if (sip_is_repeated(s->msg, HDR_SESSION_EXPIRES) || sip_is_repeated(s->msg, HDR_MIN_SE)) {
		local_refuse(s, m, 400, COUNT_SIP_REPEATED);
		return false;
	}
	if (!is_too_short(s, seconds_of(s->msg, HDR_SESSION_EXPIRES, &digits)) || !knows_timers(s->msg))
		return true;
	sip_write_c(&w, "Min-SE: ");
	sip_write_u32(&w, s->w->cfg->session_min_s);
	sip_write_c(&w, "\r\n");
	local_refuse_with(s, m, 422, COUNT_SIP_SESSION_SHORT, STR(""), str_of(w.buf, w.len));
	return false;
}

// Sets the number a header begins with, or adds the header.
static void
set_seconds(struct session *s, struct forward *f, enum sip_header_id id, struct str digits, uint32_t seconds) {
	struct sip_writer *w = &f->scratch;
	uint32_t from = w->len;

	if (digits.len > 0) {
		sip_write_u32(w, seconds);
		sip_edit_add(&f->edits, (uint32_t)(digits.ptr - s->msg->buf), digits.len, rewrite_since(w, from));
		return;
	}
	sip_write(w, sip_header_name(id));
	sip_write_c(w, ": ");
	sip_write_u32(w, seconds);
	sip_write_c(w, "\r\n");
	sip_edit_insert_lines(&f->edits, 0, rewrite_since(w, from));
}

// None is too long for us but what is longer than wanted, and none goes out below what the caller can bear.
static uint32_t interval_of(const struct config *cfg, uint32_t asked, uint32_t least) {
	uint32_t interval = cfg->session_expires_s;

	if (asked > 0 && asked < interval)
		interval = asked > cfg->session_min_s ? asked : cfg->session_min_s;
	return interval > least ? interval : least;
}

void session_timer_edit(struct session *s, struct forward *f) {
	const struct config *cfg = s->w->cfg;
	struct str asked_digits, least_digits;
	uint32_t asked = seconds_of(s->msg, HDR_SESSION_EXPIRES, &asked_digits);
	uint32_t least = seconds_of(s->msg, HDR_MIN_SE, &least_digits);
	uint32_t interval = interval_of(cfg, asked, least);

	// A header of that name that makes no sense is not ours to mend.
	if ((asked_digits.ptr && asked_digits.len == 0) || (least_digits.ptr && least_digits.len == 0))
		return;
	if (interval != asked)
		set_seconds(s, f, HDR_SESSION_EXPIRES, asked_digits, interval);
	if (is_too_short(s, asked) && least < cfg->session_min_s)
		set_seconds(s, f, HDR_MIN_SE, least_digits, cfg->session_min_s);
	f->dialog->proposed_s = interval <= UINT16_MAX ? interval : 0;
	f->asker_refreshes = knows_timers(s->msg);
}

struct str session_timer_agreed(struct session *s, const struct txn *client, struct dialog *dialog) {
	struct sip_writer w = {.buf = s->scratch, .size = sizeof(s->scratch)};
	struct str digits;
	uint32_t agreed;

	if (likely(s->msg->first[HDR_SESSION_EXPIRES] < 0 && dialog->session_s == 0 && !client->asker_refreshes))
		return STR("");
	agreed = seconds_of(s->msg, HDR_SESSION_EXPIRES, &digits);
	if (digits.ptr || !client->asker_refreshes || dialog->proposed_s == 0) {
		dialog_session(&s->dialogs, dialog, agreed, s->w->now_ms);
		return STR("");
	}
	dialog_session(&s->dialogs, dialog, dialog->proposed_s, s->w->now_ms);
	sip_write_c(&w, "Session-Expires: ");
	sip_write_u32(&w, dialog->session_s);
	sip_write_c(&w, ";refresher=uac\r\nRequire: timer\r\n");
	return str_of(w.buf, w.len);
}
