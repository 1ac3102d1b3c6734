// Does layout.c notice what breaks compiled plugins? Each struct of the line is changed in a copy
// of the headers: a member more at the end must pass; two members swapped, one widened or one taken
// away must not.
#include <catch2/catch.hpp>
#include <regex>

#include "abi/command.hpp"

using namespace totem_test;
namespace fs = std::filesystem;

namespace {

const fs::path kAbi = fs::path(TOTEM_SDK_FOLDER) / "include/totem/abi";

/// A struct in the text of a header: what stands before its members, they, and the rest.
struct Definition {
    std::string name, before, after;
    std::vector<std::string> members;  ///< declarations without ';'

    std::string with(const std::vector<std::string>& changed) const {
        std::string text = before;
        for (const std::string& member : changed) text += member + ";";
        return text + after;
    }
};

std::string withoutComments(const std::string& text) {
    return std::regex_replace(text, std::regex(R"(/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)"), "");
}

std::vector<Definition> definitionsIn(const std::string& header) {
    std::vector<Definition> found;
    const std::regex pattern(R"(typedef struct (\w+) \{([^{}]*)\} \w+;)");
    for (std::sregex_iterator it(header.begin(), header.end(), pattern), end; it != end; ++it) {
        Definition definition{(*it)[1], it->prefix(), "", {}};
        const auto membersAt = static_cast<std::size_t>(it->position(2));
        const std::string members = (*it)[2];
        definition.before = header.substr(0, membersAt);
        definition.after = "\n" + header.substr(membersAt + members.size());
        for (std::size_t at = 0, next; (next = members.find(';', at)) != std::string::npos;
             at = next + 1) {
            definition.members.push_back(members.substr(at, next - at));
        }
        found.push_back(std::move(definition));
    }
    return found;
}

bool passes(const fs::path& header, const std::string& text) {
    const Scratch scratch;
    fs::create_directories(scratch.path() / "totem");
    fs::copy(kAbi, scratch.path() / "totem/abi");
    scratch.write("totem/abi" / header.filename(), text);
    return runCommand({TOTEM_CC, "-std=c11", "-fsyntax-only", "-w", "-I", scratch.path(),
                       fs::path(TOTEM_ABI_TESTS) / "layout.c"})
        .ok();
}

/// The widened declaration of a member, or nothing: uint32_t and int32_t become 64 bits, a text
/// becomes a pointer.
std::string widened(const std::string& member) {
    for (const auto& [from, to] : {std::pair<const char*, const char*>{"uint32_t", "uint64_t"},
                                   {"int32_t", "int64_t"},
                                   {"totem_str ", "void* "}}) {
        const auto at = member.find(from);
        if (at != std::string::npos && member.find('(') == std::string::npos) {
            return std::string(member).replace(at, std::string(from).size(), to);
        }
    }
    return {};
}

}  // namespace

TEST_CASE("the layout of the line cannot drift unnoticed") {
    int structs = 0;
    for (const auto& entry : fs::directory_iterator(kAbi)) {
        const fs::path header = entry.path();
        const std::string text = withoutComments(readFile(header));
        for (const Definition& definition : definitionsIn(text)) {
            INFO(header.filename() << " " << definition.name);
            const auto& members = definition.members;
            REQUIRE(members.size() >= 2);
            CHECK(passes(header, definition.with(members)));

            auto changed = members;
            std::swap(changed[changed.size() - 1], changed[changed.size() - 2]);
            CHECK_FALSE(passes(header, definition.with(changed)));

            changed = members;
            changed.erase(changed.begin() + 1);
            CHECK_FALSE(passes(header, definition.with(changed)));

            for (std::size_t i = 0; i < members.size(); ++i) {
                const std::string wide = widened(members[i]);
                if (wide.empty()) continue;
                changed = members;
                changed[i] = wide;
                CHECK_FALSE(passes(header, definition.with(changed)));
                break;
            }
            ++structs;
        }
    }
    CHECK(structs > 20);
}
