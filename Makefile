# SPDX-License-Identifier: GPL-2.0-only
#
# make help lists the targets. ./run TARGET does the same after installing
# what is missing.

KERNEL	?= 6.1
ARCH	?= amd64
BUILD	?= $(CURDIR)/build
T	?=
V	?=
JOBS	?= $(shell nproc)

# The same for the scripts of vm/, whoever set it.
export KERNEL BUILD V
override ARCH := $(ARCH)
VM	:= ARCH=$(ARCH)

OUT	:= $(BUILD)/$(ARCH)-$(KERNEL)
Q	:= $(if $(V),,@)

MODULE_SOURCES := Kbuild drivers include tests/modules

.DEFAULT_GOAL := help
.PHONY: help kernel modules tools tests clean

##@ Building
help:			## this list
	$(Q)awk -f scripts/help.awk $(MAKEFILE_LIST)

kernel:			## fetch the stock kernel KERNEL into the cache
	$(Q)mkdir -p $(OUT)
	$(Q)ln -sfn "$$(vm/fetch-kernel)" $(OUT)/kernel

# Kbuild is another make with other variables: it gets ours by name only.
modules: kernel		## cxl.ko, cxl-sim.ko, cxl-copy.ko and the test modules
	$(Q)scripts/mirror.sh $(OUT)/modules $(MODULE_SOURCES)
	$(Q)flock $(OUT)/modules/.lock env -u MAKEFLAGS -u MFLAGS -u BUILD \
		$(MAKE) -C $(OUT)/kernel/headers M=$(OUT)/modules -j$(JOBS) \
		--no-print-directory $(if $(V),V=$(V)) $(if $(DIRS),DIRS="$(DIRS)") \
		CONFIG_DEBUG_INFO_BTF_MODULES= $(KBUILD_ARGS) modules
