// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Ports, the interfaces on them, and listeners.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_build.h"

#define TAP_NAME_MAX 15 // the kernel's limit
#define MTU_V6_MIN 1280 // RFC 8200 section 5

static size_t hex_digits(const char *text) {
	return strspn(text, "0123456789abcdefABCDEF");
}

// "0000:03:00.0" or "03:00.0", with or without ",arguments".
static bool is_pci_address(const char *text) {
	size_t len = hex_digits(text);

	if (len == 4 && text[4] == ':')
		text += 5, len = hex_digits(text);
	if (len != 2 || text[2] != ':' || hex_digits(text + 3) != 2 || text[5] != '.')
		return false;
	return text[6] >= '0' && text[6] <= '7' && (text[7] == '\0' || text[7] == ',');
}

// "net_xxx0,key=value,key=value" as rte_vdev takes it.
static bool is_vdev(const char *text) {
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (strncmp(text, "net_", 4) != 0 || len < 5)
		return false;
	for (text += len; *text == ','; text += len) {
		text++;
		len = strcspn(text, ",");
		if (len == 0 || *text == '=' || memchr(text, ' ', len))
			return false;
	}
	return *text == '\0';
}

static void check_device(struct build *b, uint32_t at) {
	const char *device = b->raw->ports[at].device;
	size_t len = strcspn(device, ",");
	PATH(path, "ports[%u].device", at);

	if (!is_pci_address(device) && !is_vdev(device))
		config_problem(
			b->tree,
			path,
			"\"%s\" is no device; write a PCI address like 0000:03:00.0, or a DPDK virtual device like "
			"net_af_xdp0,iface=eth0",
			device
		);
	for (uint32_t i = 0; i < at; i++) {
		const char *other = b->raw->ports[i].device;

		if (strcspn(other, ",") == len && strncasecmp(other, device, len) == 0)
			config_problem(
				b->tree,
				path,
				"\"%.*s\" is the device of port %s already; give each port its own",
				(int)len,
				device,
				b->raw->ports[i].name
			);
	}
}

static const char *tap_of(const struct raw_port *port) {
	return port->tap ? port->tap : port->name;
}

static void check_tap(struct build *b, uint32_t at) {
	const struct raw_port *port = &b->raw->ports[at];
	const char *tap = tap_of(port);
	PATH(path, "ports[%u].%s", at, port->tap ? "tap" : "name");

	if (strlen(tap) > TAP_NAME_MAX)
		config_problem(
			b->tree,
			path,
			"\"%s\" is too long for the name of the kernel interface (at most %u characters); set `tap`",
			tap,
			TAP_NAME_MAX
		);
	if (strpbrk(tap, "/ :%") || strcmp(tap, ".") == 0 || strcmp(tap, "..") == 0 || strcmp(tap, "all") == 0 ||
	    strcmp(tap, "default") == 0 || strcmp(tap, "lo") == 0)
		config_problem(
			b->tree, path, "\"%s\" cannot name a kernel interface; write letters, digits and - only", tap
		);
	for (uint32_t i = 0; i < at; i++)
		if (strcmp(tap, tap_of(&b->raw->ports[i])) == 0)
			config_problem(
				b->tree,
				path,
				"\"%s\" is the kernel interface of port %s already",
				tap,
				b->raw->ports[i].name
			);
	for (uint32_t i = 0; i < port->vlans_count; i++) {
		uint32_t id = port->vlans[i].id ? *port->vlans[i].id : 0;
		PATH(vlan_path, "ports[%u].vlans[%u].id", at, i);

		if (strlen(tap) <= TAP_NAME_MAX && snprintf(NULL, 0, "%s.%u", tap, id) > TAP_NAME_MAX)
			config_problem(
				b->tree,
				vlan_path,
				"\"%s.%u\" is too long for the name of the VLAN's kernel interface (at most %u "
				"characters); give the port a shorter `tap`",
				tap,
				id,
				TAP_NAME_MAX
			);
	}
}

static bool is_name(const char *name) {
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	return true;
}

static void check_name(struct build *b, const char *path, const char *name) {
	if (!is_name(name))
		config_problem(b->tree, path, "\"%s\" is no name; write letters, digits, - _ and . only", name);
}

