// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import OCI
import Registry
import RegistryFixtures
import TarFixtures
import Testing

/// Pulls from Debian's docker-registry, what skopeo and buildah have put there.
@Suite(.serialized) struct PullTests {
    private func image(_ name: String, layers: Int = 2, bytes: Int = 1000) -> [UInt8] {
        image(name, layersOf: Array(repeating: bytes, count: layers))
    }

    private func image(_ name: String, layersOf bytes: [Int]) -> [UInt8] {
        var layout = LayoutBuilder()
        let layers = bytes.enumerated().map { LayoutBuilder.layer("file\($0)", noise($1, seed: UInt64($0 + 1))) }
        let manifest = layout.image(layers, extra: LayoutBuilder.named(name))
        return layout.finish(manifest)
    }

    @Test(arguments: [["--dest-compress-format", "gzip"], ["--dest-compress-format", "zstd"], ["--format", "v2s2"]])
    func anImageOfARegistryBecomesLayersAndAName(options: [String]) async throws {
        let registry = try TestRegistry()
        let file = try registry.scratch.write(image("x:1"), to: "x.tar")
        try registry.push("oci-archive:\(file)", "team/hello:1", options)
        try await PullFixture.with { fixture async throws in
            let pulled = try await fixture.pull("\(registry.address)/team/hello:1")
            #expect(pulled.reference == "\(registry.address)/team/hello:1")
            #expect(try registry.digest("team/hello:1") == pulled.manifestDigest.description)
            #expect(try fixture.file("file1", pulled, layer: 1) == noise(1000, seed: 2))
            #expect(try await fixture.library.resolve(pulled.reference)?.diffIDs.count == 2)
            #expect(try fixture.leftovers().filter { $0.hasPrefix("data/tmp") || $0.contains(".tmp") }.isEmpty)
            // A tag that moves changes nothing here.
            try registry.push(image("x:1", layers: 1), "team/hello:1")
            #expect(try await fixture.library.resolve(pulled.reference)?.manifestDigest == pulled.manifestDigest)
            #expect(try await fixture.pull(pulled.reference).layers.count == 1)
        }
    }

    @Test func anImageThatBuildahPushedIsPulled() async throws {
        let registry = try TestRegistry()
        let storage = [
            "--root", registry.scratch.path + "/storage", "--runroot", registry.scratch.path + "/run", "--storage-driver", "vfs",
        ]
        let file = try registry.scratch.write(Array("made by buildah\n".utf8), to: "note")
        let container = try runAll(["buildah"] + storage + ["from", "scratch"]).trimmingCharacters(in: .whitespacesAndNewlines)
        try runAll(["buildah"] + storage + ["add", "-q", container, file, "/note"])
        try runAll(["buildah"] + storage + ["config", "--cmd", "/note", container])
        try runAll(["buildah"] + storage + ["commit", "-q", container, "localhost/note:1"])
        try runAll(["buildah"] + storage + ["push", "-q", "--tls-verify=false", "localhost/note:1", "docker://\(registry.address)/note:1"])
        try await PullFixture.with { fixture async throws in
            let pulled = try await fixture.pull("\(registry.address)/note:1")
            #expect(try fixture.file("note", pulled) == "made by buildah\n")
        }
    }

