# SPDX-License-Identifier: GPL-2.0-only
#
# What ./guest needs besides the modules: the two ends of its streams, and the
# archive from which the guest boots. build/guest is what it used last.

GUEST_CFLAGS := -O2 -g -std=gnu11 -Wall -Wextra -Werror -Ivm

.PHONY: guest-parts

$(OUT)/guest/agent: vm/guest/agent.c vm/guest/stream.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(GUEST_CFLAGS) -static -o $@ $<

$(OUT)/guest/relay: vm/relay.c vm/guest/stream.h
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(GUEST_CFLAGS) -o $@ $<

guest-parts: modules tools lib $(OUT)/guest/agent $(OUT)/guest/relay
	$(Q)vm/pack-guest
	@touch $(OUT)/guest/built
	@ln -sfn $(notdir $(OUT)) $(BUILD)/guest
