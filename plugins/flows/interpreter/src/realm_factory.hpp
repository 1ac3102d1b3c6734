#pragma once

#include <memory>
#include <set>
#include <string>

#include "js_engine.hpp"

namespace totem::flows {

/// Makes the contexts in which workflows run: libraries, prelude, extension methods, and the files
/// of the node types that a workflow uses.
///
/// Keeps one more context, with the compiler for expressions (acorn), whose functions the others
/// call.
class RealmFactory {
public:
    explicit RealmFactory(JsEngine& engine);
    ~RealmFactory();

    struct Made {
        std::unique_ptr<JsRealm> realm;
        JSObjectRef totem;  // kept by the realm
    };
    /// `types`: those that the workflow names; `usesJmespath`: load that library.
    Made make(const std::set<std::string>& types, bool usesJmespath) const;
    /// How many node types there are.
    std::size_t nodeTypes() const;

private:
    struct TypeIndex;

    JSObjectRef load(JsRealm& realm, const std::string& file, JSObjectRef totem, JSValueRef luxon,
                     JSValueRef jmespath) const;

    JsEngine& engine_;
    std::unique_ptr<JsRealm> compilerRealm_;
    JSObjectRef compiler_ = nullptr;
    std::unique_ptr<TypeIndex> types_;
};

}  // namespace totem::flows
