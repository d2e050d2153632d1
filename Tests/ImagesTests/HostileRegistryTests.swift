// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Registry
import RegistryFixtures
import TarFixtures
import Testing

/// A registry that lies. Each test fails when its defence is taken out.
@Suite(.serialized) struct HostileRegistryTests {
    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    private static let indexType = "application/vnd.oci.image.index.v1+json"
    private let layer = LayoutBuilder.layer("x", "x\n")

    private func digest(_ text: String) -> String { "sha256:" + LayoutBuilder.digest(Array(text.utf8)) }

    private func manifest(configSize: Int? = nil, layerSize: Int? = nil) -> String {
        let config = LayoutBuilder.config([layer])
        let type = "application/vnd.oci.image"
        return """
            {"schemaVersion": 2, "mediaType": "\(Self.manifestType)",
             "config": {"mediaType": "\(type).config.v1+json", "digest": "\(digest(config))", "size": \(configSize ?? config.utf8.count)},
             "layers": [{"mediaType": "\(type).layer.v1.tar", "digest": "sha256:\(LayoutBuilder.digest(layer))", "size": \(layerSize ?? layer.count)}]}
            """
    }

    /// What a sound registry says; `changes` takes the place of some of it.
    private func liar(_ manifest: String, tls: Bool = false, _ changes: [String: Liar.Answer] = [:]) throws -> Liar {
        let config = LayoutBuilder.config([layer])
        let sound = [
            "manifests/1": Liar.Answer(manifest, headers: ["Content-Type": Self.manifestType]),
            "blobs/\(digest(config))": Liar.Answer(config),
            "blobs/sha256:\(LayoutBuilder.digest(layer))": Liar.Answer(String(decoding: layer, as: UTF8.self)),
        ]
        return try Liar(sound.merging(changes) { $1 }, tls: tls)
    }

    private func refusal(_ liar: Liar, _ access: RegistryAccess = .plain) async throws -> String {
        var message = ""
        try await PullFixture.with { fixture async throws in
            message = try await fixture.refusal("\(liar.address)/x:1", access).message
            #expect(try fixture.leftovers() == [])
        }
        return message
    }

    @Test func soundAnswersAreTaken() async throws {
        let liar = try liar(manifest())
        try await PullFixture.with { fixture async throws in
            #expect(try fixture.file("x", try await fixture.pull("\(liar.address)/x:1")) == "x\n")
        }
    }

    @Test("a manifest that is not the one whose digest was asked for") func anotherManifest() async throws {
        let promised = digest("something else")
        let index = """
            {"schemaVersion": 2, "mediaType": "\(Self.indexType)", "manifests":
             [{"mediaType": "\(Self.manifestType)", "digest": "\(promised)", "size": \(manifest().utf8.count)}]}
            """
        let liar = try liar(
            manifest(),
            [
                "manifests/1": .init(index, headers: ["Content-Type": Self.indexType]),
                "manifests/\(promised)": .init(manifest(), headers: ["Content-Type": Self.manifestType]),
            ])
        #expect(try await refusal(liar).contains("it has in truth the digest \(digest(manifest()))"))
    }

    @Test("a layer of the promised size that is another") func anotherBlob() async throws {
        let other = LayoutBuilder.layer("x", "y\n")
        let liar = try liar(
            manifest(), ["blobs/sha256:\(LayoutBuilder.digest(layer))": .init(String(decoding: other, as: UTF8.self))])
        #expect(try await refusal(liar).contains("it has in truth the digest sha256:\(LayoutBuilder.digest(other))"))
    }

    @Test("CVE-2021-41190: a manifest of another size or kind than the index promises", arguments: ["size", "kind"])
    func anotherKind(_ what: String) async throws {
        let (size, type) = what == "size" ? (7, Self.manifestType) : (manifest().utf8.count, Self.indexType)
        let index = """
            {"schemaVersion": 2, "mediaType": "\(Self.indexType)", "manifests":
             [{"mediaType": "\(type)", "digest": "\(digest(manifest()))", "size": \(size)}]}
            """
        let liar = try liar(
            manifest(),
            [
                "manifests/1": .init(index, headers: ["Content-Type": Self.indexType]),
                "manifests/\(digest(manifest()))": .init(manifest(), headers: ["Content-Type": Self.manifestType]),
            ])
        #expect(try await refusal(liar).contains("CVE-2021-41190"))
    }

