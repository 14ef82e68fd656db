/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ferry-host test PLUGIN.so [TRIAL.json]`, which `ferry adapter test` starts: run a plugin through the
 * contract (adapter/contract.h) in a host of its own and print a line for each check.
 *
 * TRIAL.json says where to connect and which acts may be tried:
 *     {"settings": {...}, "secrets": {"password": {"file": "pw"}},
 *      "calls": {"upgrade": {"instances": ["vm-1"], "image": "b", "version": "2"}}}
 */
#ifndef FY_HOST_ADAPTER_TEST_H
#define FY_HOST_ADAPTER_TEST_H

/* Exit status: 0 every check held, 1 one did not, 2 it could not be tried. */
int fy_adapter_test_main(int argc, char **argv);

#endif
