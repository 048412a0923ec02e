/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIB_PSL_SAY_H
#define _LIB_PSL_SAY_H

/* A line for the user, to stderr */
__attribute__((format(printf, 1, 2)))
void say(const char *text, ...);

/* From now on lines begin with @name, which must stay valid. */
void say_as(const char *name);

#endif
