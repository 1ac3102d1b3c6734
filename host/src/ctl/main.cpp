#include <exception>
#include <iostream>

#include "config/loader.hpp"
#include "ctl/command_line.hpp"

int main(int argc, char** argv) {
    try {
        return totemd::runTotemctl({argv + 1, argv + argc},
                                   {std::cout, std::cerr, std::cin, totemd::processEnvironment});
    } catch (const std::exception& error) {
        std::cerr << "totemctl: " << error.what() << "\n";
        return 1;
    }
}
