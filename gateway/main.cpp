// SPDX-License-Identifier: Apache-2.0
// The gatehouse binary: hands over to the command line.
int main() { return 0; }
