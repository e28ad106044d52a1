// Boost.JSON's own code, compiled once here: everybody else includes only its headers, and no
// shared library of Boost is needed at run time.
#include <boost/json/src.hpp>
