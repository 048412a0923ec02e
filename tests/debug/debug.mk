# SPDX-License-Identifier: GPL-2.0-only
#
# What only a debug kernel can do. tests/debug/*.c, *.sh are part of
# check-debug; tests/fuzz is a program of its own.

# Only these guest programs of check, by the names of their files
PROGRAMS ?=
export PROGRAMS

# What .ci/run has time for: the tests that no other kernel can run, and
# removal, where a use after free would be found
CI_PROGRAMS := kunit fail fail_api fail_calls fail_copy fail_events fail_files fail_user removal \
	security_patterns

.PHONY: check-kcsan check-debug-part fail-nth gymnastics run-gymnastics fuzz run-fuzz

##@ Under fire
check-debug-part:	## those programs of check-debug that .ci/run has time for
	$(Q)+$(MAKE) --no-print-directory check-debug PROGRAMS="$(CI_PROGRAMS)"

check-kcsan:		## the same as check-debug for data races, on a kernel with KCSAN
	$(Q)+$(MAKE) --no-print-directory KERNEL=6.1-kcsan check

fail-nth:		## let each allocation and user copy of each path fail; a table of them
	$(Q)+rc=0; $(MAKE) --no-print-directory KERNEL=6.1-debug check T=fail || rc=$$?; \
		awk -f tests/debug/fail-table.awk $(BUILD)/check-debug.tap && exit $$rc

# help: SECONDS=60      gymnastics, fuzz, fuzz-lib (each target): how long
# help: SEED=NUMBER     the same: begin as the run did that said this number
# help: REPLAY=FILE     fuzz: execute the programs of a saved log instead
SECONDS	?= 60
gymnastics:		## all that can be done to cards, at random, on a debug kernel
	$(Q)+$(MAKE) --no-print-directory KERNEL=6.1-debug run-gymnastics

run-gymnastics: modules tests
	$(Q)vm/run-guest --name gymnastics --limit $$(($(SECONDS) + 300)) --idle 180 \
		--load 'cxl cxl-sim cxl-copy' \
		'CXL_GYMNASTICS_SECONDS=$(SECONDS) CXL_GYMNASTICS_SEED=$(SEED) /tests/gymnastics'

fuzz:			## programs made up, guided by coverage, on a debug kernel
	$(Q)+$(MAKE) --no-print-directory KERNEL=6.1-debug run-fuzz

run-fuzz: modules $(OUT)/fuzz/fuzz
	$(Q)tests/fuzz/run '$(SECONDS)' '$(SEED)' '$(REPLAY)'

$(OUT)/fuzz/fuzz: $(wildcard tests/fuzz/*.[ch]) $(OUT)/tests/lib.a
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(TEST_CPPFLAGS) $(USER_CFLAGS) -static -pthread -o $@ $(filter %.c %.a,$^)
include tests/fuzz-lib/fuzz-lib.mk
