// SPDX-License-Identifier: Apache-2.0
import Crypto
import TarFixtures

/// Makes OCI and Docker archives, sound or hostile.
struct LayoutBuilder {
    private var tar = TarBuilder()
    private var written: Set<String> = []

    static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// A plain layer with one file.
    static func layer(_ name: String, _ content: String) -> [UInt8] {
        var tar = TarBuilder()
        tar.add(name, content)
        return tar.finished
    }

    static func config(_ layers: [[UInt8]], architecture: String = "amd64") -> String {
        let ids = layers.map { "\"sha256:\(digest($0))\"" }.joined(separator: ",")
        return #"{"architecture":"\#(architecture)","os":"linux","config":{"Cmd":["/x"]},"rootfs":{"type":"layers","diff_ids":[\#(ids)]}}"#
    }

    /// - Returns: a descriptor of the blob.
    mutating func blob(_ bytes: [UInt8], type: String, extra: String = "") -> String {
        let digest = Self.digest(bytes)
        if written.insert(digest).inserted { tar.add("blobs/sha256/\(digest)", bytes: bytes) }
        return Self.descriptor(bytes, type: type, extra: extra)
    }

    static func descriptor(_ bytes: [UInt8], type: String, extra: String = "") -> String {
        #"{"mediaType":"application/vnd.oci.image.\#(type)","digest":"sha256:\#(digest(bytes))","size":\#(bytes.count)\#(extra)}"#
    }

    mutating func image(_ layers: [[UInt8]], config: String? = nil, extra: String = "") -> String {
        let descriptors = layers.map { blob($0, type: "layer.v1.tar") }.joined(separator: ",")
        let config = blob(Array((config ?? Self.config(layers)).utf8), type: "config.v1+json")
        return blob(
            Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(descriptors)]}"#.utf8), type: "manifest.v1+json", extra: extra)
    }

    mutating func file(_ name: String, _ text: String) { tar.add(name, text) }
    mutating func file(_ name: String, _ bytes: [UInt8]) { tar.add(name, bytes: bytes) }
    mutating func link(_ name: String, to target: String) { tar.link(name, to: target) }

    /// Ends the archive with an index of these descriptors.
    mutating func finish(_ manifests: String...) -> [UInt8] {
        tar.add("index.json", #"{"schemaVersion":2,"manifests":[\#(manifests.joined(separator: ","))]}"#)
        tar.add("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        return tar.finished
    }

    var finished: [UInt8] { tar.finished }

    static func named(_ name: String) -> String { #","annotations":{"org.opencontainers.image.ref.name":"\#(name)"}"# }

    static func image(_ name: String, _ layers: [UInt8]...) -> [UInt8] {
        var layout = LayoutBuilder()
        let manifest = layout.image(layers, extra: named(name))
        return layout.finish(manifest)
    }
}
