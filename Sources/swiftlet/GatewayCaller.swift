// SPDX-License-Identifier: Apache-2.0
import Access
import AsyncHTTPClient
import Console
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Calls functions through the host's own front door, as any client does: what the console shows of a call is what others see.
struct GatewayCaller: Sendable {
    /// Bytes of an answer that are shown.
    private static let shown = 64 * 1024

    let client: HTTPClient
    /// Where calls are taken.
    let address: ListenAddress

    /// - Parameter key: signs the call; nil on a host that asks for none.
    func call(_ call: ConsoleCall, key: AccessKey?) async throws -> ConsoleCall.Answer {
        var request: HTTPClientRequest
        let signer = key.map { RequestSigner(key: $0.id, secret: $0.secret) }
        // Who brings an Authorization of the function's own along wants that one to be seen.
        let isSigned = !call.headers.contains { $0.name.lowercased() == "authorization" }
        let name = call.function
        switch call.kind {
        case .event:
            let target = "/2023-03-30/functions/\(HostClient.escape(name))/invocations?qualifier=\(HostClient.escape(call.qualifier))"
            request = HTTPClientRequest(url: base + target)
            request.method = .POST
            request.headers.add(name: "x-fc-log-type", value: "Tail")
            request.headers.add(name: "host", value: address.description)
            if isSigned, let signer {
                let headers = try signer.headers("POST", target, host: address.description, content: Data(call.payload.utf8))
                request.headers.add(contentsOf: headers.map { ($0.key, $0.value) })
            }
        case .http(let method, let target):
            request = HTTPClientRequest(url: "\(base)\(target)")
            request.method = HTTPMethod(rawValue: method)
            let latest = call.qualifier.isEmpty || call.qualifier == "LATEST"
            let host = latest ? "\(name).localhost" : "\(call.qualifier).\(name).localhost"
            request.headers.replaceOrAdd(name: "host", value: host)
            if isSigned, let signer {
                request.headers.add(contentsOf: try signer.triggerHeaders(method, target, host: host).map { ($0.key, $0.value) })
            }
        }
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if !call.payload.isEmpty, request.method != .GET, request.method != .HEAD {
            request.body = .bytes(ByteBuffer(string: call.payload))
        }
        let clock = ContinuousClock()
        let start = clock.now
        let response = try await client.execute(request, timeout: .hours(1))
        var body: [UInt8] = []
        var isCut = false
        for try await chunk in response.body {
            let room = Self.shown - body.count
            if chunk.readableBytes > room { isCut = true }
            body += chunk.readableBytesView.prefix(room)
            if isCut { break }
        }
        let (seconds, attoseconds) = (clock.now - start).components
        return ConsoleCall.Answer(
            status: Int(response.status.code), headers: response.headers.map { (name: $0.name, value: $0.value) },
            body: String(decoding: body, as: UTF8.self), isCut: isCut, milliseconds: Double(seconds) * 1000 + Double(attoseconds) / 1e15)
    }

    /// Every address of this machine is reached over loopback.
    private var base: String {
        switch address.host {
        case "0.0.0.0": "http://127.0.0.1:\(address.port)"
        case "::": "http://[::1]:\(address.port)"
        default: "http://\(address)"
        }
    }
}
