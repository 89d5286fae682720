#ifndef OPTSTATE_CKERNELS_H
#define OPTSTATE_CKERNELS_H

#include "crc32.h"
#include "crc32c.h"
#include "roots.h"
#include "survey.h"
#include "update.h"

#endif
