# SPDX-License-Identifier: GPL-2.0-only
#
# libcxl, shared and static, in $(OUT)/lib. One set of objects serves both, so
# libcxl.a can be linked into what is position independent, too.

LIB_SONAME	:= libcxl.so.1
LIB_FILE	:= libcxl.so.1.8
LIB_CPPFLAGS	:= -Ilib/include -Iinclude/uapi -D_FILE_OFFSET_BITS=64 -MMD -MP
LIB_CFLAGS	:= -O2 -g -std=gnu11 -fPIC -pthread -Wall -Wextra -Werror
LIB_LDFLAGS	:= -shared -pthread -Wl,-soname,$(LIB_SONAME) -Wl,-z,defs \
		   -Wl,-z,relro -Wl,-z,now -Wl,--version-script=lib/libcxl.map

LIB_OBJECTS	:= $(patsubst lib/%.c,$(OUT)/lib/%.o,$(wildcard lib/*.c))

.PHONY: lib
lib: $(OUT)/lib/libcxl.a $(OUT)/lib/libcxl.so	## libcxl, shared and static, in build/ARCH-KERNEL/lib

$(OUT)/lib/%.o: lib/%.c lib/lib.mk
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/lib/libcxl.a: $(LIB_OBJECTS)
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

$(OUT)/lib/$(LIB_FILE): $(LIB_OBJECTS) lib/libcxl.map
	$(call quiet,LD,$@)$(CROSS_COMPILE)gcc $(LIB_LDFLAGS) -o $@ $(filter %.o,$^)

$(OUT)/lib/libcxl.so: $(OUT)/lib/$(LIB_FILE)
	@ln -sf $(LIB_FILE) $(@D)/$(LIB_SONAME)
	@ln -sf $(LIB_SONAME) $@

-include $(LIB_OBJECTS:.o=.d)
