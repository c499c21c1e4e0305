// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// SIP URIs, name-addr, parameters, Via, CSeq (RFC 3261 sections 19.1, 20, 25). Slices into the message; every function
// is linear in the length of its input and recurses nowhere.
#pragma once

#include "base/ip.h"

// One ";name=value" or ";name". The value of a quoted string keeps its quotes.
struct sip_param {
	struct str name;
	struct str value; // ptr NULL: the parameter has no '='
};

// Takes the next parameter off the front of *rest, which is empty or begins (after LWS) with ';'. Returns 1 and the
// parameter, 0 at the end, -1 when it is malformed.
int sip_param_next(struct str *rest, struct sip_param *ret_param);

// The parameter of that name (case-insensitive): 1 found, 0 not there, -1 the list is malformed before it was found.
int sip_param_find(struct str params, struct str name, struct sip_param *ret_param);

struct sip_uri {
	struct str text;   // all of it
	struct str scheme; // "sip", as written
	bool is_sip;	   // sip or sips, any case
	bool is_sips;
	struct str user; // without password; empty when there is none
	struct str password;
	struct str host;    // IPv6 with its brackets
	uint16_t port;	    // 0 = none given
	struct str params;  // from the first ';', or empty
	struct str headers; // from '?', or empty
};

// A whole URI and nothing else. URIs of other schemes are taken as scheme plus opaque text (is_sip false). False when
// malformed.
bool sip_uri_parse(struct str text, struct sip_uri *ret_uri);

// The address and port a SIP URI names (no port = 5060). False, and nothing written, when its host is a name.
bool sip_uri_endpoint(const struct sip_uri *uri, struct endpoint *ret_endpoint);

struct sip_name_addr {
	struct str display; // as written, quotes included; empty when there is none
	struct str uri;	    // without <>
	bool in_brackets;
	struct str params; // header parameters, from the first ';' past the URI, or empty
	struct str tag;	   // value of ;tag=, or empty
};

// From, To, Contact, Route and their kind: one entry and nothing else. "*" (Contact) gives uri "*". False when
// malformed, or when a parameter `tag` occurs twice.
bool sip_name_addr_parse(struct str text, struct sip_name_addr *ret_addr);

// One entry of Route, Record-Route and their kind, which must have the brackets, and its URI.
bool sip_route_parse(struct str text, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri);

// Takes the next entry off a comma list; commas in quotes and <> do not separate. Returns 1 and the entry without
// LWS around it, 0 at the end, -1 when a quote or bracket does not close or an entry is empty.
int sip_list_next(struct str *rest, struct str *ret_entry);

struct sip_via {
	struct str text;      // this entry, without LWS around it
	bool is_sip;	      // the protocol is SIP/2.0
	struct str transport; // "UDP", as written
	struct str host;      // of sent-by, IPv6 with its brackets
	uint16_t port;	      // 0 = none given
	struct str params;
	struct str branch;   // value, empty when there is none
	struct str received; // value, empty when there is none; brackets removed
	struct str maddr;
	bool has_rport;
	struct str rport; // value, empty for ";rport" alone; ptr is where a value would be written
};

// One entry ("SIP/2.0/UDP host:port;params", any protocol and version) and nothing else. White space round the slashes
// and the colon is fine.
bool sip_via_parse(struct str text, struct sip_via *ret_via);

// Takes the next entry off a Via header's comma list, in one pass over it. Returns 1 and the entry, 0 at the end, -1
// when it is malformed.
int sip_via_next(struct str *rest, struct sip_via *ret_via);

// "314159 INVITE": number up to 2^31-1 (RFC 3261 8.1.1.5) and a token.
bool sip_cseq_parse(struct str text, uint32_t *ret_number, struct str *ret_method);

// One or more token characters (RFC 3261 section 25.1).
bool sip_is_token(struct str s);

// callid = word [ "@" word ]
bool sip_is_call_id(struct str s);

// hostname, IPv4 address or IPv6 reference.
bool sip_is_host(struct str s);
