#pragma once

/// Everything a plugin usually needs; each header also stands alone.

#include "totem/actions.hpp"
#include "totem/cache.hpp"
#include "totem/clock.hpp"
#include "totem/events.hpp"
#include "totem/health.hpp"
#include "totem/http_client.hpp"
#include "totem/metrics.hpp"
#include "totem/plugin.hpp"
#include "totem/store.hpp"
#include "totem/timer.hpp"
#include "totem/workers.hpp"
