// SPDX-License-Identifier: Apache-2.0
import Foundation
import OCI
import Testing

@Suite struct ManifestDocumentTests {
    private static let descriptor = #"{"mediaType":"application/x","digest":"sha256:\#(String(repeating: "0", count: 64))","size":2}"#
    private static let manifestType = #""mediaType":"application/vnd.oci.image.manifest.v1+json","#
    private static let indexType = #""mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","#

    private func parse(_ fields: String) throws -> ManifestDocument {
        try JSONDecoder().decode(ManifestDocument.self, from: Data(#"{"schemaVersion":2,\#(fields)}"#.utf8))
    }

    @Test(arguments: ["", manifestType]) func readsManifests(_ type: String) throws {
        guard case .manifest(let manifest) = try parse(type + #""config":\#(Self.descriptor),"layers":[\#(Self.descriptor)]"#) else {
            Issue.record("not a manifest")
            return
        }
        #expect(manifest.layers.count == 1)
    }

    @Test(arguments: ["", indexType]) func readsIndexes(_ type: String) throws {
        guard case .index(let index) = try parse(type + #""manifests":[\#(Self.descriptor)]"#) else {
            Issue.record("not an index")
            return
        }
        #expect(index.manifests.count == 1)
    }

    @Test(
        "CVE-2021-41190: fields and media type of a manifest and an index in one document",
        arguments: [
            #""config":\#(descriptor),"layers":[],"manifests":[]"#,
            #""layers":[],"manifests":[]"#,
            manifestType + #""manifests":[]"#,
            indexType + #""config":\#(descriptor),"layers":[]"#,
        ]) func refusesConfusion(_ fields: String)
    {
        #expect(throws: DecodingError.self) { try parse(fields) }
    }

    @Test(arguments: [
        #""config":\#(descriptor)"#, #""other":1"#, #""fsLayers":[],"layers":[],"config":\#(descriptor)"#,
        #""config":{"mediaType":"x","digest":"md5:1","size":1},"layers":[]"#,
    ]) func refusesIncomplete(_ fields: String) {
        #expect(throws: DecodingError.self) { try parse(fields) }
    }

    @Test func aDescriptorMustAgree() throws {
        let index = try parse(#""manifests":[]"#)
        #expect(!index.agrees(with: MediaType.manifest))
        #expect(index.agrees(with: MediaType.dockerList))
    }
}