static void check_port_name(struct build *b, uint32_t at) {
	const char *name = b->raw->ports[at].name;
	PATH(path, "ports[%u].name", at);

	check_name(b, path, name);
	for (uint32_t i = 0; i < at; i++)
		if (strcmp(name, b->raw->ports[i].name) == 0)
			config_problem(b->tree, path, "\"%s\" is the name of ports[%u] already", name, i);
}

static bool address_taken(const struct build *b, const struct ip_addr *addr) {
	for (uint32_t i = 0; i < b->cfg->interface_count; i++)
		for (uint32_t k = 0; k < b->cfg->interfaces[i].prefix_count; k++)
			if (ip_eq(&b->cfg->interfaces[i].prefixes[k].addr, addr))
				return true;
	return false;
}

static void read_addresses(
	struct build *b, struct config_interface *interface, const char *base, char *const *addresses, uint32_t count
) {
	interface->prefixes = build_array(b, count, sizeof(*interface->prefixes));
	if (!interface->prefixes)
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct ip_prefix prefix;
		PATH(path, "%s.addresses[%u]", base, i);

		if (!build_own_address(b, path, addresses[i], &prefix))
			continue;
		if (address_taken(b, &prefix.addr))
			config_problem(
				b->tree,
				path,
				"\"%s\" stands in the file already; an address has one place",
				addresses[i]
			);
		if (prefix.addr.family == IP_V6 && b->cfg->ports[interface->port].mtu < MTU_V6_MIN)
			config_problem(
				b->tree,
				path,
				"\"%s\" needs an mtu of %u at least, and the port's is %u",
				addresses[i],
				MTU_V6_MIN,
				b->cfg->ports[interface->port].mtu
			);
		interface->prefixes[interface->prefix_count++] = prefix;
	}
}

static void read_gateways(
	struct build *b,
	struct config_interface *interface,
	const char *base,
	const struct raw_gateway *gateways,
	uint32_t count
) {
	interface->gateways = build_array(b, count, sizeof(*interface->gateways));
	if (!interface->gateways)
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct config_gateway gateway;
		bool near = false, good;
		PATH(to_path, "%s.routes[%u].to", base, i);
		PATH(via_path, "%s.routes[%u].via", base, i);

		good = build_network(b, to_path, gateways[i].to, &gateway.to);
		if (!build_host(b, via_path, gateways[i].via, &gateway.via) || !good)
			continue;
		for (uint32_t k = 0; k < interface->prefix_count; k++)
			near |= ip_prefix_holds(&interface->prefixes[k], &gateway.via);
		if (!near)
			config_problem(
				b->tree,
				via_path,
				"\"%s\" is in none of the interface's networks; write a next hop in one of them",
				gateways[i].via
			);
		interface->gateways[interface->gateway_count++] = gateway;
	}
}

static struct config_interface *add_interface(struct build *b, uint32_t port, uint16_t vlan, const char *path) {
	struct config_interface *interface;

	if (b->cfg->interface_count == INTERFACES_MAX) {
		config_problem(b->tree, path, "too many ports and VLANs; together at most %u", INTERFACES_MAX);
		return NULL;
	}
	interface = &b->cfg->interfaces[b->cfg->interface_count++];
	*interface = (struct config_interface){.port = (uint8_t)port, .vlan = vlan};
	return interface;
}

static void read_vlan(struct build *b, uint32_t port, uint32_t at) {
	const struct raw_port *raw = &b->raw->ports[port];
	const struct raw_vlan *vlan = &raw->vlans[at];
	struct config_interface *interface;
	PATH(base, "ports[%u].vlans[%u]", port, at);
	PATH(id_path, "ports[%u].vlans[%u].id", port, at);

	for (uint32_t i = 0; i < at; i++)
		if (*raw->vlans[i].id == *vlan->id)
			config_problem(b->tree, id_path, "VLAN %u stands in this port already", *vlan->id);
	interface = add_interface(b, port, (uint16_t)*vlan->id, base);
	if (!interface)
		return;
	if (vlan->addresses_count == 0)
		config_problem(b->tree, base, "the VLAN has no address; write `addresses`, e.g. [192.0.2.1/24]");
	read_addresses(b, interface, base, vlan->addresses, vlan->addresses_count);
	read_gateways(b, interface, base, vlan->routes, vlan->routes_count);
}

