#pragma once

#include <cstdint>
#include <string>

#include <totem/json.hpp>

/// Reading JSON that others wrote: what is missing or of another type is nothing, never an error.
namespace totem::evolution {

/// A member of an object, or null.
const Json& at(const Json& object, const char* name);
std::string textAt(const Json& object, const char* name);

/// A whole number in any of the spellings that Evolution's versions use: a number, decimal text, or
/// {"low", "high", "unsigned"}. 0 when it is none of them.
std::int64_t wholeNumber(const Json& value);

/// Parses a webhook. Text that strict JSON refuses but that a customer can cause is mended first: a
/// half emoji (a lone surrogate), bytes that are not UTF-8, nesting without end (cut to null).
/// A discarded value when it is no JSON even so.
Json parseLeniently(std::string_view text);

/// The first 20 hex digits of SHA-1.
std::string digestOf(std::string_view text);

}  // namespace totem::evolution
