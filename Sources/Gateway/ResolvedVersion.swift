// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import NIOCore

/// A version that calls can go to, with everything about it that is the same for each call, as bytes.
final class ResolvedVersion: Sendable {
    let version: RunnableVersion
    let activator: FunctionActivator
    /// An event's request to the image, up to what differs from call to call.
    let eventStart: ByteBuffer
    /// The fields that an HTTP call gets from the host.
    let httpLines: ByteBuffer
    /// The fields of an event's answer that are the same for all of this version.
    let answerLines: ByteBuffer
    /// The same for an HTTP call's.
    let httpAnswerLines: ByteBuffer
    /// What an image reads as `Host` where the client's own does not go on.
    let host: String
    /// The role whose credentials each call gets; nil for none, which the lines above say.
    let role: String?
    let meter: CallMeter
    /// Whether a program without a server is run to its end for each event.
    let runsPerEvent: Bool

    /// - Parameter qualifier: the alias by which it is called; nil where it is called by its own name.
    init(
        _ version: RunnableVersion, _ activator: FunctionActivator, _ options: GatewayOptions, qualifier: String? = nil, meter: CallMeter
    ) {
        self.meter = meter
        self.version = version
        runsPerEvent = version.configuration.runsPerEvent
        self.activator = activator
        host = "127.0.0.1:\(version.configuration.port)"
        role = options.authority == nil ? nil : version.configuration.roleInHeaders
        let common =
            (role == nil ? CommonHeaders.noCredentials : [])
            + CommonHeaders.of(version, qualifier: qualifier, region: options.region, account: options.accountID)
        eventStart = Self.bytes(
            "POST /invoke HTTP/1.1\r\n",
            [("Host", host), ("Content-Type", "application/octet-stream")] + common + [("x-fc-control-path", "/invoke")])
        httpLines = Self.bytes("", common + [("x-fc-control-path", "/http-invoke")])
        answerLines = Self.bytes(
            "",
            [
                ("X-Fc-Code-Checksum", version.manifest.hex), ("X-Fc-Invocation-Service-Version", version.key.version),
                ("X-Fc-Invocation-Function-Version", version.key.version), ("Access-Control-Expose-Headers", Self.exposed),
            ])
        httpAnswerLines = Self.bytes("", [("X-Fc-Invocation-Function-Version", version.key.version)])
    }

    var timeout: Int { version.configuration.timeout }
    var name: String { version.key.function }

    private static let exposed =
        "Date,x-fc-request-id,x-fc-error-type,x-fc-code-checksum,x-fc-invocation-duration,x-fc-max-memory-usage,x-fc-log-result,x-fc-invocation-code-version"

    /// A value with a control character in it is left empty: it would end its line.
    private static func bytes(_ start: String, _ lines: [(String, String)]) -> ByteBuffer {
        var bytes = ByteBuffer(string: start)
        for (name, value) in lines { bytes.writeLine(name, HeaderRules.isClean(value) ? value : "") }
        return bytes
    }
}
