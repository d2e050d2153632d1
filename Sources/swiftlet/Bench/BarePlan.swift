// SPDX-License-Identifier: Apache-2.0

/// What the bare side of `bench cold` starts: the same program as the function, with the same files, arguments, environment and user, and no sandbox.
struct BarePlan: Codable, Sendable {
    /// The folder in which the unpacked layers lie.
    var directory: String
    /// Names of the image's layers in there, lowest first.
    var layers: [String]
    var arguments: [String]
    /// `NAME=value`.
    var environment: [String]
    var workingDirectory: String
    /// The image's USER, as it writes it.
    var user: String
    var port: UInt16
    /// The event, sent as `POST /invoke`.
    var body: [UInt8]
}

/// What the bare side tells of one start.
enum BareResult: Codable, Sendable {
    case ready
    case measured(milliseconds: Double)
    case failed(String)
}