    @Test("CVE-2023-25153: a manifest without end, and a configuration that promises too much") func limits() async throws {
        let endless = try liar(
            manifest(), ["manifests/1": .init(manifest(), headers: ["Content-Type": Self.manifestType], padding: 5 << 20)])
        #expect(try await refusal(endless).contains("larger than the limit of 4194304 bytes (CVE-2023-25153)"))
        let large = try liar(manifest(configSize: 9 << 20))
        #expect(try await refusal(large).contains("it has 9437184 bytes, the limit is 8388608 (CVE-2023-25153)"))
        #expect(!large.requests.contains { $0.contains("/blobs/") })
    }

    /// It knows no ranges, so what was there before comes again each time.
    @Test("a layer with fewer bytes than its descriptor promises", .timeLimit(.minutes(1))) func shorterBlob() async throws {
        let liar = try liar(manifest(layerSize: layer.count + 512))
        #expect(try await refusal(liar).contains("it ended after \(layer.count) of \(layer.count + 512) bytes, 5 times in a row"))
    }

    @Test("a layer with more bytes than its descriptor promises") func longerBlob() async throws {
        let name = "blobs/sha256:\(LayoutBuilder.digest(layer))"
        let longer = try liar(manifest(), [name: .init(String(decoding: layer, as: UTF8.self), padding: 100_000)])
        #expect(try await refusal(longer).contains("it has more than the \(layer.count) bytes that its descriptor promises"))
        let promised = try liar(manifest(layerSize: layer.count - 512))
        #expect(try await refusal(promised).contains("it has more than the \(layer.count - 512) bytes that its descriptor promises"))
    }

    /// Added up they are more than a number can hold: the daemon would end, and again after each start while a function names the image.
    @Test("sizes that nobody can keep", arguments: [Int.max, 65 << 30, -1]) func hugeSizes(_ size: Int) async throws {
        let layers = (0..<3).map { LayoutBuilder.layer("x\($0)", "x\n") }
        let config = LayoutBuilder.config(layers)
        let descriptors = layers.map { layer in
            LayoutBuilder.descriptor(layer, type: "layer.v1.tar")
                .replacingOccurrences(of: "\"size\":\(layer.count)", with: "\"size\":\(size)")
        }
        let manifest = """
            {"schemaVersion": 2, "mediaType": "\(Self.manifestType)",
             "config": \(LayoutBuilder.descriptor(Array(config.utf8), type: "config.v1+json")), "layers": [\(descriptors.joined(separator: ","))]}
            """
        let liar = try liar(manifest, ["blobs/\(digest(config))": .init(config)])
        #expect(try await refusal(liar).contains("has \(size) bytes by its manifest, the limit is \(64 << 30)"))
    }

    @Test("a token server without TLS gets no login of a registry that has it") func plainTokenServer() async throws {
        let server = try Liar(["token": .init(#"{"token": "x"}"#)])
        let challenge = #"Bearer realm="http://\#(server.address)/token",service="x""#
        let liar = try liar(
            manifest(), tls: true, ["manifests/1": .init("", status: 401, headers: ["WWW-Authenticate": challenge])])
        var access = RegistryAccess.plain()
        access.security = nil
        access.authorities = Array(try String(contentsOfFile: try #require(liar.authority), encoding: .utf8).utf8)
        #expect(try await refusal(liar, access).contains("which is no https address"))
        #expect(server.requests.isEmpty)
    }

    @Test("a login that a registry sends back is in no error") func echo() async throws {
        let answer = Liar.Answer("", status: 401, headers: ["WWW-Authenticate": #"Basic realm="x""#], echo: true)
        let message = try await refusal(try liar(manifest(), ["manifests/1": answer]), .plain(password: "hush hush"))
        #expect(message.contains("not by bob:•••") && !message.contains("hush"), "\(message)")
    }
}
