#include "abi/command.hpp"

#include <Poco/Exception.h>
#include <Poco/Pipe.h>
#include <Poco/PipeStream.h>
#include <Poco/Process.h>
#include <Poco/StreamCopier.h>
#include <Poco/TemporaryFile.h>

#include <fstream>
#include <iterator>

namespace totem_test {

namespace fs = std::filesystem;

Finished runCommand(const std::vector<std::string>& command) {
    Finished finished;
    Poco::Pipe pipe;
    auto process = Poco::Process::launch(command.front(), {command.begin() + 1, command.end()},
                                         nullptr, &pipe, &pipe);
    Poco::PipeInputStream stream(pipe);
    Poco::StreamCopier::copyToString(stream, finished.output);
    finished.status = process.wait();
    return finished;
}

bool translates(const std::string& compiler, const std::vector<std::string>& options) {
    const Scratch scratch;
    const auto source = scratch.write("a.cpp", "#include <string>\nint main() {}\n");
    std::vector<std::string> command{compiler};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {source, "-o", scratch.path() / "a"});
    return runCommand(command).ok();
}

std::vector<std::string> cCompilers() {
    std::vector<std::string> compilers{TOTEM_CC};
    if (runCommand({"clang", "--version"}).ok()) compilers.emplace_back("clang");
    return compilers;
}

std::vector<std::string> cxxCompilers() {
    std::vector<std::string> compilers{TOTEM_CXX};
    if (translates("clang++", {})) compilers.emplace_back("clang++");
    return compilers;
}

Scratch::Scratch() : path_(Poco::TemporaryFile::tempName()) {
    fs::create_directories(path_);
}

Scratch::~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path Scratch::write(const std::string& name, const std::string& text) const {
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
}

std::string readFile(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace totem_test
