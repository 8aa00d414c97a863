# SPDX-License-Identifier: Apache-2.0
"""What is written into places that take a text, a number, or something else."""

TEXTS = [
    *["", " ", "a", "A", "0", "-", "-a", "a-", "a-b", ".", ".a", "a.", "a..b", "a.b", "a.-b", "a-.b"],
    *["A.b", "*", "*.", "*.a", "*.*.a", "a.*", "a*", "**.a", "*.-a", "*a.b", "a b", " a", "a ", "a  b"],
    *["a\tb", "a\n", "\n", "a\nb", "a\r\nb", "a\u0000b", "a_b", "_a", "a_", "a/b", "/a", "/", "a/"],
    *["a/b/c", "//", "/a//b", "/.", "/./a", "/..", "/../a", "/a/.", "/a/..", "/..a", "/a./b", "/%2f"],
    *["/a%2Fb", "/a%", "/%zz", "/a%20b", "/a/./b", "/a/../b", "/a#b", "/a?b", "/a b", "é", "/é", "a.é"],
    *["日本", "a:b", "a,b", "a;b", "a=b", "a|b", 'a"b', "a\\b", "$a", "a$", "!", "~", "null", "1a", "a1"],
    *["192.0.2.1", "192.0.2.256", "010.0.0.1", "1.2.3", "::1", "2001:db8::1%eth0", "::ffff:1.2.3.4"],
    *["[::1]", "0s", "1ms", "999ms", "1s", "10s", "1h", "1h1ms", "3601s", "24h", "25h", "1h30m", "1.5s"],
    *["1d", "-1s", "s1", "100000s", "99999h", "1s1s1s1s", "1s1s1s1s1s", "http://a", "https://*.a:80"],
    *["http://a:123456", "http://", "http://*", "http://a/", "http://a_b", "ftp://a", "HTTP://a"],
    *["spiffe://a", "urn:a:b", "a://", "://a", "HTTP", "HTTPS", "TCP", "TLS", "UDP", "Service", "XBackend"],
    *["Hostname", "IPAddress", "NamedAddress", "HostnameX", "Cluster", "System", "system", "example.org/a"],
    *["example.org/", "k8s.io/a", "a.k8s.io/b", "xk8s.io/a", "Example.org/a", "-a/b", "a/é"],
    *["a.cluster.local", ".com.A", "com..A", "200", "099", "200-299", "299-200", "600", "20", "x" * 63],
    *["x" * 64, "x" * 253, "x" * 254, "a/" + "b" * 63, "a/" + "b" * 64, "a" * 253 + "/b", "a" * 252 + "/b"],
    *["a" * 254 + "/b", "(a)", "{a}", "a@b", "^a", "#a", "X-A:", "١", "ａ", "0x10", "+1"],
    *["00000s", "1s ", "60m", "0.0.0.0", "::", "fe80::1", "*.192.0.2.1", "https://a:", "200-", "100-599"],
]
NUMBERS = [0, -1, 1, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 1.5, 80.0, 1e3, -0.0]
OTHER_TYPES = ["text", "7", 7, 1.5, True, False, ["text"], [], {"a": "b"}, {}, None]
