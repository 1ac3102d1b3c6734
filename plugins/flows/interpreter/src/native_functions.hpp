#pragma once

#include "js_engine.hpp"

namespace totem::flows {

/// Makes `totem.native`: digest, hmac, randomBytes, uuid. They call no JavaScript back.
JSObjectRef makeNativeFunctions(const JsRealm& realm);

}  // namespace totem::flows
