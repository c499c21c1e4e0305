// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "dataplane/link.h"

// Sets a number under /proc/sys. Returns the value before, or -1.
static int sysctl_set(const char *family, const char *interface, const char *key, int value) {
	char path[128];
	int before = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, interface, key);
	file = fopen(path, "r+e");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &before) == 1 && before != value) {
		rewind(file);
		fprintf(file, "%d\n", value);
	}
	fclose(file);
	return before;
}

static bool port_has_ipv6(const struct config *cfg, uint8_t port) {
	for (uint32_t i = 0; i < cfg->interface_count; i++) {
		const struct config_interface *interface = &cfg->interfaces[i];

		for (uint32_t k = 0; interface->port == port && k < interface->prefix_count; k++) {
			if (interface->prefixes[k].addr.family == IP_V6)
				return true;
		}
	}
	return false;
}

static const char *tap_remedy(int error) {
	switch (error) {
	case EPERM:
	case EACCES:
		return " (needs CAP_NET_ADMIN)";
	case EBUSY:
		return " (another process uses an interface of that name)";
	case EINVAL:
		return " (the name is taken by an interface that is no TAP, or is no interface name)";
	case ENOENT:
		return " (modprobe tun; in a container give it /dev/net/tun)";
	}
	return "";
}

static int tap_open(struct kernel_tap *tap, const struct config_port *cfg) {
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc = 0;

	if (strlen(cfg->tap) >= IFNAMSIZ) {
		log_error("port %s: tap '%s' is longer than the %d characters of an interface name", cfg->name, cfg->tap, IFNAMSIZ - 1);
		return -ENAMETOOLONG;
	}
	snprintf(tap->name, sizeof(tap->name), "%s", cfg->tap);
	memcpy(request.ifr_name, tap->name, sizeof(tap->name));
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	// Without offloads the kernel completes checksums and segments before we read.
	if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, &request) != 0 || ioctl(tap->fd, TUNSETOFFLOAD, 0) != 0)
		rc = -errno;
	if (rc < 0) {
		log_error("port %s: cannot create TAP interface %s: %s%s", cfg->name, cfg->tap, strerror(-rc), tap_remedy(-rc));
		return rc;
	}
	tap->ifindex = (int)if_nametoindex(tap->name);
	return 0;
}

static int tap_configure(struct kernel_tap *tap, const struct config *cfg, const struct port *port, struct netlink *nl) {
	int rc;

	if (!port_has_ipv6(cfg, (uint8_t)(port->cfg - cfg->ports)))
		(void)sysctl_set("ipv6", tap->name, "disable_ipv6", 1);
	rc = link_up(nl, tap->ifindex, port->mac, port->mtu);
	if (rc < 0)
		log_error("port %s: cannot set MAC and MTU of %s: %s", port->cfg->name, tap->name, strerror(-rc));
	return rc;
}

static void interface_silence(struct kernel_tap *tap, const struct port *port) {
	const char *option = strstr(port->cfg->device, "iface=");

	if (strcmp(port->driver, "net_af_packet") != 0 || !option)
		return;
	option += strlen("iface=");
	snprintf(tap->silenced, sizeof(tap->silenced), "%.*s", (int)strcspn(option, ","), option);
	tap->rp_filter_before = sysctl_set("ipv4", tap->silenced, "rp_filter", 1);
	tap->arp_ignore_before = sysctl_set("ipv4", tap->silenced, "arp_ignore", 8);
	if (tap->rp_filter_before < 0 || tap->arp_ignore_before < 0)
		log_warning("port %s: the kernel may answer on %s as well (rp_filter not set)", port->cfg->name, tap->silenced);
}

static void interface_restore(struct kernel_tap *tap) {
	if (tap->silenced[0] == '\0')
		return;
	if (tap->rp_filter_before >= 0)
		(void)sysctl_set("ipv4", tap->silenced, "rp_filter", tap->rp_filter_before);
	if (tap->arp_ignore_before >= 0)
		(void)sysctl_set("ipv4", tap->silenced, "arp_ignore", tap->arp_ignore_before);
	tap->silenced[0] = '\0';
}

static int vlan_open(struct kernel *kernel, uint32_t index, struct netlink *nl) {
	const struct config_interface *interface = &kernel->cfg->interfaces[index];
	const struct kernel_tap *tap = &kernel->taps[interface->port];
	char name[IFNAMSIZ + 8];
	int rc;

	if (interface->vlan == 0) {
		kernel->ifindex[index] = tap->ifindex;
		return 0;
	}
	snprintf(name, sizeof(name), "%s.%u", tap->name, interface->vlan);
	rc = strlen(name) < IFNAMSIZ ? link_vlan_add(nl, tap->ifindex, name, interface->vlan) : -ENAMETOOLONG;
	if (rc == 0 && (kernel->ifindex[index] = (int)if_nametoindex(name)) == 0)
		rc = -errno;
	if (rc < 0)
		log_error(
			"port %s: cannot create VLAN interface %s: %s%s", kernel->cfg->ports[interface->port].name, name,
			strerror(-rc), rc == -EOPNOTSUPP ? " (modprobe 8021q)" : ""
		);
	return rc;
}

