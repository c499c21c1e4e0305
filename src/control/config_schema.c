// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/config_schema.h"

#include "base/config.h"
#include "base/str.h"

static const cyaml_strval_t idle_words[] = {{.str = "spin", .val = IDLE_SPIN}, {.str = "sleep", .val = IDLE_SLEEP}};
static const cyaml_strval_t huge_words[] = {
	{.str = "auto", .val = MEM_HUGE_AUTO}, {.str = "on", .val = MEM_HUGE_ON}, {.str = "off", .val = MEM_HUGE_OFF}};
static const cyaml_strval_t locator_words[] = {
	{.str = "auto", .val = LOCATOR_AUTO},
	{.str = "avx512", .val = LOCATOR_AVX512},
	{.str = "avx2", .val = LOCATOR_AVX2},
	{.str = "scalar", .val = LOCATOR_SCALAR},
	{.str = "hyperscan", .val = LOCATOR_HYPERSCAN},
};
static const cyaml_strval_t state_words[] = {
	{.str = "dialog", .val = PROXY_DIALOG},
	{.str = "transaction", .val = PROXY_TRANSACTION},
	{.str = "stateless", .val = PROXY_STATELESS},
};
static const cyaml_strval_t level_words[] = {
	{.str = "error", .val = LOG_ERROR},
	{.str = "warning", .val = LOG_WARNING},
	{.str = "info", .val = LOG_INFO},
	{.str = "debug", .val = LOG_DEBUG},
};

static const cyaml_schema_value_t uint_entry = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};
static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

// libcyaml's side of a key. Ranges are checked before it (config_tree.c), so it knows none.
#define NEED_REQUIRED CYAML_FLAG_DEFAULT
#define NEED_OPTIONAL CYAML_FLAG_OPTIONAL
#define FIELD_UINT(raw, key, what, need) CYAML_FIELD_UINT_PTR(#key, NEED_##need, raw, key),
#define FIELD_BOOL(raw, key, what, need) CYAML_FIELD_BOOL_PTR(#key, NEED_##need, raw, key),
#define FIELD_ENUM(raw, key, what, need)                                                                               \
	CYAML_FIELD_ENUM_PTR(#key, NEED_##need | CYAML_FLAG_STRICT, raw, key, what, ARRAY_LEN(what)),
#define FIELD_TEXT(raw, key, what, need) CYAML_FIELD_STRING_PTR(#key, NEED_##need, raw, key, 0, CYAML_UNLIMITED),
#define FIELD_LIST_UINT(raw, key, what, need)                                                                          \
	CYAML_FIELD_SEQUENCE(#key, NEED_##need | CYAML_FLAG_POINTER, raw, key, &uint_entry, 0, CYAML_UNLIMITED),
#define FIELD_LIST_TEXT(raw, key, what, need)                                                                          \
	CYAML_FIELD_SEQUENCE(#key, NEED_##need | CYAML_FLAG_POINTER, raw, key, &text_entry, 0, CYAML_UNLIMITED),
#define FIELD_MAP(raw, key, what, need) CYAML_FIELD_MAPPING(#key, NEED_##need, raw, key, what##_fields),
#define FIELD_LIST_MAP(raw, key, what, need)                                                                           \
	CYAML_FIELD_SEQUENCE(#key, NEED_##need | CYAML_FLAG_POINTER, raw, key, &what##_entry, 0, CYAML_UNLIMITED),
#define FIELD(kind, section, key, what, need, low, high, standard, unit, help)                                         \
	FIELD_##kind(struct raw_##section, key, what, need)

// Our side of it.
#define KNOW_UINT(what)
#define KNOW_BOOL(what)
#define KNOW_TEXT(what)
#define KNOW_LIST_UINT(what)
#define KNOW_LIST_TEXT(what)
#define KNOW_ENUM(what) .words = what, .word_count = ARRAY_LEN(what),
#define KNOW_MAP(what) .child = &config_section_##what,
#define KNOW_LIST_MAP(what) .child = &config_section_##what,
#define IS_REQUIRED true
#define IS_OPTIONAL false
#define KNOW(kind_, section, key, what, need, low_, high_, standard_, unit_, help_)                                    \
	{.name = #key,                                                                                                 \
	 .kind = KEY_##kind_,                                                                                          \
	 .required = IS_##need,                                                                                        \
	 .low = low_,                                                                                                  \
	 .high = high_,                                                                                                \
	 .standard = standard_,                                                                                        \
	 .unit = unit_,                                                                                                \
	 .help = help_,                                                                                                \
	 KNOW_##kind_(what)},

#define X(name)                                                                                                        \
	static const cyaml_schema_field_t name##_fields[] = {KEYS_##name(FIELD) CYAML_FIELD_END};                      \
	static const cyaml_schema_value_t name##_entry                                                                 \
		__attribute__((unused)) = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_##name, name##_fields)}; \
	static const struct config_key name##_keys[] = {KEYS_##name(KNOW)};
SECTIONS(X)
#undef X

#define SECTION(name, path_)                                                                                           \
	const struct config_section config_section_##name = {                                                          \
		.path = path_, .keys = name##_keys, .key_count = ARRAY_LEN(name##_keys)}
SECTION(gateway, "ports[].routes[] and ports[].vlans[].routes[]");
SECTION(vlan, "ports[].vlans[]");
SECTION(port, "ports[]");
SECTION(listener, "listeners[]");
SECTION(match, "routes[].match");
SECTION(target, "routes[].targets[]");
SECTION(route, "routes[]");
SECTION(cores, "cores");
SECTION(memory, "memory");
SECTION(parser, "parser");
SECTION(proxy, "proxy");
SECTION(timers, "timers");
SECTION(capacity, "capacity");
SECTION(sources, "sources");
SECTION(log, "log");
SECTION(control, "control");
SECTION(metrics, "metrics");
SECTION(top, "");

const cyaml_schema_value_t config_yaml_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_top, top_fields)};

const struct config_key *config_key_find(const struct config_section *section, const char *name, size_t len) {
	for (uint32_t i = 0; i < section->key_count; i++)
		if (strlen(section->keys[i].name) == len && memcmp(section->keys[i].name, name, len) == 0)
			return &section->keys[i];
	return NULL;
}

const char *config_default_text(const struct config_section *section, const char *key) {
	const struct config_key *found = config_key_find(section, key, strlen(key));

	assert(found);
	return found->standard;
}

uint32_t config_default(const struct config_section *section, const char *key) {
	const struct config_key *found = config_key_find(section, key, strlen(key));
	uint64_t number = 0;

	assert(found);
	for (uint32_t i = 0; i < found->word_count; i++)
		if (strcmp(found->words[i].str, found->standard) == 0)
			return (uint32_t)found->words[i].val;
	str_to_u64(str_from_c(found->standard), UINT32_MAX, &number);
	return (uint32_t)number;
}

const char *config_word(const struct config_section *section, const char *key, int value) {
	const struct config_key *found = config_key_find(section, key, strlen(key));

	assert(found);
	for (uint32_t i = 0; i < found->word_count; i++)
		if (found->words[i].val == value)
			return found->words[i].str;
	return "";
}
