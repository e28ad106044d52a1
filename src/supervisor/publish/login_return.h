// Where a login leads: to the page that was asked for before it.
//
// The address comes from outside. So nothing of it is ever sent back: it is looked up among the
// pages that there are, and what is none of them leads to the first page. What merely resembles one
// ("//host/alerts", "/\\host", "/%61lerts", "/alerts?x") is none.
#pragma once

#include <string>
#include <string_view>

namespace stirbar {

// `wanted` where it is a page ("/alerts"), else "/". A literal: it outlives `wanted`.
std::string_view ReturnPage(std::string_view wanted);

// The address of the form that leads to `wanted`: "/login?next=/alerts", or "/login".
std::string LoginAddress(std::string_view wanted);

}  // namespace stirbar
