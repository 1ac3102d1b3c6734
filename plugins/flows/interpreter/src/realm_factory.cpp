#include "realm_factory.hpp"

#include <map>
#include <stdexcept>

#include "js_text.hpp"
#include "native_functions.hpp"
#include "script_library.hpp"

namespace totem::flows {
namespace {

constexpr std::chrono::milliseconds kLoadBudget{10000};

bool isBelow(std::string_view path, std::string_view folder) {
    return path.substr(0, folder.size()) == folder;
}

/// Of our own code: it fails only when there is no memory or no processor left for it.
std::string reason(const JsResult& result) {
    switch (result.stop) {
        case JsStop::memory:
            return "the worker is at its memory limit";
        case JsStop::time:
            return "loading takes too long";
        default:
            return result.message;
    }
}

JSObjectRef evaluateObject(JsRealm& realm, const std::string& source, const std::string& name) {
    realm.engine().arm(kLoadBudget);
    const JsResult result = realm.evaluate(source, name);
    if (!result.ok()) throw std::runtime_error(name + ": " + reason(result));
    if (!JSValueIsObject(realm.context(), result.value)) {
        throw std::logic_error(name + ": gives no object");
    }
    return const_cast<JSObjectRef>(result.value);
}

/// A library as an expression that gives what it exports.
std::string wrapped(std::string_view before, std::string_view script, std::string_view after) {
    std::string source(before);
    source.append(script).append(after);
    return source;
}

/// The body of a file as a function; on one line with its first, so that lines in errors are right.
std::string asFunction(std::string_view script) {
    return wrapped("(function (totem, luxon, jmespath) { 'use strict'; ", script, "\n})");
}

}  // namespace

struct RealmFactory::TypeIndex {
    std::map<std::string, std::string> fileOf;
};

RealmFactory::RealmFactory(JsEngine& engine)
    : engine_(engine),
      compilerRealm_(std::make_unique<JsRealm>(engine)),
      types_(std::make_unique<TypeIndex>()) {
    JsRealm& realm = *compilerRealm_;
    const std::string acorn =
        wrapped("(function () { const exports = {}, module = {exports};\n",
                embeddedScript("npm/acorn.js"), "\nreturn module.exports; })()");
    JSObjectRef library = evaluateObject(realm, acorn, "acorn");
    realm.keep(library);
    JSObjectRef function = evaluateObject(realm,
                                          wrapped("(function (acorn) { 'use strict'; ",
                                                  embeddedScript("compiler/compiler.js"), "\n})"),
                                          "compiler/compiler.js");
    realm.engine().arm(kLoadBudget);
    const JsResult made = realm.call(function, {library});
    if (!made.ok()) throw std::logic_error("compiler/compiler.js: " + made.message);
    compiler_ = const_cast<JSObjectRef>(made.value);
    realm.keep(compiler_);

    // Which file serves which type: every file is run once, with a totem that only notes types.
    JSObjectRef list = evaluateObject(
        realm,
        "(function () { const types = []; const deaf = new Proxy(function () {}, {"
        " get: (_, name) => name === Symbol.toPrimitive ? () => '' : name === Symbol.iterator ?"
        " function* () {} : deaf, apply: () => deaf, construct: () => deaf });"
        " const totem = new Proxy({}, { get: (_, name) => name !== 'node' ? deaf :"
        " (d) => types.push(...[d.type].flat()) });"
        " return { totem, deaf, take: () => types.splice(0).join('\\n') }; })()",
        "type index");
    realm.keep(list);
    for (const EmbeddedScript& script : embeddedScripts()) {
        if (!isBelow(script.path, "nodes/")) continue;
        const std::string name(script.path);
        JSObjectRef file = evaluateObject(realm, asFunction(script.text()), name);
        JSObjectRef deaf = realm.member(list, "deaf");
        realm.engine().arm(kLoadBudget);
        const JsResult ran = realm.call(file, {realm.member(list, "totem"), deaf, deaf});
        if (!ran.ok()) throw std::logic_error(name + ": " + ran.message);
        const JsResult taken = realm.call(realm.member(list, "take"), {});
        const std::string types = taken.ok() ? realm.toUtf8(taken.value) : std::string();
        for (std::size_t at = 0; at < types.size();) {
            const std::size_t end = std::min(types.find('\n', at), types.size());
            types_->fileOf[types.substr(at, end - at)] = name;
            at = end + 1;
        }
    }
}

RealmFactory::~RealmFactory() = default;

std::size_t RealmFactory::nodeTypes() const {
    return types_->fileOf.size();
}

JSObjectRef RealmFactory::load(JsRealm& realm, const std::string& file, JSObjectRef totem,
                               JSValueRef luxon, JSValueRef jmespath) const {
    JSObjectRef function = evaluateObject(realm, asFunction(embeddedScript(file)), file);
    engine_.arm(kLoadBudget);
    const JsResult ran = realm.call(function, {totem, luxon, jmespath});
    if (!ran.ok()) throw std::runtime_error(file + ": " + reason(ran));
    return function;
}

RealmFactory::Made RealmFactory::make(const std::set<std::string>& types, bool usesJmespath) const {
    auto realm = std::make_unique<JsRealm>(engine_);
    JSContextRef context = realm->context();
    JSObjectRef totem = JSObjectMake(context, nullptr, nullptr);
    realm->keep(totem);
    realm->setMember(totem, "native", makeNativeFunctions(*realm));
    realm->setMember(totem, "compiler", compiler_);
    JSObjectRef luxon = evaluateObject(
        *realm, wrapped("(function () {\n", embeddedScript("npm/luxon.js"), "\nreturn luxon; })()"),
        "luxon");
    realm->setMember(totem, "luxon", luxon);
    JSValueRef jmespath = JSValueMakeUndefined(context);
    if (usesJmespath) {
        JSObjectRef library =
            evaluateObject(*realm,
                           wrapped("(function () { const exports = {};\n",
                                   embeddedScript("npm/jmespath.js"), "\nreturn exports; })()"),
                           "jmespath");
        realm->setMember(totem, "jmespath", library);
        jmespath = library;
    }
    for (const EmbeddedScript& script : embeddedScripts()) {
        if (isBelow(script.path, "prelude/") || isBelow(script.path, "expressions/")) {
            load(*realm, std::string(script.path), totem, luxon, jmespath);
        }
    }
    std::set<std::string> files;
    for (const std::string& type : types) {
        auto found = types_->fileOf.find(type);
        if (found == types_->fileOf.end() && type.starts_with("totem.")) {
            found = types_->fileOf.find("totem.*");
        }
        if (found != types_->fileOf.end()) files.insert(found->second);
    }
    for (const std::string& file : files) load(*realm, file, totem, luxon, jmespath);
    engine_.arm(kLoadBudget);
    const JsResult sealed = realm->call(realm->member(totem, "seal"), {});
    if (!sealed.ok()) throw std::runtime_error("sealing the context: " + reason(sealed));
    return {std::move(realm), totem};
}

}  // namespace totem::flows
