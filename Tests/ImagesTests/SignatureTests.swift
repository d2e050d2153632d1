// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import RegistryFixtures
import TarFixtures
import Testing

/// Signatures as cosign makes them, made here by openssl and put beside the image (Tests/RegistryFixtures/Programs/sign.py).
@Suite(.serialized) struct SignatureTests {
    private struct Signed {
        let registry: TestRegistry
        let digest: String

        init() throws {
            registry = try TestRegistry()
            try registry.push(LayoutBuilder.image("x:1", LayoutBuilder.layer("file", "signed\n")), "hello:1")
            digest = try registry.digest("hello:1")
            for name in ["own", "other"] {
                try runAll(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key(name)])
                try runAll(["openssl", "ec", "-in", key(name), "-pubout", "-out", "\(registry.scratch.path)/\(name).pub"])
            }
        }

        func key(_ name: String) -> String { "\(registry.scratch.path)/\(name).key" }

        @discardableResult
        func sign(_ place: String, by name: String = "own", naming digest: String? = nil) throws -> String {
            try runAll(
                ["python3", TestRegistry.programs + "/sign.py", registry.address, "hello", self.digest, key(name), place]
                    + (digest.map { [$0] } ?? []))
        }

        func settings(_ mode: String, for address: String? = nil) -> String {
            """
            {"registries": {"\(address ?? registry.address)":
             {"plainHTTP": true, "signatures": "\(mode)", "publicKeys": ["\(registry.scratch.path)/own.pub"]}}}
            """
        }
    }

    @Test(arguments: ["tag", "referrer"]) func aGoodSignatureIsFoundUnderItsTagAndAsAReferrer(place: String) async throws {
        let signed = try Signed()
        try signed.sign(place)
        try await PullFixture.with(settings: signed.settings("require")) { fixture async throws in
            #expect(try fixture.file("file", try await fixture.pull("\(signed.registry.address)/hello:1")) == "signed\n")
        }
    }

    @Test func aRegistryThatListsReferrersIsAskedForThem() async throws {
        let signed = try Signed()
        let list = try signed.sign("referrer")
        let file = try signed.registry.scratch.write(Array(list.utf8), to: "referrers.json")
        let front = try Front(signed.registry, "--referrers", file)
        try await PullFixture.with(settings: signed.settings("require", for: front.address)) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1")
            #expect(front.requests.contains { $0.contains("/referrers/\(signed.digest)") })
        }
    }

    @Test func anImageWithoutAGoodSignatureIsRefusedBeforeALayerIsAskedFor() async throws {
        let signed = try Signed()
        let front = try Front(signed.registry)
        func refusal() async throws -> String {
            let message = Messages()
            try await PullFixture.with(settings: signed.settings("require", for: front.address)) { fixture async throws in
                let refused = try await fixture.refusal("\(front.address)/hello:1")
                #expect(refused.status == 403 && refused.code == "ImageNotSigned", "\(refused)")
                #expect(fixture.unpacker.counts.isEmpty)
                message.text = refused.message
            }
            return message.text
        }
        #expect(try await refusal().contains("it has no signature"))
        #expect(!front.requests.contains { $0.contains("/blobs/") })
        try signed.sign("tag", by: "other")
        #expect(try await refusal().contains("none of its 1 signatures is by a key in"))
        // A signature by the right key, of another image.
        try signed.sign("tag", naming: "sha256:" + String(repeating: "0", count: 64))
        #expect(try await refusal().contains("none of its 1 signatures"))
    }

    @Test func aPolicyThatWarnsTakesTheImageAndOneThatIsOffAsksNothing() async throws {
        let signed = try Signed()
        let front = try Front(signed.registry)
        try await PullFixture.with(settings: signed.settings("warn", for: front.address)) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1")
            #expect(front.requests.contains { $0.contains(".sig") })
        }
        let before = front.requests.count
        try await PullFixture.with(settings: signed.settings("off", for: front.address)) { fixture async throws in
            try await fixture.pull("\(front.address)/hello:1")
            #expect(!front.requests.dropFirst(before).contains { $0.contains(".sig") || $0.contains("referrers") })
        }
    }

    private final class Messages { var text = "" }
}