static int addresses_add(struct kernel *kernel, uint32_t index, struct netlink *nl) {
	const struct config_interface *interface = &kernel->cfg->interfaces[index];
	const char *port = kernel->cfg->ports[interface->port].name;
	char text[IP_TEXT_MAX];

	for (uint32_t i = 0; i < interface->prefix_count; i++) {
		const struct ip_prefix *prefix = &interface->prefixes[i];
		int rc = link_address_add(nl, kernel->ifindex[index], prefix);

		if (rc == 0)
			continue;
		ip_format(&prefix->addr, text);
		log_error("port %s: cannot set address %s/%u: %s", port, text, prefix->len, strerror(-rc));
		return rc;
	}
	return 0;
}

static int gateways_add(struct kernel *kernel, uint32_t index, struct netlink *nl) {
	const struct config_interface *interface = &kernel->cfg->interfaces[index];
	const char *port = kernel->cfg->ports[interface->port].name;
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX];

	for (uint32_t i = 0; i < interface->gateway_count; i++) {
		const struct config_gateway *gateway = &interface->gateways[i];
		int rc = link_route_add(nl, kernel->ifindex[index], gateway);

		if (rc == 0)
			continue;
		ip_format(&gateway->to.addr, to);
		ip_format(&gateway->via, via);
		if (rc == -EEXIST) {
			log_warning("port %s: a route to %s/%u exists already and is left as it is", port, to, gateway->to.len);
			continue;
		}
		log_error(
			"port %s: cannot set route to %s/%u via %s: %s (the gateway must be in a network of this interface)",
			port, to, gateway->to.len, via, strerror(-rc)
		);
		return rc;
	}
	return 0;
}

int kernel_start(struct kernel *kernel, const struct config *cfg, const struct port *ports, struct netlink *nl) {
	int rc = 0;

	kernel->cfg = cfg;
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		kernel->taps[i].fd = -1;
	for (uint32_t i = 0; rc == 0 && i < cfg->port_count; i++) {
		rc = tap_open(&kernel->taps[i], &cfg->ports[i]);
		if (rc == 0)
			rc = tap_configure(&kernel->taps[i], cfg, &ports[i], nl);
		if (rc == 0)
			interface_silence(&kernel->taps[i], &ports[i]);
		if (rc == 0)
			kernel_carrier_set(kernel, (uint8_t)i, ports[i].link_up);
	}
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++)
		rc = vlan_open(kernel, i, nl);
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++)
		rc = addresses_add(kernel, i, nl);
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++)
		rc = gateways_add(kernel, i, nl);
	return rc;
}

void kernel_stop(struct kernel *kernel) {
	if (!kernel->cfg)
		return;
	for (uint32_t i = 0; i < kernel->cfg->port_count; i++) {
		interface_restore(&kernel->taps[i]);
		if (kernel->taps[i].fd >= 0)
			close(kernel->taps[i].fd);
		kernel->taps[i].fd = -1;
	}
}

bool kernel_peek_write(const struct kernel *kernel, struct rte_mbuf *m) {
	const struct kernel_tap *tap = &kernel->taps[packet_of(m)->port];

	return write(tap->fd, rte_pktmbuf_mtod(m, const void *), m->data_len) == (ssize_t)m->data_len;
}

int kernel_read(const struct kernel *kernel, uint8_t port, struct rte_mempool *pool, struct rte_mbuf **ret_m) {
	const struct kernel_tap *tap = &kernel->taps[port];
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char lost;
	ssize_t len;

	if (!m)
		return read(tap->fd, &lost, sizeof(lost)) > 0 ? -ENOBUFS : 0;
	len = read(tap->fd, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
	if (len <= 0) {
		rte_pktmbuf_free(m);
		return 0;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	*packet_of(m) = (struct packet){.kind = PACKET_FRAME_OUT, .port = port, .latency = LATENCY_NONE};
	*ret_m = m;
	return 1;
}

void kernel_carrier_set(const struct kernel *kernel, uint8_t port, bool up) {
	int carrier = up;

	(void)ioctl(kernel->taps[port].fd, TUNSETCARRIER, &carrier);
}
