// SPDX-License-Identifier: Apache-2.0
internal import AsyncHTTPClient
internal import Crypto
internal import Foundation
internal import FunctionModel
internal import InvocationQueue
internal import NATS
internal import NIOCore
internal import NIOHTTP1

/// Posts CloudEvents to URLs, signed with the host's key.
///
/// Source of the signature: Standard Webhooks 1.0.0, symmetric: `v1,` and the base64 of HMAC-SHA256 over id, time and body with points between them.
struct DestinationDeliverer: Sendable {
    private static let timeout = TimeAmount.seconds(30)

    let client: HTTPClient
    let key: WebhookKey
    /// Nil on a host without NATS.
    let jetStream: JetStream?
    let now: @Sendable () -> Timestamp

    func deliver(_ claim: ClaimedInvocation, to url: String) async -> CallOutcome {
        if url.hasPrefix("nats:") { return await store(claim, subject: String(url.dropFirst(5))) }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        let id = claim.invocation.task
        let seconds = now().milliseconds / 1000
        request.headers = [
            "content-type": "application/cloudevents+json", "user-agent": "swiftlet", "webhook-id": id,
            "webhook-timestamp": String(seconds),
            "webhook-signature": key.signature(id: id, seconds: seconds, body: claim.invocation.payload),
        ]
        request.body = .bytes(ByteBuffer(bytes: claim.invocation.payload))
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            var body: [UInt8] = []
            for try await piece in response.body where body.count < 1024 { body += piece.readableBytesView.prefix(1024 - body.count) }
            return Self.outcome(Int(response.status.code), CallOutcome.retryAfter(response.headers.first(name: "retry-after")), body)
        } catch is CancellationError {
            return CallOutcome(result: .interrupted, code: "Interrupted", message: "the host stopped")
        } catch {
            return CallOutcome(result: .throttled(retryAfter: nil), code: "DestinationDeliveryFailed", message: "\(error)", status: 503)
        }
    }

    /// It is delivered when a stream has it. The task's id keeps one that is delivered twice from being stored twice.
    private func store(_ claim: ClaimedInvocation, subject: String) async -> CallOutcome {
        guard let jetStream else {
            return CallOutcome(
                result: .refused, code: "DestinationDeliveryFailed", message: "this host has no NATS: start it with --cluster", status: 412)
        }
        do {
            let fields = [("content-type", "application/cloudevents+json")]
            _ = try await jetStream.publish(subject, id: claim.invocation.task, headers: fields, claim.invocation.payload)
            return CallOutcome(result: .succeeded)
        } catch {
            return CallOutcome(
                result: .throttled(retryAfter: nil), code: "DestinationDeliveryFailed",
                message: "no stream of NATS has taken '\(subject)': \(error)", status: 503)
        }
    }

    /// A server that fails is tried again for as long as deliveries are; one that refuses is not.
    private static func outcome(_ status: Int, _ retryAfter: Int64?, _ body: [UInt8]) -> CallOutcome {
        if (200..<300).contains(status) { return CallOutcome(result: .succeeded, status: status, response: body) }
        let isRefused = status < 500 && status != 408 && status != 429
        return CallOutcome(
            result: isRefused ? .refused : .throttled(retryAfter: retryAfter), code: "DestinationDeliveryFailed",
            message: "the destination answered \(status)", status: status, response: body)
    }
}

/// The key that a host signs its deliveries with, written as `whsec_` and base64, as receivers take it.
public struct WebhookKey: Sendable {
    public let text: String
    private let bytes: [UInt8]

    /// - Returns: nil unless `text` is `whsec_` and the base64 of at least 24 bytes.
    public init?(_ text: String) {
        guard text.hasPrefix("whsec_"), let data = Data(base64Encoded: String(text.dropFirst(6))), data.count >= 24 else { return nil }
        self.text = text
        bytes = Array(data)
    }

    public init(random: () -> UInt64) {
        bytes = (0..<4).flatMap { _ in withUnsafeBytes(of: random()) { Array($0) } }
        text = "whsec_" + Data(bytes).base64EncodedString()
    }

    /// The value of `webhook-signature`.
    package func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: bytes))
        return "v1," + Data(code).base64EncodedString()
    }
}
