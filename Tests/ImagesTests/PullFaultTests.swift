// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import Images
import Registry
import RegistryFixtures
import TarFixtures
import Testing

/// What networks and registries do to a pull: a program between it and the real registry does it on purpose.
@Suite(.serialized) struct PullFaultTests {
    private func registry(_ layers: Int = 1, bytes: Int = 300_000, login: TestRegistry.Login = .none) throws -> TestRegistry {
        let registry = try TestRegistry(login: login)
        var layout = LayoutBuilder()
        let manifest = layout.image(
            (0..<layers).map { LayoutBuilder.layer("file", noise(bytes, seed: UInt64($0 + 1))) }, extra: LayoutBuilder.named("x:1"))
        var needsLogin = true
        if case .none = login { needsLogin = false }
        try registry.push(layout.finish(manifest), "hello:1", login: needsLogin)
        return registry
    }

    @Test(arguments: [false, true])
    func aBrokenBlobGoesOnFromWhereItBroke(withoutRanges: Bool) async throws {
        let registry = try registry()
        let front =
            withoutRanges
            ? try Front(registry, "--break-after", "100000", "--breaks", "2", "--no-ranges")
            : try Front(registry, "--break-after", "100000", "--breaks", "2")
        try await PullFixture.with { fixture async throws in
            let image = try await fixture.pull("\(front.address)/hello:1")
            #expect(try fixture.file("file", image) == noise(300_000, seed: 1))
            #expect(fixture.unpacker.counts.values.allSatisfy { $0 == 1 })
            let ranges = front.requests.filter { $0.contains("bytes=") }
            // Without ranges each answer begins at the front again, and breaks off at the same place.
            #expect(ranges.count == 2, "\(front.requests)")
        }
    }

