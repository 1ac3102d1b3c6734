#include "workflow_shelf.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace totem::flows;
namespace fs = std::filesystem;

namespace {

std::string textNamed(const std::string& name) {
    return R"({"id":"a","name":")" + name + R"(","nodes":[],"connections":{}})";
}

}  // namespace

TEST_CASE("an older reading of a file that is loaded late does not replace a newer one") {
    std::string pattern = (fs::temp_directory_path() / "totem-shelf-XXXXXX").string();
    const fs::path folder = mkdtemp(pattern.data());
    std::ofstream(folder / "a.json") << textNamed("old");
    WorkflowShelf shelf(folder);
    const WorkflowShelf::Change first = shelf.refresh();
    REQUIRE(first.read.size() == 1);

    auto imported = std::make_shared<Workflow>(parseWorkflow(textNamed("newer")));
    shelf.publish(first.read[0]);
    shelf.save(*imported, textNamed("newer"));
    CHECK(imported->file == (folder / "a.json").string());
    shelf.publish(imported);
    shelf.publish(first.read[0]);
    REQUIRE(shelf.find("a"));
    CHECK(shelf.find("a")->name == "newer");

    const WorkflowShelf::Change second = shelf.refresh();
    REQUIRE(second.read.size() == 1);
    shelf.publish(second.read[0]);
    CHECK(shelf.find("a") == second.read[0]);
    fs::remove_all(folder);
}
