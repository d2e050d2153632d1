// SPDX-License-Identifier: Apache-2.0
import OCI
import Testing

private let hex = String(repeating: "a", count: 64)

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("hello", "hello:latest", "docker.io/library/hello:latest"),
        ("hello:1", "hello:1", "docker.io/library/hello:1"),
        ("team/hello", "team/hello:latest", "docker.io/team/hello:latest"),
        ("docker.io/library/hello:latest", "hello:latest", "docker.io/library/hello:latest"),
        ("index.docker.io/library/hello", "hello:latest", "docker.io/library/hello:latest"),
        ("docker.io/hello", "hello:latest", "docker.io/library/hello:latest"),
        ("library/a/b", "library/a/b:latest", "docker.io/library/a/b:latest"),
        ("localhost/hello:1", "localhost/hello:1", "localhost/hello:1"),
        ("localhost:5000/hello", "localhost:5000/hello:latest", "localhost:5000/hello:latest"),
        ("ghcr.io/a/b/c:v1.2.3_x-y", "ghcr.io/a/b/c:v1.2.3_x-y", "ghcr.io/a/b/c:v1.2.3_x-y"),
        ("[::1]:5000/hello", "[::1]:5000/hello:latest", "[::1]:5000/hello:latest"),
        ("docker.io/example.org/hello", "docker.io/example.org/hello:latest", "docker.io/example.org/hello:latest"),
        ("a__b/c.d/e---f", "a__b/c.d/e---f:latest", "docker.io/a__b/c.d/e---f:latest"),
        ("hello@sha256:\(hex)", "hello@sha256:\(hex)", "docker.io/library/hello@sha256:\(hex)"),
        ("hello:1@sha256:\(hex)", "hello:1@sha256:\(hex)", "docker.io/library/hello:1@sha256:\(hex)"),
    ]) func completesNames(_ text: String, _ short: String, _ full: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == short)
        #expect(reference.full == full)
        #expect(try ImageReference(short) == reference)
        #expect(try ImageReference(full) == reference)
    }

    @Test(arguments: [
        "", ":", ":1", "@", "hello:", "hello:-1", "hello:" + String(repeating: "a", count: 129), "Hello", "hello/World", "a//b", "/a", "a/",
        "a_",
        "_a", "a..b", "a___b", "a._b", "hello@sha256:abc", "hello@sha512:\(hex)", "he llo", "hello\n", "héllo", "../etc", "a/../b",
        "localhost:/a",
        "localhost:0/a", "localhost:70000/a", "-host.org/a", "host..org/a", "a:b:c", String(repeating: "a/", count: 200) + "a", "[::1/a",
        "a@b@c",
    ]) func refuses(_ text: String) {
        #expect(throws: ImageReferenceError.self) { try ImageReference(text) }
    }
}