    @Test func aBlobThatBreaksAgainAndAgainIsAnErrorAndNothingIsLeft() async throws {
        let registry = try registry()
        let front = try Front(registry, "--break-after", "0", "--breaks", "1000")
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(front.address)/hello:1")
            #expect(refused.code == "RegistryUnreachable" && refused.message.contains("5 times in a row"), "\(refused)")
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test func oneByteThatIsAnotherIsNoticed() async throws {
        let registry = try registry()
        let raw = try runAll(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.address)/hello:1"])
        let layers = try #require(try JSONValue(parsing: raw).object?["layers"]?.array)
        let digest = try #require(layers.first?.object?["digest"]?.string)
        let front = try Front(registry, "--spoil", digest)
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(front.address)/hello:1")
            // By the blob's digest, or by the tar's header, whichever is read first.
            #expect(refused.code == "InvalidImage", "\(refused)")
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test func aBusyRegistryIsAskedAgainWhenItSaysSo() async throws {
        let registry = try registry()
        let busy = try Front(registry, "--busy", "2", "--retry-after", "7")
        try await PullFixture.with { fixture async throws in
            try await fixture.pull("\(busy.address)/hello:1")
            #expect(fixture.retries == [7000, 7000])
        }
        let stubborn = try Front(registry, "--busy", "100", "--retry-after", "3600")
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(stubborn.address)/hello:1")
            #expect(refused.status == 429 && refused.message.contains("Retry-After 3600"), "\(refused)")
            #expect(fixture.retries == [])
        }
    }

    @Test func aRedirectToABlobStoreCarriesNoLogin() async throws {
        let registry = try registry(2, login: .basic)
        let front = try Front(registry, "--redirect")
        try await PullFixture.with { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1", .plain())
            let stored = front.requests.filter { $0.hasPrefix("store") }
            #expect(stored.count == 3 && stored.allSatisfy { $0.hasSuffix("-") }, "\(stored)")
            #expect(front.requests.contains { $0.hasPrefix("front") && $0.hasSuffix("authorization") })
        }
    }

    @Test func aRedirectFromHTTPSToHTTPIsRefused() async throws {
        let registry = try registry(login: .basic)
        let front = try Front(registry, tls: true, "--redirect")
        var access = RegistryAccess.plain()
        access.security = nil
        access.authorities = Array(try String(contentsOfFile: try #require(front.authority), encoding: .utf8).utf8)
        try await PullFixture.with { fixture async throws in
            let refused = try await fixture.refusal("\(front.address)/hello:1", access)
            #expect(refused.message.contains("redirects from https to plain http"), "\(refused)")
            #expect(front.requests.contains { $0.contains("/blobs/") } && !front.requests.contains { $0.hasPrefix("store") })
            #expect(try fixture.leftovers() == [])
        }
    }

    /// The front holds layers back until four are asked for at once: six are wanted, and no fifth connection is made for them.
    @Test func oneServerGetsFourConnectionsAndNoMore() async throws {
        let registry = try registry(3)
        var layout = LayoutBuilder()
        let other = layout.image(
            (4...6).map { LayoutBuilder.layer("file", noise(300_000, seed: $0)) }, extra: LayoutBuilder.named("x:1"))
        try registry.push(layout.finish(other), "other:1")
        let front = try Front(registry, "--gather", "4")
        try await PullFixture.with { fixture async throws in
            async let one = fixture.pull("\(front.address)/hello:1")
            async let two = fixture.pull("\(front.address)/other:1")
            #expect(try await [one.layers.count, two.layers.count] == [3, 3])
            #expect(front.requests.compactMap { $0.hasPrefix("open ") ? Int($0.dropFirst(5)) : nil }.max() == 4, "\(front.requests)")
        }
    }

    @Test func aMirrorIsAskedFirstAndTheRegistryWhereItHasNothing() async throws {
        let registry = try registry(login: .basic)
        let mirror = try TestRegistry()
        let mirrorFront = try Front(mirror)
        let front = try Front(registry)
        let settings = #"{"registries": {"\#(front.address)": {"plainHTTP": true, "mirrors": ["http://\#(mirrorFront.address)"]}}}"#
        var access = RegistryAccess.plain()
        access.security = nil
        try await PullFixture.with(settings: settings) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1", access)
            #expect(!mirrorFront.requests.isEmpty && mirrorFront.requests.allSatisfy { $0.hasSuffix("-") })
        }
        try runAll([
            "skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", "bob:\(TestRegistry.password)",
            "docker://\(registry.address)/hello:1", "docker://\(mirror.address)/hello:1",
        ])
        let before = front.requests.count
        try await PullFixture.with(settings: settings) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1", access)
            #expect(front.requests.count == before)
        }
    }

    @Test func aMirrorThatAsksForALoginGetsNone() async throws {
        let registry = try registry(login: .basic)
        let mirror = try TestRegistry(login: .basic)
        let (front, mirrorFront) = (try Front(registry), try Front(mirror))
        let settings = #"{"registries": {"\#(front.address)": {"plainHTTP": true, "mirrors": ["http://\#(mirrorFront.address)"]}}}"#
        var access = RegistryAccess.plain()
        access.security = nil
        try await PullFixture.with(settings: settings) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1", access)
            #expect(!mirrorFront.requests.isEmpty && mirrorFront.requests.allSatisfy { $0.hasSuffix("-") }, "\(mirrorFront.requests)")
            #expect(front.requests.contains { $0.hasSuffix("authorization") })
        }
    }

