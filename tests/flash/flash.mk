# SPDX-License-Identifier: GPL-2.0-only
#
# The cxlflash driver of Debian's kernel source, unmodified, on a flash card
# that is a program, afu-flash.

FLASH_PROGRAMS	:= $(patsubst tests/flash/%.c,$(OUT)/flash/%,$(wildcard tests/flash/*.c))
FLASH_LIB	:= $(wildcard tests/flash/lib/*.c)
FLASH_IOCTLS	:= $(OUT)/cxlflash/include/scsi/cxlflash_ioctl.h

.PHONY: check-cxlflash demo-flash bench-flash cxlflash

cxlflash: modules
	$(Q)tests/flash/build-driver >$(OUT)/cxlflash.ko.path

$(FLASH_IOCTLS): | cxlflash

$(OUT)/flash/superpipe $(OUT)/flash/hostile: $(FLASH_LIB) tests/flash/lib/context.h tools/afu-flash/sislite.h | $(FLASH_IOCTLS)
$(OUT)/flash/%: tests/flash/%.c $(OUT)/tests/lib.a
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(USER_CFLAGS) -Iinclude/uapi -I$(OUT)/cxlflash/include \
		-static -pthread -o $@ $(filter %.c %.a,$^)

check-cxlflash: $(FLASH_PROGRAMS) guest-parts cxlflash	## Linux's cxlflash driver, unmodified, on a software flash card
	$(Q)tests/flash/run '$(T)'

demo-flash: guest-parts cxlflash	## a file system on that card, checked
	$(Q)./guest --memory 1024 sh tests/flash/demo $(CURDIR) $$(cat $(OUT)/cxlflash.ko.path)

bench-flash: tools cxlflash	## what that card's disk costs, beside a network block device
	$(Q)tests/flash/run-bench $$(cat $(OUT)/cxlflash.ko.path)