    @Test func anIndexGivesThisMachinesPlatformAndIsFoundByItsDigest() async throws {
        let registry = try TestRegistry()
        var layout = LayoutBuilder()
        let layers = [LayoutBuilder.layer("here", "amd64\n")]
        let other = layout.image(
            layers, config: LayoutBuilder.config(layers, architecture: "s390x"),
            extra: #","platform":{"architecture":"s390x","os":"linux"}"#)
        let own = layout.image(layers, extra: #","platform":{"architecture":"amd64","os":"linux"}"#)
        let index = layout.blob(
            Array(#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\#(other),\#(own)]}"#.utf8),
            type: "index.v1+json", extra: LayoutBuilder.named("x:1"))
        let archive = try registry.scratch.write(layout.finish(index), to: "index.tar")
        try runAll([
            "skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", "oci-archive:\(archive)", "docker://\(registry.address)/multi:1",
        ])
        let digest = try runAll(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.address)/multi:1"])
        let name = "\(registry.address)/multi@sha256:\(LayoutBuilder.digest(Array(digest.utf8)))"
        try await PullFixture.with { fixture async throws in
            let pulled = try await fixture.pull(name)
            #expect(try fixture.file("here", pulled) == "amd64\n")
            #expect(try await fixture.library.resolve(name)?.manifestDigest == pulled.manifestDigest)
        }
    }

    @Test func aPasswordIsWantedAndNeverRepeated() async throws {
        let registry = try TestRegistry(login: .basic)
        try registry.push(image("x:1"), "secret:1", login: true)
        try await PullFixture.with { fixture async throws in
            #expect(try await fixture.pull("\(registry.address)/secret:1", .plain()).layers.count == 2)
            let without = try await fixture.refusal("\(registry.address)/secret:1")
            #expect(without.status == 403 && without.code == "RegistryAccessDenied")
            #expect(
                without.message.contains("registry \(registry.address), repository secret, manifest 1: 401 Unauthorized")
                    && without.message.contains("without a login") && without.message.contains("docker login"), "\(without.message)")
            let wrong = try await fixture.refusal("\(registry.address)/secret:1", .plain(password: "wr0ng pass"))
            #expect(wrong.message.contains("as user 'bob' from the test") && !wrong.message.contains("wr0ng"), "\(wrong.message)")
            let missing = try await fixture.refusal("\(registry.address)/nothing:1", .plain())
            #expect(missing.status == 404 && missing.message.contains("404 Not Found"), "\(missing.message)")
        }
    }

    @Test func aTokenServerIsAskedOnceForAPullAndAgainWhenTheTokenHasRunOut() async throws {
        let registry = try TestRegistry(login: .token())
        try registry.push(image("x:1", layers: 4), "team/secret:1", login: true)
        let pushes = registry.tokenRequests.count
        try await PullFixture.with { fixture async throws in
            try await fixture.pull("\(registry.address)/team/secret:1", .plain())
            #expect(registry.tokenRequests.dropFirst(pushes) == ["GET login"])
            let refused = try await fixture.refusal("\(registry.address)/team/secret:1", .plain(password: "wr0ng pass"))
            #expect(
                refused.code == "RegistryAccessDenied" && refused.message.contains("its token server 127.0.0.1 answered 401"), "\(refused)")
            #expect(!"\(refused)".contains("wr0ng") && !"\(refused)".contains("Ym9iOndy"), "\(refused)")
            let anonymous = try await fixture.refusal("\(registry.address)/team/secret:1")
            #expect(anonymous.code == "RegistryAccessDenied" && anonymous.message.contains("without a login"), "\(anonymous)")
            let token = KnownCredentials(.identityToken(Secret("refresh me")), origin: "the test")
            try await fixture.pull("\(registry.address)/team/secret:1", RegistryAccess(credentials: token, security: .plain))
            #expect(registry.tokenRequests.last == "POST refresh")
        }
    }

    @Test func aPrivateAuthorityIsTrustedWhereItIsGivenAndNowhereElse() async throws {
        let registry = try TestRegistry(login: .basic, tls: true)
        try registry.push(image("x:1"), "secret:1", login: true)
        let authority = Array(try String(contentsOfFile: try #require(registry.authority), encoding: .utf8).utf8)
        let settings = #"{"registries": {"\#(registry.address)": {"caFile": "\#(registry.authority ?? "")"}}}"#
        var access = RegistryAccess.plain()
        access.security = nil
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(registry.address)/secret:1", access)
            #expect(refused.code == "RegistryUnreachable" && refused.message.contains("its certificate is not trusted"), "\(refused)")
            #expect(refused.message.contains("--ca"))
            var trusting = access
            trusting.authorities = authority
            #expect(try await fixture.pull("\(registry.address)/secret:1", trusting).layers.count == 2)
        }
        try await PullFixture.with(settings: settings) { fixture async throws in
            try await fixture.pull("\(registry.address)/secret:1", access)
        }
        access.security = .unverified
        try await PullFixture.with { fixture async throws in try await fixture.pull("\(registry.address)/secret:1", access) }
        let plain = try TestRegistry()
        try plain.push(image("x:1"), "open:1")
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(plain.address)/open:1", RegistryAccess())
            #expect(refused.message.contains("it does not speak TLS") && refused.message.contains("--plain-http"), "\(refused)")
            let reverse = try await fixture.refusal("\(registry.address)/secret:1", .plain)
            #expect(reverse.message.contains("it speaks TLS there") && reverse.message.contains("Leave out --plain-http"), "\(reverse)")
            try await fixture.pull("\(plain.address)/open:1", access)
        }
    }

    @Test func twoPullsOfOneImageDoTheWorkOnce() async throws {
        let registry = try TestRegistry()
        try registry.push(image("x:1", layers: 3, bytes: 200_000), "hello:1")
        let front = try Front(registry)
        try await PullFixture.with { fixture async throws in
            async let first = fixture.pull("\(front.address)/hello:1")
            async let second = fixture.pull("\(front.address)/hello:1")
            let both = try await (first, second)
            #expect(both.0.manifestDigest == both.1.manifestDigest)
            #expect(fixture.unpacker.counts.values.sorted() == [1, 1, 1])
            // Three layers once, and the configuration for each of the two.
            #expect(front.requests.filter { $0.contains("/blobs/") }.count == 5)
            try await fixture.pull("\(front.address)/hello:1")
            #expect(front.requests.filter { $0.contains("/blobs/") }.count == 6)
        }
    }

    @Test func aPullThatIsCancelledEndsAndLeavesNothing() async throws {
        let registry = try TestRegistry()
        try registry.push(image("x:1", layersOf: [1000, 400_000, 400_000]), "hello:1")
        let front = try Front(registry, "--stall-after", "600000")
        try await PullFixture.with { fixture async throws in
            let pull = Task { try await fixture.pull("\(front.address)/hello:1") }
            // One layer is in place, and the others come no further.
            try await until { front.requests.contains(where: { $0.hasPrefix("stalled") }) }
            try await until { try await !fixture.unpacker.layers().isEmpty }
            pull.cancel()
            await #expect(throws: CancellationError.self) { try await pull.value }
            #expect(try fixture.leftovers() == [])
            #expect(try await fixture.library.list().isEmpty)
        }
    }
}