    @Test func aProxyIsUsedWhereTheEnvironmentNamesOne() async throws {
        let registry = try registry()
        let front = try Front(registry)
        try await PullFixture.with(environment: ["HTTP_PROXY": "http://\(front.address)"]) { fixture async throws in
            try await fixture.pull("registry.test/hello:1")
            #expect(!front.requests.isEmpty && front.requests.allSatisfy { $0.hasPrefix("proxy") }, "\(front.requests)")
        }
        let secure = try TestRegistry(tls: true)
        var layout = LayoutBuilder()
        let manifest = layout.image([LayoutBuilder.layer("file", "x")], extra: LayoutBuilder.named("x:1"))
        try secure.push(layout.finish(manifest), "hello:1")
        let tunnel = try Front(secure)
        let access = RegistryAccess(authorities: Array(try String(contentsOfFile: secure.authority ?? "", encoding: .utf8).utf8))
        try await PullFixture.with(environment: ["HTTPS_PROXY": tunnel.address]) { fixture async throws in
            try await fixture.pull("registry.test/hello:1", access)
            #expect(
                tunnel.requests.allSatisfy { $0 == "proxy CONNECT registry.test:443" } && !tunnel.requests.isEmpty, "\(tunnel.requests)")
        }
    }

    @Test func aLayerThatOutgrowsTheQuotaWhenItIsUnpackedLeavesNothing() async throws {
        let plain = LayoutBuilder.layer("file", String(repeating: "x", count: 300_000))
        let scratch = try Scratch()
        let path = try scratch.write(plain, to: "layer")
        try run("gzip", path)
        let packed = Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
        var layout = LayoutBuilder()
        let manifest = layout.image([packed], config: LayoutBuilder.config([plain]), extra: LayoutBuilder.named("x:1"))
        let archive = layout.finish(manifest)
        let registry = try TestRegistry()
        try registry.push(archive, "hello:1")
        try await PullFixture.with(space: ImageSpace(quota: 100_000)) { fixture async throws in
            for refused in [try await fixture.refusal(of: archive), try await fixture.refusal("\(registry.address)/hello:1")] {
                #expect(
                    refused.status == 507 && refused.message.contains("take 300000, and the host's --image-quota leaves 100000"),
                    "\(refused)")
                #expect(try fixture.leftovers() == [])
            }
            #expect(fixture.unpacker.counts.values.map { $0 } == [2])
        }
    }

    @Test func whatDoesNotFitIsRefusedBeforeALayerIsAskedFor() async throws {
        let registry = try registry()
        let front = try Front(registry)
        try await PullFixture.with(space: ImageSpace(quota: 100_000)) { fixture async throws in
            let refused = try await fixture.refusal("\(front.address)/hello:1")
            #expect(refused.status == 507 && refused.message.contains("--image-quota is 100000"), "\(refused)")
            #expect(front.requests.filter { $0.contains("/blobs/") }.count == 1)
            #expect(try fixture.leftovers() == [])
        }
        let archive = LayoutBuilder.image("x:1", LayoutBuilder.layer("file", noise(300_000, seed: 1)))
        try await PullFixture.with(space: ImageSpace(quota: 100_000)) { fixture async throws in
            let refused = try await fixture.refusal(of: archive)
            #expect(refused.status == 507 && refused.message.contains("--image-quota is 100000"), "\(refused)")
            #expect(fixture.unpacker.counts.isEmpty)
            #expect(try fixture.leftovers() == [])
        }
        var space = ImageSpace()
        space.reserve = 1 << 60
        try await PullFixture.with(space: space) { fixture async throws in
            let refused = try await fixture.refusal("\(registry.address)/hello:1")
            #expect(refused.status == 507 && refused.message.contains("must stay free"), "\(refused)")
        }
    }

    /// The one that began is still telling what it does: it counts among those that wait all the same.
    @Test(.timeLimit(.minutes(1))) func anotherThatLeavesDoesNotCancelWhoBegan() async throws {
        let registry = try TestRegistry()
        try registry.push(LayoutBuilder.image("x:1", LayoutBuilder.layer("file", noise(6_000_000, seed: 1))), "hello:1")
        let reference = "\(registry.address)/hello:1"
        let (stopped, stops) = AsyncStream.makeStream(of: pid_t.self)
        let (told, release) = AsyncStream.makeStream(of: Void.self)
        let fixture = try await PullFixture(onStart: { process in
            // The layer is larger than the pipe, so that the download waits.
            kill(process, SIGSTOP)
            stops.yield(process)
        })
        let first = Task {
            try await fixture.library.pull(reference, access: .plain) { event in
                if case .layer(_, .unpacking, _, _, _) = event { for await _ in told { break } }
            }
        }
        var starts = stopped.makeAsyncIterator()
        let process = try #require(await starts.next())
        let second = Task { try await fixture.library.pull(reference, access: .plain) }
        try await Task.sleep(for: .milliseconds(500))
        second.cancel()
        try await Task.sleep(for: .milliseconds(200))
        kill(process, SIGCONT)
        await #expect(throws: (any Error).self) { try await second.value }
        release.finish()
        #expect(try await first.value.layers.count == 1)
        try await fixture.registries.shutDown()
    }
}
