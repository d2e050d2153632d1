// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import SpanExport
import Tracing

/// The host's part in traces, where a collector is named.
struct HostTraces: Sendable {
    let tracer: any Tracer
    private let exporting: Task<Void, Never>

    /// - Parameter endpoint: without the `/v1/traces` that OTLP/HTTP adds. Source: OpenTelemetry protocol exporter, "Endpoint URLs for OTLP/HTTP".
    init(endpoint: String, share: Double, client: HTTPClient, logger: Logger) {
        var base = endpoint
        while base.hasSuffix("/") { base.removeLast() }
        let url = base.hasSuffix("/v1/traces") ? base : base + "/v1/traces"
        let exporter = SpanExporter(attributes: ["service.name": "swiftlet", "service.version": swiftletVersion], logger: logger) { body in
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
            return Int(try await client.execute(request, timeout: .seconds(10)).status.code)
        }
        tracer = OTLPTracer(exporter: exporter, share: share) { .random(in: .min ... .max) }
        exporting = Task { await exporter.run() }
    }

    /// Sends what is left.
    func stop() async {
        exporting.cancel()
        await exporting.value
    }
}
