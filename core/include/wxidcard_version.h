/* The version of wxidcard: the one place where it stands.
 * CMakeLists.txt, setup.py, the rockspec's check and both bindings read it here. */
#ifndef WXIDCARD_VERSION_H
#define WXIDCARD_VERSION_H

#define WXID_VERSION "0.1.0"

#endif
