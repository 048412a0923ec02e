/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CXL_SIM_CONFIGFS_ATTR_H
#define _CXL_SIM_CONFIGFS_ATTR_H

#include "sim.h"

/* An attribute for a number in the settings of @_type */
#define SIM_NUMBER_ATTR(_type, _card, _name, _format, _min, _max)	\
static ssize_t _type##_##_name##_show(struct config_item *item,		\
				      char *page)			\
{									\
	struct sim_##_type *object = to_sim_##_type(item);			\
	unsigned int val;						\
									\
	mutex_lock(&(_card)->config_lock);				\
	val = object->settings._name;					\
	mutex_unlock(&(_card)->config_lock);				\
	return sysfs_emit(page, _format "\n", val);			\
}									\
									\
static ssize_t _type##_##_name##_store(struct config_item *item,	\
				       const char *page, size_t count)	\
{									\
	struct sim_##_type *object = to_sim_##_type(item);			\
	unsigned int val;						\
	int ret = sim_settings_parse(page, _min, _max, &val);		\
									\
	if (ret)							\
		return ret;						\
	ret = sim_settings_lock(_card);					\
	if (ret)							\
		return ret;						\
	object->settings._name = val;					\
	mutex_unlock(&(_card)->config_lock);				\
	return count;							\
}									\
CONFIGFS_ATTR(_type##_, _name)

#endif /* _CXL_SIM_CONFIGFS_ATTR_H */
