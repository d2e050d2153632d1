// SPDX-License-Identifier: Apache-2.0
import OCI

/// An image, as the host tells of it. Sizes are bytes of unpacked files.
struct ImageAnswer: Codable {
    struct Layer: Codable {
        var diffID: String
        var bytes: Int
        var entries: Int
    }

    var reference: String
    var digest: String
    var createdTime: String
    var layers: Int
    var size: Int
    var sharedSize: Int
    var uniqueSize: Int
    /// Only in the answer to `inspect`.
    var references: [String]?
    var config: ImageConfiguration?
    var layerDetails: [Layer]?

    static func path(_ reference: String) -> String { "/swiftlet/v1/images/\(HostClient.escape(reference))" }
}