static void read_port(struct build *b, uint32_t at) {
	const struct raw_port *raw = &b->raw->ports[at];
	struct config_interface *interface;
	PATH(base, "ports[%u]", at);

	check_port_name(b, at);
	check_device(b, at);
	check_tap(b, at);
	b->cfg->ports[b->cfg->port_count++] = (struct config_port){
		.name = build_text(b, raw->name),
		.device = build_text(b, raw->device),
		.tap = build_text(b, tap_of(raw)),
		.mtu = (uint16_t)CHOSEN(raw, port, mtu),
		.queues = raw->queues ? (uint8_t)*raw->queues : 0,
	};
	interface = add_interface(b, at, 0, base);
	if (!interface)
		return;
	if (raw->addresses_count == 0 && raw->vlans_count == 0)
		config_problem(b->tree, base, "the port has no address; write `addresses`, e.g. [192.0.2.1/24]");
	read_addresses(b, interface, base, raw->addresses, raw->addresses_count);
	read_gateways(b, interface, base, raw->routes, raw->routes_count);
	for (uint32_t i = 0; i < raw->vlans_count; i++)
		read_vlan(b, at, i);
}

void build_ports(struct build *b) {
	for (uint32_t i = 0; i < b->raw->ports_count; i++)
		read_port(b, i);
}

static int interface_of(const struct build *b, const struct ip_addr *addr) {
	for (uint32_t i = 0; i < b->cfg->interface_count; i++)
		for (uint32_t k = 0; k < b->cfg->interfaces[i].prefix_count; k++)
			if (ip_eq(&b->cfg->interfaces[i].prefixes[k].addr, addr))
				return (int)i;
	return -1;
}

static void no_such_address(struct build *b, const char *path, const char *address) {
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *comma = "";

	if (!out) {
		b->tree->problems.out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < b->cfg->interface_count; i++)
		for (uint32_t k = 0; k < b->cfg->interfaces[i].prefix_count; k++) {
			char own[IP_TEXT_MAX];

			ip_format(&b->cfg->interfaces[i].prefixes[k].addr, own);
			fprintf(out, "%s%s", comma, own);
			comma = ", ";
		}
	if (fclose(out) == 0)
		config_problem(
			b->tree,
			path,
			"\"%s\" is on no port; %s%s",
			address,
			comma[0] ? "the ports' addresses are " : "no port has an address",
			text
		);
	free(text);
}

static void check_listener_unique(struct build *b, uint32_t at) {
	const struct config_listener *listener = &b->cfg->listeners[at];
	PATH(name_path, "listeners[%u].name", at);
	PATH(address_path, "listeners[%u].address", at);

	for (uint32_t i = 0; i < at; i++) {
		if (strcmp(b->raw->listeners[i].name, b->raw->listeners[at].name) == 0)
			config_problem(
				b->tree,
				name_path,
				"\"%s\" is the name of listeners[%u] already",
				b->raw->listeners[at].name,
				i
			);
		if (listener->local.port && endpoint_eq(&listener->local, &b->cfg->listeners[i].local))
			config_problem(
				b->tree,
				address_path,
				"\"%s\" with port %u is listener %s already; choose another address or port",
				b->raw->listeners[at].address,
				listener->local.port,
				b->raw->listeners[i].name
			);
	}
}

static void read_listener(struct build *b, uint32_t at) {
	const struct raw_listener *raw = &b->raw->listeners[at];
	struct config_listener *listener = &b->cfg->listeners[b->cfg->listener_count++];
	uint16_t port = (uint16_t)CHOSEN(raw, listener, port);
	int interface;
	PATH(name_path, "listeners[%u].name", at);
	PATH(address_path, "listeners[%u].address", at);
	PATH(advertise_path, "listeners[%u].advertise", at);

	*listener = (struct config_listener){.name = build_text(b, raw->name)};
	check_name(b, name_path, raw->name);
	if (build_host(b, address_path, raw->address, &listener->local.addr)) {
		listener->local.port = port;
		interface = interface_of(b, &listener->local.addr);
		if (interface < 0)
			no_such_address(b, address_path, raw->address);
		else
			listener->interface = (uint8_t)interface;
	}
	listener->advertised = listener->local;
	if (raw->advertise)
		build_endpoint(b, advertise_path, raw->advertise, port, &listener->advertised);
	check_listener_unique(b, at);
}

void build_listeners(struct build *b) {
	for (uint32_t i = 0; i < b->raw->listeners_count; i++)
		read_listener(b, i);
}
