#ifndef OPTSTATE_CDEFLATE_SHIM_H
#define OPTSTATE_CDEFLATE_SHIM_H

#include <libdeflate.h>

#endif
